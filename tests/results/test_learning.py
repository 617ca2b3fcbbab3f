"""Learning is judged by a binomial test and by the loss, never by a fixed factor."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inittui.results.learning import (
    FAR_ABOVE,
    SIGNIFICANCE,
    Verdict,
    fewest_images,
    judge,
    judge_numbers,
    p_value,
)
from inittui.results.state import RunState
from tests.support.runs import run_state


def verdict(accuracy: float, images: int, loss: float = 1.0, classes: int = 10) -> Verdict:
    return judge_numbers([accuracy], [loss], images, 1 / classes, classes).verdict


def test_eleven_standard_errors_above_chance_is_no_chance() -> None:
    """13.4 % of 10,000: (.134 - .1) / √(.1 · .9 / 10,000) = 11.3."""
    assert verdict(0.134, 10_000) == "learns"
    assert verdict(0.1, 10_000) == "at chance"
    assert verdict(0.106, 10_000) == "at chance"  # 2 standard errors
    assert verdict(0.05, 10_000) == "below chance"


@pytest.mark.parametrize(("accuracy", "images"), [(0.0, 1), (1.0, 1), (0.0, 8), (0.25, 16)])
def test_few_images_cannot_tell(accuracy: float, images: int) -> None:
    assert verdict(accuracy, images) == "too few images"


def test_few_images_suffice_where_nearly_all_are_right() -> None:
    assert verdict(1.0, 8) == "learns"


def test_a_loss_far_above_guessing_is_no_learning() -> None:
    assert verdict(0.25, 10_000, loss=6.9e11) == "loss explodes"
    assert verdict(0.25, 10_000, loss=math.nan) == "loss explodes"
    assert verdict(0.9, 10_000, loss=FAR_ABOVE * math.log(10) * 0.99) == "learns"
    found = judge_numbers([0.45], [5.0], 10_000, 0.1, 10)
    assert found.learns
    assert found.is_overconfident


def test_seeds_are_pooled_and_one_wild_loss_among_them_counts_as_one() -> None:
    found = judge_numbers([0.11, 0.105, 0.112], [2.3, 2.3, 1e12], 1_000, 0.1, 10)
    assert found.images == 3_000
    assert found.accuracy == pytest.approx(0.109)
    assert found.verdict == "at chance"
    assert judge_numbers([0.8] * 3, [0.5, 0.6, 1e12], 1_000, 0.1, 10).learns


def test_the_most_frequent_class_is_guessing() -> None:
    """19 % of SVHN's digits are ones: always saying "1" is no learning."""
    assert judge_numbers([0.192], [2.2], 10_000, 0.1892, 10).verdict == "at chance"


@given(st.integers(1, 400), st.floats(0.01, 0.6), st.data())
def test_the_p_value_is_twice_the_smaller_tail(
    total: int, chance: float, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, total))
    tails = stats.binom.cdf(right, total, chance), stats.binom.sf(right - 1, total, chance)
    assert p_value(right, total, chance) == pytest.approx(min(1, 2 * min(tails)), abs=1e-9)


@pytest.mark.parametrize("chance", [0.5, 0.25, 0.1, 0.01, 0.75])
def test_the_fewest_images_tell_twice_chance_and_one_fewer_does_not(chance: float) -> None:
    fewest = fewest_images(chance)
    aim = min(2 * chance, 1.0)
    assert p_value(math.floor(aim * fewest), fewest, chance) <= SIGNIFICANCE
    assert p_value(math.floor(aim * (fewest - 1)), fewest - 1, chance) > SIGNIFICANCE


def test_a_recorded_run() -> None:
    state = run_state("classic")
    found = {scheme: judge(state, state.of_scheme(scheme)) for scheme in state.schemes}
    assert {scheme for scheme, each in found.items() if each and each.learns} >= {"rule", "normal"}
    assert found["zeros"] is not None
    assert found["zeros"].verdict == "at chance"


def test_what_was_not_validated_is_not_judged() -> None:
    assert judge(RunState(), []) is None
