"""What a lesson says of drawn values: true of real draws, and denied of others."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import pytest

from inittui.events.records import ValuesDrawn
from inittui.initializers import parse_scheme
from inittui.initializers.distributions import (
    Constant,
    Distribution,
    Normal,
    TruncatedNormal,
    Uniform,
    bounds,
    kurtosis,
    share_between,
)
from inittui.initializers.layer import LayerContext
from inittui.initializers.sampling import draw_values
from inittui.lessons.drawn_values import Drawn, answer_draws, answer_moments, std_error
from inittui.lessons.questions import Answer, Draws
from inittui.results.state import RunState, fold

Of = Literal["bins", "bounds", "spread", "within", "farthest"]
UNIFORM, NORMAL = "uniform:low=-3,high=3", "normal:std=1"


def drawn(scheme: str, seed: int = 0, count: int = 1000) -> ValuesDrawn:
    return draw_values(parse_scheme(scheme), LayerContext((count, 1)), seed)


def said(of: Of, values: ValuesDrawn) -> Answer:
    return answer_draws(Draws(of=of), fold([values]))


def test_the_normal_shares_are_counted_and_beside_what_is_expected() -> None:
    values = drawn(NORMAL)
    answer = said("within", values)
    assert "expected 68.3 ± 4.4" in answer.text
    assert "expected 95.4 ± 2.0" in answer.text
    assert f"{100 * values.within[0]:.1f} % within 1 σ" in answer.text
    assert values.within == tuple(sorted(values.within))
    assert answer.holds is True
    # A uniform distribution of the same standard deviation has 57.7 % within one of it.
    answer = said("within", msgspec.structs.replace(values, within=(0.577, 1.0, 1.0)))
    assert answer.holds is False
    assert answer.text.endswith("not as expected.")


def test_values_outside_of_the_bounds_are_counted() -> None:
    values = drawn(UNIFORM)
    assert said("bounds", values).text.startswith("0 of 1,000 values are outside of -3 to 3")
    answer = said("bounds", msgspec.structs.replace(values, outside=4))
    assert answer.text.startswith("4 of 1,000") and answer.holds is False


def test_the_standard_deviation_is_the_width_by_root_twelve() -> None:
    values = drawn(UNIFORM)
    answer = said("spread", values)
    assert "the width 6 by √12 is 1.732" in answer.text and answer.holds is True
    reach = 3 * std_error(Uniform(-3, 3), 1000)
    for off, holds in ((0.9 * reach, True), (1.1 * reach, False)):
        moved = msgspec.structs.replace(values, std=math.sqrt(3) + off)
        assert said("spread", moved).holds is holds


def test_uneven_bins_are_told() -> None:
    values = drawn(UNIFORM)
    assert said("bins", values).holds is True
    counts = list(values.counts)
    counts[:20] = [n + 8 for n in counts[:20]]
    counts[-20:] = [n - 8 for n in counts[-20:]]
    answer = said("bins", msgspec.structs.replace(values, counts=tuple(counts)))
    assert answer.holds is False and "more uneven" in answer.text


def test_the_farthest_value() -> None:
    values = drawn(NORMAL)
    answer = said("farthest", values)
    largest = max(-values.min, values.max)
    assert answer.measured["largest"] == (largest,)
    assert "nothing bounds them" in answer.text and answer.holds is True
    # Of 1,000 normal values one of seven standard deviations comes once in 4e8 draws, and none
    # beyond two and a half once in 3e5.
    for far in (7.0, 2.5):
        moved = msgspec.structs.replace(values, min=-far, max=far)
        assert said("farthest", moved).holds is False


@pytest.mark.parametrize("scheme", [UNIFORM, NORMAL])
def test_verdicts_are_rarely_wrong_of_true_draws(scheme: str) -> None:
    kinds: tuple[Of, ...] = ("bins", "bounds", "spread", "within", "farthest")
    if scheme == UNIFORM:
        kinds = ("bins", "bounds", "spread")
    wrong = sum(said(of, drawn(scheme, seed)).holds is False for seed in range(60) for of in kinds)
    # At 0.3 % (and 0.6 % for two shares) 60 draws of 5 verdicts have 1; 5 come once in 300 times.
    assert wrong <= 5


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [(Normal(1, 2), 3.0), (Uniform(-1, 5), 1.8), (Constant(2.0), 1.0),
     (TruncatedNormal(0, 1, -50, 50), 3.0)],
)  # fmt: skip
def test_kurtosis(distribution: Distribution, expected: float) -> None:
    assert kurtosis(distribution) == pytest.approx(expected, rel=0.02)


def test_shares_and_bounds() -> None:
    assert share_between(Normal(1, 2), -1, 3) == pytest.approx(0.6826895)
    assert share_between(Uniform(0, 4), -1, 1) == pytest.approx(0.25)
    assert share_between(TruncatedNormal(0, 1, -2, 2), -9, 9) == pytest.approx(1.0, rel=1e-5)
    assert bounds(Normal(0, 1)) == (-math.inf, math.inf)
    assert bounds(Uniform(-1, 2)) == (-1, 2)
    assert bounds(Constant(3.0)) == (3.0, 3.0)


def test_nothing_drawn_and_nothing_known() -> None:
    assert answer_draws(Draws(of="bins"), RunState()).text == "Nothing was drawn."
    code = "inittui.lessons.own_initializer:my_init"
    assert "is not known" in said("bins", drawn(code)).text
    old = msgspec.structs.replace(drawn(NORMAL), within=())
    assert "not on record" in said("within", old).text


def test_many_values_are_told_in_as_many_digits_as_they_tell() -> None:
    """Within a thousandth, where one decimal would read as met."""
    many = drawn(NORMAL)
    many = msgspec.structs.replace(many, counts=tuple(n * 100_000 for n in many.counts))
    off = msgspec.structs.replace(many, within=(0.6830, 0.9545, 0.9973))
    answer = said("within", off)
    assert answer.holds is False
    assert "68.30 % within 1 σ, expected 68.27 ± 0.01" in answer.text
    answer = said("spread", msgspec.structs.replace(many, mean=0.0, std=1.0004))
    assert answer.holds is False
    assert answer.text.startswith("Standard deviation 1.0004: 1, and so many values are within ±")
    moments = answer_moments(Drawn(10**8, 1.0004, 1.0, 1.0, 1.0))
    assert moments.holds is False
    assert "mean 1.0004 (expected 1, within ±0.0003" in moments.text


def test_a_probability_that_is_small_is_not_none() -> None:
    values = drawn(UNIFORM)
    counts = [2 * sum(values.counts), *[0] * (len(values.counts) - 1)]
    text = said("bins", msgspec.structs.replace(values, counts=tuple(counts))).text
    assert "p = 0.000" not in text
