"""Learning is judged by a binomial test and by the loss, never by a fixed factor."""

from __future__ import annotations

import math
import random

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
    loss_falls,
    p_value,
)
from inittui.results.state import RunState
from tests.support.runs import Made, made_run, run_state


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


@pytest.mark.parametrize("accuracies", [[0.2], [0.16, 0.24], [0.14, 0.24, 0.28]])
def test_a_loss_far_above_guessing_is_told_however_many_seeds_there_are(
    accuracies: list[float],
) -> None:
    """Three seeds too far apart for a t-test aren't said to stay at the loss of guessing."""
    losses = [900.0] * len(accuracies)
    found = judge_numbers(accuracies, losses, 1_000, 0.1, 10, falls=lambda: False)
    assert (found.verdict, found.improves) == ("loss explodes", False)


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


def untrained(seeds: int, number: int) -> RunState:
    """Return a run whose networks never move: of each the images of a class go together.

    Over networks accuracies lie as far apart as they were measured to, 3.7 %, over images by 0.3.
    """
    drawn = random.Random(number)
    return made_run([
        Made("s", max(drawn.gauss(0.1, 0.037), 0.0), seed, val_loss=drawn.gauss(2.303, 0.005),
             losses=[drawn.gauss(2.31, 0.02) for _ in range(40)])
        for seed in range(seeds)
    ], steps_per_epoch=40, validated=10_000)  # fmt: skip


@pytest.mark.parametrize("seeds", [1, 2, 3, 8])
def test_untrained_networks_are_neither_said_to_learn_nor_worse_than_guessing(seeds: int) -> None:
    """The binomial test alone would say so of nearly all."""
    found = [judge(state := untrained(seeds, number), state.trials) for number in range(300)]
    said = [each.verdict for each in found if each is not None]
    assert len(said) == 300
    wrong = sum(each not in ("at chance", "as untrained") for each in said)
    assert wrong <= 9  # of 1 % by the seeds and 1 % by the loss, one side each: 3, and their 4 sd
    assert ("as untrained" in said) is (seeds < 3)


def test_the_accuracy_of_one_network_may_be_no_network_s_luck() -> None:
    """15.6 % may be, 45 % and more can't, whatever the loss does."""
    assert verdict(0.156, 10_000, loss=2.307) == "as untrained"
    assert verdict(0.03, 10_000, loss=2.307) == "as untrained"
    assert verdict(0.45, 10_000, loss=2.307) == "learns"


def test_a_loss_that_fell_bears_out_what_the_images_say() -> None:
    """The course of the loss counts for more than its end; without it the end has to do."""
    for fell, expected in ((True, "learns"), (False, "as untrained"), (None, "learns")):
        found = judge_numbers([0.156], [2.29], 10_000, 0.1, 10, falls=lambda fell=fell: fell)
        assert (found.verdict, found.loss_falls) == (expected, fell)


def test_seeds_of_which_one_stands_still_learn() -> None:
    """Too far apart for a t-test of three, but no untrained networks are so good."""
    assert judge_numbers([0.1, 0.7, 0.7], [2.3, 1.0, 1.0], 1_000, 0.1, 10).learns


@pytest.mark.parametrize(
    ("accuracies", "losses", "classes", "guessing"),
    [
        ([0.575, 0.083, 0.096, 0.096], [1.22, 2.302, 2.302, 2.302], 10, 3),
        ([0.575, 0.096, 0.096, 0.68], [2.4, 2.302, 2.302, 2.4], 10, 2),
        ([0.9, 0.5, 0.49], [0.3, 0.693, 0.693], 2, 2),
        ([0.06, 0.01, 0.012], [4.2, 4.605, 4.605], 100, 2),
        ([0.8, 0.81, 0.79], [0.5, 0.5, 0.5], 10, 0),
    ],
)
def test_a_seed_that_learns_is_no_guessing_because_others_guess(
    accuracies: list[float], losses: list[float], classes: int, guessing: int
) -> None:
    found = judge_numbers(accuracies, losses, 1_000, 1 / classes, classes, falls=lambda: False)
    assert (found.verdict, found.seeds, found.seeds_at_chance) == (
        "learns", len(accuracies), guessing,
    )  # fmt: skip


EXPLODED = (78.6, 44.0, 31.6, 24.5)
"""Training losses after 4, 8, 12 and 16 steps: validated at 25, with 53 % right."""


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ([each for each in EXPLODED for _ in range(4)], True),
        ([each * factor for each in EXPLODED for factor in (1.2, 0.9, 1.0, 1.1)], True),
        ([1e12 * factor for factor in (1.2, 0.9, 3.0, 0.4)] * 4, False),
        ([each for each in reversed(EXPLODED) for _ in range(4)], False),
        ([2.0, 1.0], None),
        ([math.nan] * 16, None),
    ],
)
def test_whether_a_loss_falls(losses: list[float], falls: bool | None) -> None:
    assert loss_falls(losses) is falls


def test_a_loss_that_stands_still_falls_in_one_run_of_a_hundred() -> None:
    drawn = random.Random(0)
    fell = sum(
        bool(loss_falls([math.exp(drawn.gauss(1, 0.3)) for _ in range(32)])) for _ in range(4_000)
    )
    assert fell / 4_000 <= 0.005 + 4 * math.sqrt(0.005 / 4_000)


@pytest.mark.parametrize(("losses", "improves"), [([50.0, 25.0], True), ([25.0, 25.0], False)])
def test_what_explodes_but_falls_improves(losses: list[float], improves: bool) -> None:
    ends = [each * factor for each in losses for factor in (1.0, 1.1, 0.9, 1.0)]
    state = made_run([Made("s", 0.54, losses=ends, val_loss=25.0)], steps_per_epoch=8)
    found = judge(state, state.trials)
    assert found is not None
    assert (found.verdict, found.improves) == ("loss explodes", improves)


@pytest.mark.parametrize("chance", [1.0, 1 - 1e-9, 1e-4, 1e-5, 1e-12])
def test_the_fewest_images_are_known_at_once_however_rare_or_sure_guessing_is(
    chance: float,
) -> None:
    fewest = fewest_images(chance)
    if 1e-6 < chance < 1 - 1e-8:
        assert p_value(math.floor(2 * chance * fewest), fewest, chance) <= SIGNIFICANCE
    elif chance == 1.0:
        assert fewest == 1


def test_where_all_are_of_one_class_guessing_is_always_right() -> None:
    state = made_run([Made("s", 1.0)], chance=1.0)
    judged = judge(state, state.trials)
    assert judged is not None
    assert judged.verdict == "at chance"
