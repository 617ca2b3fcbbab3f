"""Several devices of one machine that share a run's stacks: how a person names them."""

from __future__ import annotations

import re
from typing import NamedTuple

from inittui.errors import UsageError
from inittui.text import sanitize

MOST_SEATS = 64
"""Processes on one machine: each holds the data and a copy of PyTorch."""

ALL = "all"
LOCAL, RAY = "local", "ray"
"""Where the processes are: on this machine, or on the nodes of a Ray cluster."""

_CPU = re.compile(r"cpu:(\d{1,20})")
_CUDA = re.compile(r"cuda:(\d{1,3})")


class Devices(NamedTuple):
    """What `--devices` names: processes on the CPU, or GPUs by number; neither means all GPUs."""

    processes: int = 0
    gpus: tuple[int, ...] = ()


def parse_devices(text: str) -> Devices:
    """Read ``cuda:0,cuda:1``, ``all`` (every GPU there is) or ``cpu:4`` (so many processes).

    Raises:
        UsageError: it is none of these.
    """
    if text.strip() == ALL:
        return Devices()
    if found := _CPU.fullmatch(text.strip()):
        count = int(found[1])
        if not 1 <= count <= MOST_SEATS:
            raise UsageError(f"--devices cpu:N takes 1 to {MOST_SEATS} processes, not {count}")
        return Devices(processes=count)
    numbers: list[int] = []
    for word in text.split(","):
        each = _CUDA.fullmatch(word.strip())
        if each is None:
            raise UsageError(
                f"--devices can't be '{sanitize(text, 60)}'; give GPUs as cuda:0,cuda:1, or all of "
                "them as all, or cpu:N for N processes"
            )
        if int(each[1]) in numbers:
            raise UsageError(f"--devices names cuda:{int(each[1])} twice")
        numbers.append(int(each[1]))
    return Devices(gpus=tuple(numbers))


def check_place(text: str, devices: str | None) -> None:
    """Raise `UsageError` for what `--on` can't be, alone or beside `--devices`."""
    name, _, address = text.partition(":")
    if name not in (LOCAL, RAY) or (name == LOCAL and text != LOCAL) or text == f"{RAY}:":
        raise UsageError(
            f"--on can't be '{sanitize(text, 60)}'; choose {LOCAL}, {RAY} or {RAY}:HOST:PORT"
        )
    if address.startswith("//"):
        raise UsageError(f"{RAY}:// is Ray's client: run inittui on a node of the cluster instead")
    if name == RAY and devices is not None and not parse_devices(devices).processes:
        raise UsageError(f"--on {RAY} takes every GPU of the cluster, or --devices cpu:N")
