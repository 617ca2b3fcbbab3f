"""Numbers and times as people read them."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from inittui.events.wire_numbers import to_wire
from inittui.text import in_percent, short

if TYPE_CHECKING:
    from inittui.results.comparison import Measure

_UNITS_OF_AGE = ((60, 1, "s"), (3600, 60, "m"), (2 * 86400, 3600, "h"), (100 * 86400, 86400, "d"))
"""Up to how many seconds of age which unit is told, its seconds, and its letter."""


def number(value: float) -> str:
    """Return a loss in at most 9 characters: 0.3646, 12.35, 4.04e+03, NaN."""
    if not math.isfinite(value):
        return str(to_wire(value))
    value += 0.0  # never -0
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.2e}"


def mean_loss(measure: Measure | None) -> str:
    """Return the mean of a loss over trials; "-" where none was measured."""
    return "-" if measure is None else number(measure.mean)


def share(value: float | None) -> str:
    """Return an accuracy in a list: 86.3%; "-" where none is known."""
    return "-" if value is None else f"{in_percent(min(max(value, 0.0), 1.0), 1)}%"


def how_long_ago(when: float, now: float) -> str:
    """Return "3m ago" in at most 9 characters; "?" for a moment that isn't known."""
    if when <= 0:
        return "?"
    seconds = max(now - when, 0)
    for limit, unit, letter in _UNITS_OF_AGE:
        if seconds < limit:
            return f"{seconds // unit:.0f}{letter} ago"
    return f"{seconds // (7 * 86400):.0f}w ago"


def about(seconds: float) -> str:
    """Return an estimated time as people say it: about 40 s, about 3 min, about 2.5 h."""
    if seconds < 1:
        return "less than a second"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5_400 else f"about {seconds / 3600:.1f} h"


def duration(seconds: float) -> str:
    """Return a time as a clock shows it: 7 s, 3:05, 1:02:03."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def time_left(taken: float, share: float, before: float = 0.0) -> float:
    """Return about how many seconds are left after those taken; 0 while that can't be told.

    ``share`` is done, ``before`` of it when the seconds began.
    """
    done = share - before
    return max(taken, 0.0) * (1 - share) / done if done >= 0.01 else 0.0


def times(logarithm: float) -> str:
    """Return a ratio whose natural logarithm is known: 1.083, 1.000003, 6.7e+29, 1e+5015."""
    if math.isfinite(logarithm) and abs(logarithm) > _LARGEST:
        return f"1e{logarithm / math.log(10):+.0f}"
    ratio = math.exp(logarithm)
    text = f"{ratio:.4g}"
    if text != "1" or abs(ratio - 1) < _ROUNDING:
        return text
    return f"{ratio:.{1 - math.floor(math.log10(abs(ratio - 1)))}f}"


def growth_of(chi: float) -> str:
    """Return χ₁, which is 1 at the edge of chaos: 0.98, 1.003, 5e8; "1.00" only within 0.0005."""
    if not 0.005 <= chi < 1_000:
        return short(chi)
    text = f"{chi:.2f}"
    return text if text != "1.00" else f"{chi:.3f}".removesuffix("0")


_ROUNDING = 1e-12

_LARGEST = 700.0
"""Logarithm up to which there is a float, either way."""


def mean_over(counts: Collection[int]) -> str:
    """Return of how many seeds means are, after a comma: of 3, or of 2 to 3; nothing for one."""
    fewest, most = min(counts, default=1), max(counts, default=1)
    if most == 1:
        return ""
    return f", mean of {most} seeds" if fewest == most else f", mean of {fewest} to {most} seeds"


def mean_and_range(seeds: int) -> str:
    """Return what a figure's title says of several seeds, after a comma; nothing of one."""
    return f", mean and range of {seeds} seeds" if seeds > 1 else ""
