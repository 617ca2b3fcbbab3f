"""A word is explained where it stands, and nowhere else."""

from __future__ import annotations

import pytest

from inittui.experiment.records import Experiment, TrainingConfig
from inittui.results.comparison import MOST_COMPARED
from inittui.results.summary import summarize
from inittui.views.explanations import explanations
from tests.support.runs import Made, made_run, run_state


def words(name: str) -> set[str]:
    text = explanations(state := run_state(name), summarize(state))
    return {word for word in ("±", "first", "paired", "rank:", "No ranks", "at chance") if
            f" {word}" in f" {text}"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("classic", {"first", "No ranks", "at chance"}),
        ("seeds", {"±", "first", "paired", "rank:", "at chance"}),
        ("empty", set()),
    ],
)
def test_only_words_that_stand_there(name: str, expected: set[str]) -> None:
    assert words(name) == expected


def test_one_contestant_needs_no_rank() -> None:
    state = made_run([Made("rule", 0.8)])
    assert "rank" not in explanations(state, summarize(state))


def test_intervals_are_not_said_to_hold_together() -> None:
    """Those of Holm's correction, which ends at 5 % for one pair, hold by themselves."""
    text = explanations(state := run_state("seeds"), summarize(state))
    assert "hold together" not in text
    assert "by itself" in text


def test_why_too_many_have_no_ranks() -> None:
    made = [
        Made(f"s{n}", 0.5 + n / 1_000, seed) for n in range(MOST_COMPARED + 1) for seed in range(3)
    ]
    text = explanations(state := made_run(made), summarize(state))
    assert f"No ranks: more than {MOST_COMPARED} are not compared" in text
    assert "fewer than" not in text


def test_few_of_which_only_one_seed_came_to_the_end_are_not_called_too_many() -> None:
    """Three seeds of one were validated, after an epoch that isn't the last of the other."""
    made = [Made("a", [0.5, 0.6])]
    made += [Made("b", 0.5 + seed / 100, seed, is_cut_short=True) for seed in range(3)]
    text = explanations(state := made_run(made), summarize(state))
    assert "more than" not in text
    assert "No ranks: fewer than 3 seeds" in text


def test_one_step_has_no_mean() -> None:
    experiment = Experiment(training=TrainingConfig(epochs=1))
    state = made_run([Made("a", 0.5, losses=[2.0])], steps_per_epoch=1, experiment=experiment)
    assert "first 1 loss: that of this step" in explanations(state, summarize(state))
