"""Who writes to a tensor, read from the frames that are running."""

from __future__ import annotations

import math
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from inittui.events.facts import Draw, WriterFacts
from inittui.text import sanitize

_TORCH = str(Path(torch.__file__).parent) + "/"
_OURS = str(Path(__file__).parent.parent) + "/"
_INIT = f"{_TORCH}nn/init.py"
_MODULES = f"{_TORCH}nn/modules/"


@dataclass(frozen=True, slots=True)
class _Stack:
    init: FrameType | None
    place: FrameType | None
    is_constructed: bool


def writer_of(
    frame: FrameType | None,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    draw: Draw,
    *,
    is_loading: bool,
) -> WriterFacts:
    """Return who called the operator ``name``, seen from a frame on outwards."""
    seen = _stack(frame)
    operation, numbers = name, _numbers_of(name, args, kwargs)
    words: dict[str, str] = {}
    if seen.init is not None:
        operation, numbers, words = _init_call(seen.init)
    told = [f"{key}={value}" for key, value in words.items()]
    told += [f"{k}={v:.6g}" for k, v in numbers.items() if not k.startswith("fan_")]
    place = seen.place
    return WriterFacts(
        operation=operation,
        arguments=sanitize(", ".join(told), 200),
        where="" if place is None else f"{place.f_code.co_filename}:{place.f_lineno}",
        by="" if place is None else sanitize(place.f_code.co_name, 80),
        is_own=place is not None and is_own(place.f_code.co_filename),
        is_direct=not seen.is_constructed,
        draw=draw,
        is_loading=is_loading,
        numbers=numbers,
        words=words,
    )


@lru_cache(maxsize=4_096)
def is_own(file: str) -> bool:
    """Whether a file is somebody's own, not an installed package's nor ours."""
    if file.startswith(("<", _OURS)):
        return False
    parts = Path(file).parts
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return not any(file.startswith(f"{each}/") for each in standard)


def _stack(frame: FrameType | None) -> _Stack:
    """Return the function of torch.nn.init that runs, and the first frame outside of torch."""
    init, is_constructed = None, False
    while frame is not None:
        file = frame.f_code.co_filename
        if file == _INIT:
            if not frame.f_code.co_name.startswith("_"):
                init = frame
        elif file.startswith(_MODULES):
            is_constructed = is_constructed or frame.f_code.co_name != "load_state_dict"
        elif not file.startswith((_TORCH, _OURS, "<")):
            return _Stack(init, frame, is_constructed)
        frame = frame.f_back
    return _Stack(init, None, is_constructed)


def _init_call(frame: FrameType) -> tuple[str, dict[str, float], dict[str, str]]:
    code = frame.f_code
    given = {name: frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount]}
    numbers = {
        name: float(value)
        for name, value in given.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    words = {name: value for name, value in given.items() if isinstance(value, str)}
    tensor = given.get("tensor")
    if isinstance(tensor, torch.Tensor) and tensor.ndim >= 2:
        positions = math.prod(tensor.shape[2:])
        numbers["fan_in"] = float(tensor.shape[1] * positions)
        numbers["fan_out"] = float(tensor.shape[0] * positions)
    return code.co_name, numbers, words


def _numbers_of(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, float]:
    wanted = {
        "normal_": (("mean", 0.0), ("std", 1.0)),
        "uniform_": (("a", 0.0), ("b", 1.0)),
        "fill_": (("val", math.nan),),
    }.get(name, ())
    names = {"a": "from", "b": "to", "val": "value"}
    found = {}
    for place, (key, default) in enumerate(wanted, 1):
        value = args[place] if len(args) > place else kwargs.get(names.get(key, key), default)
        if isinstance(value, int | float) and math.isfinite(value):
            found[key] = float(value)
    return found
