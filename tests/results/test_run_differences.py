"""Several runs beside each other."""

from __future__ import annotations

from inittui.experiment.records import DataConfig, Experiment, TrainingConfig
from inittui.results.run_differences import compare_runs, overlaid
from inittui.results.state import RunState
from tests.support.runs import Made, made_run

SEEDS = (0, 1, 2)


def a_run(accuracies: tuple[float, ...], experiment: Experiment, digest: str = "a") -> RunState:
    trials = [
        Made("rule", accuracy, seed, start=(("fc1.weight", "rule", digest),))
        for seed, accuracy in enumerate(accuracies)
    ]
    return made_run(trials, experiment=experiment)


FIRST = a_run((0.8, 0.7, 0.6), Experiment(seeds=SEEDS))


def test_what_differs_in_settings_is_told_by_their_paths() -> None:
    other = a_run((0.9, 0.8, 0.7), Experiment(seeds=SEEDS, training=TrainingConfig(lr=0.01)))
    found = compare_runs(("a", "b"), (FIRST, other))
    assert [(fact.name, fact.values) for fact in found.settings] == [
        ("training.lr", ("0.001", "0.01"))
    ]
    assert found.shares_data == (True, True)


def test_accuracies_are_paired_by_seed_where_the_images_are_shared() -> None:
    other = a_run((0.81, 0.72, 0.63), Experiment(seeds=SEEDS), "b")
    [rule] = compare_runs(("a", "b"), (FIRST, other)).contestants
    first, second = rule.results
    assert first is not None and second is not None
    assert first.difference is None
    assert first.same_start is None
    assert second.same_start is False
    assert second.difference is not None
    assert (second.difference.to, second.difference.n) == ("a", 3)
    assert abs(second.difference.mean - 0.02) < 1e-9


def test_other_images_are_not_paired() -> None:
    other = a_run((0.8, 0.7, 0.6), Experiment(seeds=SEEDS, data=DataConfig(limit=100)))
    found = compare_runs(("a", "b"), (FIRST, other))
    assert found.shares_data == (True, False)
    [rule] = found.contestants
    assert rule.results[1] is not None
    assert rule.results[1].difference is None
    assert rule.results[1].same_start is True


def test_two_seeds_have_no_interval() -> None:
    two = Experiment(seeds=(0, 1))
    [rule] = compare_runs(("a", "b"), (a_run((0.8, 0.7), two), a_run((0.9, 0.8), two))).contestants
    assert rule.results[1] is not None
    assert rule.results[1].difference is None


def test_a_scheme_of_one_run_is_absent_from_the_other() -> None:
    other = made_run([Made("ones", 0.1)])
    found = compare_runs(("a", "b"), (FIRST, other))
    assert [c.scheme for c in found.contestants] == ["rule", "ones"]
    assert [[r is None for r in c.results] for c in found.contestants] == [
        [False, True],
        [True, False],
    ]


def test_an_overlay_has_all_trials_under_their_runs_names() -> None:
    state = overlaid(("a", "b"), (FIRST, FIRST))
    assert state.schemes == ["a/rule", "b/rule"]
    assert [t.val_accuracy for t in state.trials] == [0.8, 0.7, 0.6] * 2
    assert FIRST.schemes == ["rule"]
