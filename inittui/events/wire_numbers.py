"""Numbers that survive JSON: NaN and the infinities travel as strings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""A float as it stands in a log or a JSON document."""


def to_wire(value: float) -> Number:
    """Encode one float; JSON has no NaN or infinity, so these become their names."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def from_wire(value: Number) -> float:
    return float(value)


def all_to_wire(values: Iterable[float]) -> tuple[Number, ...]:
    return tuple(to_wire(value) for value in values)
