"""Slopes of a coordinate check, against laws written out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from inittui.events.widths import WidthPoint
from inittui.events.wire_numbers import to_wire
from inittui.results.widths import STAYS, Slope, growing, slope_of, slopes, undecided

WIDTHS = (64, 128, 256, 512, 1024, 2048)


def points(
    law: Callable[[int], float], step: int = 1, seeds: int = 2, noise: float = 0.0,
    widths: tuple[int, ...] = WIDTHS,
) -> list[WidthPoint]:  # fmt: skip
    drawn = np.random.default_rng(0)
    return [
        WidthPoint("s", "fc1", width, seed, step, to_wire(value), to_wire(value if step else 0.0))
        for width in widths
        for seed in range(seeds)
        for value in [law(width) * math.exp(noise * drawn.standard_normal())]
    ]


@pytest.mark.parametrize(
    ("exponent", "verdict"),
    [(1.0, "grows"), (0.5, "grows"), (0.0, "stays"), (0.1, "stays"), (-0.5, "shrinks")],
)
def test_a_power_law_has_its_exponent(exponent: float, verdict: str) -> None:
    found = slope_of(points(lambda width: 0.3 * width**exponent), "change")
    assert found.slope == pytest.approx(exponent, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((exponent, exponent), abs=1e-6)
    assert found.verdict == verdict


def test_changes_are_judged_over_the_upper_half_and_sizes_over_all() -> None:
    """Narrow networks move by less than the law."""

    def bends(width: int) -> float:
        return max(width, 512) / 512

    change = slope_of(points(bends), "change")
    assert (change.widths, change.slope) == ((512, 1024, 2048), pytest.approx(1))
    size = slope_of(points(bends, step=0), "size")
    assert size.widths == WIDTHS
    assert 0.2 < size.slope < 0.5
    assert len(size.means) == len(change.means) == 6


def test_the_interval_is_student_s() -> None:
    from scipy.stats import linregress, t

    given = points(lambda width: width**0.5, seeds=3, noise=0.2)
    found = slope_of(given, "change")
    used = [point for point in given if point.width >= 512]
    plain = linregress(
        [math.log2(point.width) for point in used], [math.log2(point.change) for point in used]
    )
    margin = t.ppf(0.975, len(used) - 2) * plain.stderr
    assert found.slope == pytest.approx(plain.slope)
    assert (found.low, found.high) == pytest.approx((plain.slope - margin, plain.slope + margin))


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        given = [
            WidthPoint("s", "fc1", width, 0, 1, 1.0, width**0.3 * math.exp(0.3 * drawn.normal()))
            for width in WIDTHS
        ]
        found = slope_of(given, "change")
        held += found.low <= 0.3 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_too_much_noise_is_called_unclear() -> None:
    found = slope_of(points(lambda width: width**0.3, seeds=1, noise=1.0), "change")
    assert found.low < 0 < found.high
    assert found.verdict == "unclear"


def test_what_is_not_finite_is_said_so() -> None:
    given = points(lambda width: math.inf if width == 2048 else 1.0)
    found = slope_of(given, "change")
    assert (found.verdict, math.isnan(found.slope)) == ("not finite", True)
    assert growing([found]) == [found]


def test_nothing_that_moves_has_no_exponent() -> None:
    found = slope_of(points(lambda width: 0.0), "change")
    assert (found.verdict, math.isnan(found.slope)) == ("still", True)
    assert growing([found]) == undecided([found]) == []
    at_one_width = slope_of(points(lambda width: float(width > 64)), "change")
    assert at_one_width.verdict != "still"


@pytest.mark.parametrize("exponent", [1.0, 0.0, -0.35])
def test_two_widths_have_a_slope_without_interval_and_no_verdict(exponent: float) -> None:
    found = slope_of(points(lambda width: width**exponent, seeds=1, widths=(64, 128)), "change")
    assert found.slope == pytest.approx(exponent)
    assert math.isnan(found.low)
    assert found.verdict == "unclear"


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_what_is_said_to_stay_could_not_be_a_half(noise: float) -> None:
    """A slope near 0 with an interval of ±7 stays nowhere: it may be anything."""
    drawn = np.random.default_rng(2)
    verdicts = set()
    for _ in range(300):
        given = [
            WidthPoint("s", "fc1", width, seed, 1, 1.0, math.exp(noise * drawn.normal()))
            for width in WIDTHS
            for seed in range(2)
        ]
        found = slope_of(given, "change")
        verdicts.add(found.verdict)
        if found.verdict == "stays":
            assert abs(found.slope) <= STAYS
            assert -0.5 < found.low <= found.high < 0.5
    assert "unclear" in verdicts


def test_a_change_that_grows_once_is_not_undecided_beside() -> None:
    """Of a layer that moves after the first step the others needn't be told as unclear."""
    grows = slope_of(points(lambda width: width), "change")
    unclear = slope_of(points(lambda width: width**0.3, step=2, seeds=1, noise=1.0), "change")
    assert undecided([unclear]) == [unclear]
    assert undecided([grows, unclear]) == []


def test_the_start_is_judged_by_its_size_and_is_no_growing_change() -> None:
    start, after = slopes(points(lambda width: width, step=0) + points(lambda width: 1.0))
    assert (start.quantity, start.verdict) == ("size", "grows")
    assert (after.quantity, after.verdict) == ("change", "stays")
    assert growing([start, after]) == []
    assert isinstance(start, Slope)
