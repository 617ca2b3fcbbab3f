"""How full and how busy a GPU is while it trains, told between other events."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch

from inittui.events.records import DeviceUsed, Event

_EVERY_SECONDS = 2.0


def with_device_use(events: Iterator[Event], device: torch.device) -> Iterator[Event]:
    """Yield the events of a stack and, every two seconds, what its GPU is used for.

    Nothing is told of a CPU, which has no memory of its own.
    """
    told = -_EVERY_SECONDS
    for event in events:
        yield event
        if device.type == "cuda" and time.monotonic() - told >= _EVERY_SECONDS:
            told = time.monotonic()
            yield _use(device)


def _use(device: torch.device) -> DeviceUsed:
    free, total = torch.cuda.mem_get_info(device)
    return DeviceUsed(at=time.time(), memory=total - free, total=total, busy=_busy(device))


def _busy(device: torch.device) -> float | None:
    """Return the share of the last moment, a second at most, in which a kernel ran.

    PyTorch asks NVIDIA's library by nvidia-ml-py and finds the device in it, whichever are visible.
    """
    try:
        return torch.cuda.utilization(device) / 100
    except Exception:  # noqa: BLE001 (not installed, no permission, part of a divided GPU, …)
        return None
