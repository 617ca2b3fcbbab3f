"""Where an axis has its ticks, and what is written beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: its place on the axis (log10 of the value on a log axis) and its label."""

    at: float
    label: str


def linear_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[Tick]:
    """Return at most ``most`` ticks at round values from ``low`` to ``high``, which differ.

    ``whole``: only at whole numbers.
    """
    step = _round_step(max((high - low) / max(most, 1), 1.0 if whole else 0.0))
    while math.floor(high / step) - math.ceil(low / step) + 1 > max(most, 1):
        step = _round_step(step * 1.5)
    values = _multiples(step, low, high)
    for _ in range(3):  # an axis that lies between two multiples has some of the next finer step
        if values or (whole and step <= 1):
            break
        step = _round_step(step / 2.5)
        values = _multiples(step, low, high)[: max(most, 1)]
    return [Tick(v, label) for v, label in zip(values, _labels(values, step), strict=True)]


def _multiples(step: float, low: float, high: float) -> list[float]:
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Return ticks for an axis that shows log10: decades, thinned out to at most ``most``.

    An axis that shows fewer than two decade marks gets 1, 2 and 5 of each, which lie about evenly,
    and where not even two of these are seen, round values.
    """
    decades = list(range(math.ceil(low), math.floor(high) + 1))
    if len(decades) >= 2:
        stride = math.ceil(len(decades) / max(most, 1))
        return [Tick(d, _decade_label(d)) for d in decades if d % stride == 0] or [
            Tick(decades[0], _decade_label(decades[0]))
        ]
    if max(abs(low), abs(high)) > 300:
        return [Tick(d, _decade_label(d)) for d in decades]
    first, last = math.floor(low), math.ceil(high)
    even = [k * 10.0**d for d in range(first, last + 1) for k in (1, 2, 5)]
    seen = [value for value in even if low <= math.log10(value) <= high]
    if 2 <= len(seen) <= most:
        return [Tick(math.log10(value), _plain_label(value)) for value in seen]
    within = linear_ticks(10.0**low, 10.0**high, most) if 10.0**high > 10.0**low else []
    return [Tick(math.log10(tick.at), tick.label) for tick in within if tick.at > 0]


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 × 10^k that is at least ``least``."""
    if not least > 1e-300:
        return 1e-300
    power = 10.0 ** math.floor(math.log10(least))
    return next(f * power for f in (1.0, 2.0, 5.0, 10.0, 20.0) if f * power >= least * (1 - 1e-9))


def _labels(values: Sequence[float], step: float) -> list[str]:
    largest = max(map(abs, values), default=0.0)
    if largest >= 1e6 or (0 < largest < 1e-3):
        digits = max(0, math.floor(math.log10(largest)) - math.floor(math.log10(step) + 1e-9))
        return [_scientific(value, min(digits, 6)) for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{value + 0.0:.{min(decimals, 9)}f}" for value in values]


def _scientific(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _plain_label(value: float) -> str:
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 <= exponent <= 4:
        return f"{value:.{max(0, -exponent)}f}"
    return f"{round(value / 10.0**exponent)}e{exponent}"


def _decade_label(exponent: int) -> str:
    return f"{10.0**exponent:.{max(0, -exponent)}f}" if -3 <= exponent <= 4 else f"1e{exponent}"
