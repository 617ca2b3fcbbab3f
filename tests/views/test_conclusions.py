"""Sentences, and names in them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

import pytest

from inittui.events.records import TrialStatus
from inittui.events.wire_numbers import Number
from inittui.experiment.records import Evaluated, Experiment, TrainingConfig
from inittui.results.state import RunState
from inittui.results.summary import summarize
from inittui.views.conclusions import sentence
from inittui.views.frame import Frame
from inittui.views.guessing import names
from tests.support.runs import Made, made_run


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "s1"),
        (2, "s1 and s2"),
        (5, "s1, s2, s3, s4 and s5"),
        (6, "s1, s2, s3, s4 and 2 more"),
        (40, "s1, s2, s3, s4 and 36 more"),
    ],
)
def test_a_few_names_are_said_and_the_others_counted(count: int, said: str) -> None:
    made = [Made(f"s{number}", 1 - number / 100) for number in range(1, count + 1)]
    assert names(summarize(made_run(made))) == said


def said(state: RunState) -> str:
    return sentence(state, summarize(state), Frame(80))


def one_seed(accuracy: float, *, on: Evaluated = "validation", **made: float) -> RunState:
    made_up = Made("s", [accuracy] * 2, losses=[2.31, 2.30] * 8, **made)
    return made_run([made_up], on=on, steps_per_epoch=8, validated=10_000)


def test_an_untrained_network_is_neither_said_to_learn_nor_worse_than_guessing() -> None:
    for accuracy in (0.156, 0.05):
        assert said(one_seed(accuracy, val_loss=2.307)) == (
            "s differs from guessing (about 10 %) by no more than untrained networks may."
        )


@pytest.mark.parametrize(("on", "name"), [("test", "test loss"), ("validation", "validation loss")])
def test_a_loss_is_called_what_it_is(on: Evaluated, name: str) -> None:
    assert f"The {name} of s, 4, is above" in said(one_seed(0.6, on=on, val_loss=4.0))
    assert f"but its {name}, 40, is still 17 times" in said(one_seed(0.6, on=on, val_loss=40.0))


def seeds_of(
    accuracies: Mapping[str, Sequence[float]],
    losses: Mapping[str, Sequence[float]] | None = None,
    ends: Mapping[str, float] | None = None,
) -> RunState:
    """Return a run of several seeds: accuracies, losses of the steps by seed, validation losses."""
    starts = losses or {}
    made = [
        Made(name, [accuracy] * 2, seed, losses=[starts.get(name, [1.0] * 9)[seed]] * 16,
             val_loss=(ends or {}).get(name, 1.0))
        for name, each in accuracies.items()
        for seed, accuracy in enumerate(each)
    ]  # fmt: skip
    return made_run(made, steps_per_epoch=8)


def test_the_median_of_several_seeds_is_named_beside_the_mean_of_the_table() -> None:
    text = said(seeds_of({"s": [0.5, 0.5, 0.51]}, ends={"s": 4.0}))
    assert "The median validation loss of s, 4, is above that of guessing" in text


def test_the_most_accurate_is_not_said_not_to_learn_where_its_loss_falls() -> None:
    falls = [78.6] * 4 + [44.0] * 4 + [31.6] * 4 + [24.5] * 4
    stands = [24.0, 26.0] * 8
    made = [
        Made(name, [accuracy + seed / 100] * 2, seed, losses=losses, val_loss=25.0)
        for name, accuracy, losses in (("best", 0.54, falls), ("still", 0.3, stands))
        for seed in range(3)
    ]
    text = said(made_run(made, steps_per_epoch=8))
    assert "best reaches 55.00 %." in text
    assert (
        "best is right in 55.00 %, but its median validation loss, 25, is still 11 times that of "
        "guessing (2.3)." in text
    )
    assert (
        "still is right in 31.00 %, but its median validation loss, 25, is still 11 times that of "
        "guessing (2.3), and its training loss doesn't fall: it doesn't learn." in text
    )


def test_a_group_is_compared_with_its_own_members_alone() -> None:
    """The best by accuracy is out of the sentence where its loss is huge and doesn't fall."""
    accuracies = {
        "out": [0.54, 0.55, 0.53, 0.54],
        "b": [0.38, 0.40, 0.36, 0.38],
        "c": [0.37, 0.35, 0.39, 0.36],
    }
    text = said(seeds_of(accuracies, ends={"out": 1e4}))
    assert "By accuracy b and c can't be told apart (at most 38.00 %, 4 seeds)." in text
    assert "out is right in 54.00 %" in text
    assert "behind" not in text


LOWEST = re.compile(r"steps (\S+) is lowest(?:, (.+?) can't be told from it)?")


def test_whose_loss_is_a_thousand_times_larger_is_never_among_the_lowest() -> None:
    """Under some seeds by 10³⁰: a t-test of the losses themselves would not tell it apart."""
    for number in range(50):
        drawn = random.Random(number)
        state = seeds_of(
            {name: [0.5 + drawn.gauss(0, 0.02) for _ in range(4)] for name in "abc"},
            {
                "a": [2.3 + drawn.gauss(0, 0.01) for _ in range(4)],
                "b": [2.3 + drawn.gauss(0, 0.01) for _ in range(4)],
                "c": [10 ** drawn.uniform(20, 30) for _ in range(4)],
            },
        )
        found = {one.scheme: one for one in summarize(state)}
        if len({one.rank for one in found.values()}) > 1:
            continue
        match = LOWEST.search(text := said(state))
        assert match is not None, text
        assert "c" not in match.groups()
        assert "c lies " in text


def test_who_can_t_be_told_from_the_lowest_follows_the_groups() -> None:
    losses = {
        "low": [2.0, 2.1, 2.05], "near": [2.05, 2.02, 2.12], "mid": [2.87, 2.95, 2.9],
        "huge": [1e4, 3e4, 2e4],
    }  # fmt: skip
    text = said(seeds_of({name: [0.5, 0.51, 0.49] for name in losses}, losses))
    assert "low is lowest, near can't be told from it, mid lies " in text
    assert "; huge lies 2e+04 above, at " in text


def test_nobody_is_lowest_where_the_lowest_has_too_few_seeds() -> None:
    """Differences are to the lowest, so nothing is known of the others."""
    losses = {"few": [0.5, 0.5], "a": [2.0, 2.1, 2.05], "b": [1e4, 3e4, 2e4]}
    accuracies = {name: [0.5, 0.51, 0.49][: len(each)] for name, each in losses.items()}
    assert "mean loss of the first" not in said(seeds_of(accuracies, losses))


def test_who_diverged_under_some_seeds_alone_is_not_said_to_diverge() -> None:
    made = [
        Made(name, 0.5, seed, status="diverged" if seed < times else "finished")
        for name, times in (("none", 0), ("one", 1), ("uno", 1), ("two", 2), ("all", 3))
        for seed in range(3)
    ]
    text = said(made_run(made))
    assert (
        "all diverged. one and uno diverged under 1 of 3 seeds. two diverged under 2 of 3 seeds."
        in text
    )


def test_one_image_more_under_each_of_few_seeds_is_no_certainty() -> None:
    """The deviation of three equal differences is 0 by chance."""
    made = [
        Made(name, (right + seed) / 20, seed)
        for name, right in (("a", 11), ("b", 10))
        for seed in range(5)
    ]
    text = said(made_run(made, validated=20))
    assert "By accuracy a and b can't be told apart" in text
    assert "behind" not in text


def test_who_is_right_in_a_quarter_is_not_said_to_stay_at_chance() -> None:
    """The images tell it from guessing, the seeds don't yet: 26.4 ± 4.6 %, with a high loss."""
    quarter = [
        Made("s", accuracy, seed, val_loss=8.0) for seed, accuracy in enumerate((0.21, 0.3, 0.28))
    ]
    chance = [Made("c", 0.1, seed, val_loss=2.3) for seed in range(3)]
    text = said(made_run([*quarter, *chance], validated=120))
    assert "c stays at chance (about 10 %). 3 seeds can't tell s from guessing" in text


def test_equal_accuracies_do_not_go_down() -> None:
    text = said(made_run([Made("a", 0.9), Made("b", 0.9)], validated=100))
    assert "a and b reach 90.00 %; one seed can't rank what lies close together" in text


def test_who_learns_under_one_seed_alone_is_not_said_to_stay_at_chance() -> None:
    ends = ((0.575, 1.22), (0.083, 2.302), (0.096, 2.302))
    made = [Made("s", accuracy, seed, val_loss=loss) for seed, (accuracy, loss) in enumerate(ends)]
    assert said(made_run(made)).endswith(
        "s reaches 25.13 %. Under 2 of 3 seeds s can't be told from guessing (about 10 %)."
    )


def test_seeds_that_diverge_at_different_steps_have_them_all_in_what_is_said() -> None:
    made = [
        Made("s", None, seed, losses=[1.0] * steps, status="diverged", reason=f"became {value}")
        for seed, (steps, value) in enumerate(((7, "NaN"), (3, "Infinity"), (5, "NaN")))
    ]
    assert said(made_run(made)) == "s diverged at steps 3 to 7 (became Infinity; became NaN)."
    assert said(made_run(made[:1])) == "s diverged at step 7 (became NaN)."


def test_a_single_reason_is_told_rather_than_counted() -> None:
    for count, end in ((3, "r0; r1; r2"), (4, "r0; r1; 2 more reasons")):
        made = [Made("s", None, n, status="failed", reason=f"r{n}") for n in range(count)]
        assert said(made_run(made)) == f"s failed ({end})."


def one_diverged(name: str, accuracy: float) -> list[Made]:
    """Return three trials of which one diverged."""
    status: list[TrialStatus] = ["finished", "finished", "diverged"]
    return [Made(name, accuracy, seed, status=each) for seed, each in enumerate(status)]


def three(name: str, accuracy: float) -> list[Made]:
    return [Made(name, accuracy + seed / 100, seed) for seed in range(3)]


def test_the_best_with_too_few_seeds_hides_nobody_s_rank() -> None:
    """Nor is more than the seeds that there are asked for."""
    text = said(made_run([*one_diverged("a", 0.9), *three("b", 0.8), *three("c", 0.7)]))
    assert "Of those with 3 seeds or more, b is best with 81.00 %." in text
    assert "Too few seeds to be ranked: a (90.00 %, 2 seeds)." in text
    assert "use --seeds" not in text


def test_who_is_not_ranked_is_said_beside_those_who_are() -> None:
    text = said(made_run([*three("b", 0.8), *one_diverged("a", 0.75), *three("c", 0.7)]))
    assert "b is best with 81.00 %. c is behind b by 10.00 points" in text
    assert "Too few seeds to be ranked: a (75.00 %, 2 seeds)." in text


def test_nobody_alone_is_best() -> None:
    text = said(made_run([*one_diverged("a", 0.7), *three("b", 0.8)]))
    assert "b reaches 81.00 %. Too few seeds to be ranked: a (70.00 %, 2 seeds)." in text
    text = said(made_run([*one_diverged("a", 0.7), *one_diverged("b", 0.8)]))
    assert "2 seeds can't rank what lies close together. " in text


def early(losses: Mapping[str, Sequence[float]], steps: int = 16) -> RunState:
    """Return a run whose contestants differ in first losses, but for "last", behind in accuracy."""
    made = [
        Made(name, (0.3 if name == "last" else 0.5) + (seed % 3) / 100, seed, losses=[loss] * steps)
        for name, each in losses.items()
        for seed, loss in enumerate(each)
    ]
    seeds = tuple(dict.fromkeys(each.seed for each in made))
    experiment = Experiment(seeds=seeds, training=TrainingConfig(epochs=1))
    return made_run(made, steps_per_epoch=steps, experiment=experiment)


def test_who_is_ahead_under_the_seeds_that_both_have_is_not_said_to_be_behind() -> None:
    high, low = (0.80, 0.80, 0.80, 0.95, 0.95, 0.95), (0.81, 0.81, 0.811)
    made = [Made("a", accuracy, seed) for seed, accuracy in enumerate(high)]
    made += [Made("b", accuracy, seed) for seed, accuracy in enumerate(low)]
    made += [Made("b", None, seed, status="diverged") for seed in (3, 4, 5)]
    state = made_run(made, validated=1_000)
    text = said(state)
    assert (
        "By accuracy a and b can't be told apart as groups (at most 87.50 %, 6 seeds), though b is "
        "ahead of a by 1.03 points (95 % interval 0.23 to 1.83) under the 3 seeds that both have."
        in text
    )
    assert "behind" not in text
    assert {one.rank for one in summarize(state)} == {1}


def test_a_first_loss_that_is_lower_under_the_seeds_of_both_is_not_said_to_lie_above() -> None:
    text = said(early({"a": (3.0, 3.01, 3.02, 1.0, 1.0, 1.0), "b": (2.9, 2.92, 2.91)}))
    assert "a is lowest, b lies below under the 3 seeds that both have, at 0.9668 times" in text


def test_first_losses_that_differ_between_equals_are_told_beside_a_lower_one_of_another() -> None:
    text = said(early({"a": (3, 3.01, 3.02), "b": (4, 4.02, 4.05), "last": (2, 2.01, 2.015)}))
    assert "doesn't tell" not in text
    assert "last is lowest, a lies 1 above, at 1.499 times its loss" in text
    assert "; b lies 2.02 above, at 2.003 times its loss" in text


def test_a_ratio_that_is_told_from_one_reads_so() -> None:
    text = said(early({"a": (2.302585, 2.3025851, 2.3025852), "b": (2.30261, 2.302611, 2.302612)}))
    assert "at 1.000011 times its loss (95 % interval 1.000010 to 1.000012)" in text


def test_one_step_is_not_the_mean_of_several() -> None:
    text = said(early({"a": (3, 3.01, 3.02), "b": (4, 4.02, 4.05)}, steps=1))
    assert "By the loss of the first step a is lowest" in text


def test_a_loss_above_that_of_guessing_reads_higher() -> None:
    text = said(made_run([Made("s", 0.8, val_loss=2.3035)]))
    assert "The validation loss of s, 2.304, is above that of guessing (2.303)." in text


@pytest.mark.parametrize("loss", ["NaN", "Infinity"])
def test_a_loss_that_is_no_number_is_said_not_to_be_finite(loss: Number) -> None:
    text = said(made_run([Made("s", 0.8, val_loss=loss)]))
    assert "s is right in 80.00 %, but its validation loss isn't finite." in text


def test_differences_of_a_few_of_many_images_are_no_zeros() -> None:
    made = [
        Made(name, accuracy, seed)
        for name, accuracy in (("a", 0.9), ("b", 0.90004))
        for seed in range(5)
    ]
    text = said(made_run(made, validated=50_000))
    assert "b is best with 90.00 %. a is behind b by 0.004 points (95 % interval 0.0" in text
    text = said(made_run([Made("a", 0.99996), Made("b", 1.0)], validated=50_000))
    assert "Accuracies go from 100.00 % (b) down to 99.996 % (a)" in text


def test_the_best_of_those_that_learn_is_not_called_the_best_beside_a_higher_accuracy() -> None:
    ends = {"out": ((0.9, 0.91, 0.92), 1e9), "b": ((0.8,) * 3, 1.0), "c": ((0.5,) * 3, 1.0)}
    made = [
        Made(name, accuracy, seed, losses=[1.0] * 16, val_loss=loss)
        for name, (each, loss) in ends.items()
        for seed, accuracy in enumerate(each)
    ]
    text = said(made_run(made, steps_per_epoch=16))
    assert "Of those that learn, b is best with 80.00 %." in text
    text = said(made_run([one for one in made if one.seed == 0], steps_per_epoch=16))
    assert "Of those that learn, accuracies go from 80.00 % (b) down to 50.00 % (c)" in text


def test_numbers_of_seeds_and_images_are_each_contestant_s_own() -> None:
    made = [Made("a", 1.0, 0), Made("a", 0.0, 1), Made("b", 0.0, 0)]
    text = said(made_run(made, validated=1))
    assert "2 validated images can't tell whether a does better than guessing." in text
    assert "1 validated image can't tell whether b does better than guessing." in text
