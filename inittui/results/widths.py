"""What a coordinate check says: how sizes and changes go with the width, and what follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inittui.events.widths import WidthPoint
from inittui.events.wire_numbers import from_wire
from inittui.results.comparison import measure

Quantity = Literal["size", "change"]

Verdict = Literal["stays", "grows", "shrinks", "unclear", "still", "not finite"]

STAYS = 0.15
"""An exponent of the width up to this, either way, is called none: twice the width is 11 % more.

Over six widths and two seeds that of μP came to 0.02 at most, that of the standard parametrization
to 0.8 and more.
"""

SURELY_STAYS = 0.4
"""A slope stays only if its interval, too, lies between minus this and this.

In the limit of great widths exponents are multiples of ½ (Yang and Hu 2021), so an interval that
reaches ½ leaves open whether a change stays: 0.4 leaves it out with some room, over an 8-fold
width it is a factor of 2.3. Those of μP reach to 0.31 at most over six widths and three seeds.
"""

FEWEST_POINTS = 3
"""From which on a slope has an interval."""


@dataclass(frozen=True, slots=True)
class Slope:
    """The exponent b of width^b, by least squares of log₂ against log₂ over widths and seeds."""

    scheme: str
    layer: str
    step: int
    quantity: Quantity
    means: Mapping[int, float]
    """Over the seeds, by the width; of all widths."""
    widths: tuple[int, ...]
    """Those that the slope is over."""
    slope: float
    low: float
    high: float
    """Of its 95 % interval; NaN where there are too few points."""
    verdict: Verdict


def slopes(points: Sequence[WidthPoint]) -> list[Slope]:
    """Return the slope of each layer's size at the start, and of its change after each step.

    A change is judged over the upper half of the widths: narrow networks move by less than the
    law, as sums over few units are not yet what they are in the limit.
    """
    groups: dict[tuple[str, str, int], list[WidthPoint]] = {}
    for point in points:
        groups.setdefault((point.scheme, point.layer, point.step), []).append(point)
    return [slope_of(group, "change" if step else "size") for (_, _, step), group in groups.items()]


def slope_of(points: Sequence[WidthPoint], quantity: Quantity) -> Slope:
    """Return the slope of one layer's points of one step."""
    first = points[0]
    known = [(point.width, from_wire(getattr(point, quantity))) for point in points]
    widths = sorted({width for width, _ in known})
    means = {
        width: found.mean if (found := measure(v for w, v in known if w == width)) else math.nan
        for width in widths
    }
    used = widths if quantity == "size" else widths[len(widths) // 2 :]
    if len(used) < 2:
        used = widths
    pairs = [(width, value) for width, value in known if width in used]
    sound = all(math.isfinite(value) for _, value in pairs)
    slope, margin = math.nan, math.nan
    if sound and all(value > 0 for _, value in pairs) and len(used) > 1:
        slope, margin = _regression([(math.log2(w), math.log2(v)) for w, v in pairs])
    low, high = slope - margin, slope + margin
    verdict = verdict_of(slope, low, high) if sound else "not finite"
    if all(value == 0 for _, value in known):
        verdict = "still"
    return Slope(
        first.scheme, first.layer, first.step, quantity, means, tuple(used), slope, low, high,
        verdict,
    )  # fmt: skip


def verdict_of(slope: float, low: float, high: float) -> Verdict:
    """Return what an interval supports; without one, as of two points, nothing."""
    if abs(slope) <= STAYS:
        return "stays" if low >= -SURELY_STAYS and high <= SURELY_STAYS else "unclear"
    if low > 0 or high < 0:
        return "grows" if slope > 0 else "shrinks"
    return "unclear"


def _regression(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of least squares and half of its 95 % interval (Student's t)."""
    from scipy.special import stdtrit

    n = len(pairs)
    x_mean, y_mean = (math.fsum(values) / n for values in zip(*pairs, strict=True))
    squares = math.fsum((x - x_mean) ** 2 for x, _ in pairs)
    slope = math.fsum((x - x_mean) * (y - y_mean) for x, y in pairs) / squares
    if n < FEWEST_POINTS:
        return slope, math.nan
    rest = math.fsum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in pairs)
    return slope, float(stdtrit(n - 2, 0.975)) * math.sqrt(rest / (n - 2) / squares)


def growing(found: Sequence[Slope]) -> list[Slope]:
    """Return the changes that don't stay, or aren't finite, after whichever step."""
    return [
        each
        for each in found
        if each.quantity == "change" and each.verdict in ("grows", "shrinks", "not finite")
    ]


def undecided(found: Sequence[Slope]) -> list[Slope]:
    """Return the changes that can't be told to stay, of layers none of whose changes moves."""
    moving = {each.layer for each in growing(found)}
    return [
        each
        for each in found
        if each.quantity == "change" and each.verdict == "unclear" and each.layer not in moving
    ]


def by_scheme(found: Sequence[Slope]) -> list[list[Slope]]:
    """Return the slopes of each scheme."""
    groups: dict[str, list[Slope]] = {}
    for each in found:
        groups.setdefault(each.scheme, []).append(each)
    return list(groups.values())
