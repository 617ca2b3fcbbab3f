"""How much of what nonlinearities get lies where they are flat, by the operator."""

from __future__ import annotations

import math
from typing import Any

import torch

from inittui.inspection.pass_records import Met
from inittui.inspection.statistics import some_of

_RELUS = frozenset({"relu", "threshold"})
_ENDS = {"tanh": (-0.97, 0.97), "sigmoid": (0.015, 0.985)}
_HARD_SIGMOID = (-3.0, 3.0)
FLATTENING = frozenset({
    *_RELUS, *_ENDS, "clamp_min", "hardtanh", "hardsigmoid", "clamp", "_softmax", "_safe_softmax",
})  # fmt: skip

_MOST_ROWS = 4_096
_LEAST_CHOICES, _SURE = 4, 0.99
"""Of a softmax that may be flat: choices, and the share that one of them gets."""
_MASKED = 1e4
"""How far below the largest a logit lies that a mask made: no choice."""


def met_by(
    name: str, args: tuple[Any, ...], near: frozenset[int], samples: int, *, is_linear: bool
) -> Met | None:
    """Return what the uses ``near`` meet in an operator of `FLATTENING`; None where it isn't told.

    ``is_linear`` tells whether one of them is a linear layer's.
    """
    values = args[0]
    if not near or not isinstance(values, torch.Tensor) or not values.is_floating_point():
        return None
    if name in _ENDS:
        with torch.no_grad():
            low, high = _ENDS[name]
            some = getattr(torch, name)(some_of(values, samples))
            share = float(((some <= low) | (some >= high)).double().mean())
        return Met(name, near, None, share)
    if name.endswith("softmax"):
        share = _sure(values, args[1]) if values.ndim > 1 else math.nan
        return None if math.isnan(share) else Met("softmax", near, None, share)
    between = _bounds(name, args)
    if between is not None:
        return Met(name, near, None, _outside(values, *between, samples))
    bounds = [x for x in args[1:3] if x is not None]
    if name in ("clamp_min", "clamp", "hardtanh", "threshold") and (
        not bounds or isinstance(bounds[0], torch.Tensor) or bounds[0] != 0
    ):
        return None
    return Met("relu", near, _dead(values, is_linear=is_linear), None)


def _bounds(name: str, args: tuple[Any, ...]) -> tuple[float, float] | None:
    """Return between which values a function with two flat ends has a slope; None for others.

    One that is flat below 0, as ReLU6, is a rectifier: half of what it gets lies there.
    """
    if name == "hardsigmoid":
        return _HARD_SIGMOID
    given = args[1:3] if len(args) > 2 else (-1.0, 1.0) if name == "hardtanh" else ()
    is_two = name in ("hardtanh", "clamp") and len(given) == 2
    if not is_two or not all(isinstance(x, int | float) for x in given):
        return None
    low, high = given
    return (low, high) if low < 0 < high else None


@torch.no_grad()
def _outside(values: torch.Tensor, low: float, high: float, samples: int) -> float:
    some = some_of(values, samples)
    return float(((some <= low) | (some >= high)).double().mean())


@torch.no_grad()
def _sure(values: torch.Tensor, place: int) -> float:
    """Return the share of rows that give one choice nearly all; NaN where they have few."""
    rows = values.detach().movedim(place, -1).flatten(0, -2)
    rows = rows[:: max(len(rows) // _MOST_ROWS, 1)].double()
    is_open = rows > rows.amax(-1, keepdim=True) - _MASKED
    rows = rows[is_open.sum(-1) >= _LEAST_CHOICES]
    return float((rows.softmax(-1).amax(-1) > _SURE).double().mean())


def _dead(values: torch.Tensor, *, is_linear: bool) -> float | None:
    if values.ndim < 2:
        return None
    place = values.ndim - 1 if is_linear and values.ndim != 4 else 1
    over = [dim for dim in range(values.ndim) if dim != place]
    return float((values.detach().amax(dim=over) <= 0).double().mean())
