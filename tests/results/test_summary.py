"""Means, paired differences and ranks, against scipy and against hand-made cases."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inittui.events.records import StartValues, TrialStatus
from inittui.results.comparison import measure, paired_difference
from inittui.results.state import RunState
from inittui.results.summary import SchemeSummary, summarize
from tests.support.runs import Made, made_run, run_state

EPOCHS = 2
STEPS = 5


def run(
    accuracies: dict[str, list[float]],
    losses: dict[str, list[float]] | None = None,
    epochs: dict[str, int] | None = None,
    status: dict[str, TrialStatus] | None = None,
) -> RunState:
    """Return a run in which a scheme's trial of each seed has this accuracy and first loss."""
    made = [
        Made(
            scheme,
            [accuracy] * (epochs or {}).get(scheme, EPOCHS),
            seed,
            losses=[(losses or accuracies)[scheme][seed]] * EPOCHS * STEPS,
            status=(status or {}).get(scheme, "finished"),
        )
        for scheme, of in accuracies.items()
        for seed, accuracy in enumerate(of)
    ]
    return made_run(made, steps_per_epoch=STEPS)


def by_name(state: RunState) -> dict[str, SchemeSummary]:
    return {one.scheme: one for one in summarize(state)}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_mean_and_deviation(values: list[float]) -> None:
    found = measure(values)
    assert found is not None
    assert found.n == len(values)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    if len(values) == 1:
        assert found.std is None
    else:
        assert found.std == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-6)


def test_measures_leave_out_what_is_unknown_but_not_what_is_nan() -> None:
    assert measure([None, None]) is None
    known = measure([1.0, None, 3.0])
    assert known is not None
    assert (known.mean, known.n) == (2.0, 2)
    broken = measure([1.0, math.nan])
    assert broken is not None
    assert math.isnan(broken.mean)
    huge = measure([1e300, -1e300])
    assert huge is not None
    assert huge.std == math.inf


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=20))
def test_the_interval_is_students(differences: list[float]) -> None:
    found = paired_difference("best", differences)
    assert found is not None
    scale = stats.sem(differences)
    if scale > 1e-9:
        low, high = stats.t.interval(
            0.95, len(differences) - 1, statistics.fmean(differences), scale
        )
        assert found.low == pytest.approx(low, rel=1e-6, abs=1e-9)
        assert found.high == pytest.approx(high, rel=1e-6, abs=1e-9)


def test_two_differences_say_nothing() -> None:
    assert paired_difference("best", [0.1, 0.2]) is None


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 2,000 intervals 95 % hold the truth; 4 sd of that share are 4·√(.95·.05/2000) = 2 %."""
    draw = random.Random(0)
    held = 0
    for _ in range(2_000):
        found = paired_difference("best", [draw.gauss(0.3, 1.0) for _ in range(5)])
        assert found is not None
        held += found.low <= 0.3 <= found.high
    assert held / 2_000 == pytest.approx(0.95, abs=0.02)


def test_differences_are_paired() -> None:
    """Seeds that differ more than schemes hide nothing: 0.8 ± 0.1, but always 1 point apart."""
    base = [0.70, 0.80, 0.90]
    found = by_name(run({"a": base, "b": [x - 0.01 - 0.0001 * i for i, x in enumerate(base)]}))
    difference = found["b"].accuracy_difference
    assert difference is not None
    assert difference.to == "a"
    assert difference.mean == pytest.approx(-0.0101)
    assert difference.is_clear
    assert (found["a"].rank, found["b"].rank) == (1, 2)
    assert found["a"].accuracy_difference is None


def test_what_cannot_be_told_apart_shares_a_rank_and_the_next_takes_its_own_place() -> None:
    state = run({
        "chance": [0.10, 0.10, 0.11],
        "a": [0.86, 0.87, 0.85],
        "b": [0.85, 0.87, 0.855],
        "c": [0.80, 0.81, 0.795],
    })  # fmt: skip
    found = summarize(state)
    assert [one.scheme for one in found] == ["a", "b", "c", "chance"]
    assert [one.rank for one in found] == [1, 1, 3, 4]


def test_the_first_loss_is_ranked_from_below() -> None:
    state = run(
        {"a": [0.86, 0.87, 0.85], "b": [0.85, 0.87, 0.86]},
        losses={"a": [1.0, 1.01, 0.99], "b": [0.9, 0.92, 0.9]},
    )
    found = by_name(state)
    assert (found["a"].rank, found["b"].rank) == (1, 1)
    assert (found["a"].first_rank, found["b"].first_rank) == (2, 1)
    difference = found["a"].first_difference
    assert difference is not None
    ratios = (1.0 / 0.9, 1.01 / 0.92, 0.99 / 0.9)
    assert difference.mean == pytest.approx(sum(map(math.log, ratios)) / 3)
    assert found["b"].first_loss is not None
    assert found["b"].first_loss.mean == pytest.approx(0.90667, abs=1e-5)


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_rank_nothing(seeds: int) -> None:
    state = run({"a": [0.9] * seeds, "b": [0.1] * seeds})
    for one in summarize(state):
        assert one.rank is None
        assert one.first_rank is None
        assert one.accuracy_difference is None
    assert [one.scheme for one in summarize(state)] == ["a", "b"]


def test_equal_everywhere_is_equal() -> None:
    found = summarize(run({"a": [0.5] * 3, "b": [0.5] * 3}))
    assert [one.rank for one in found] == [1, 1]


def test_a_diverged_trial_does_not_rank_by_an_earlier_epoch() -> None:
    state = run(
        {"late": [0.99] * 3, "a": [0.8, 0.81, 0.79]},
        epochs={"late": 1},
        status={"late": "diverged"},
    )
    found = summarize(state)
    assert [one.scheme for one in found] == ["a", "late"]
    assert [one.is_final for one in found] == [True, False]
    assert [one.rank for one in found] == [1, None]


def test_accuracies_of_different_epochs_are_not_compared() -> None:
    state = run(
        {"behind": [0.9] * 3, "a": [0.8, 0.81, 0.79]},
        epochs={"behind": 1},
        status={"behind": "interrupted"},
    )
    found = by_name(state)
    assert found["behind"].accuracy_difference is None
    assert found["a"].accuracy_difference is None
    assert found["a"].rank == 1


def test_first_losses_over_fewer_steps_are_not_compared() -> None:
    found = summarize(run_state("interrupted"))
    assert [one.first_loss for one in found] == [None, None]
    assert [one.first_rank for one in found] == [None, None]
    assert [one.rank for one in found] == [1, 1]


def test_recorded_run_against_scipy() -> None:
    state = run_state("seeds")
    found = by_name(state)
    assert set(found) == {"zeros", "rule", "normal", "default"}
    best = [trial.val_accuracy for trial in state.of_scheme("normal")]
    for scheme in ("zeros", "rule", "default"):
        own = [trial.val_accuracy for trial in state.of_scheme(scheme)]
        test = stats.ttest_rel(own, best)
        low, high = test.confidence_interval(0.95)
        difference = found[scheme].accuracy_difference
        assert difference is not None
        assert (difference.to, difference.n) == ("normal", 3)
        assert (difference.low, difference.high) == pytest.approx((low, high))
        assert difference.p == pytest.approx(test.pvalue)


def test_contestants_with_equal_start_values_are_one_and_the_same() -> None:
    """They are compared as one: nothing is told apart, and nothing is paid for it."""
    state = run({
        "ones": [0.10, 0.11, 0.10],
        "constant:value=1": [0.10, 0.105, 0.10],
        "rule": [0.86, 0.85, 0.87],
    })  # fmt: skip
    for trial in state.trials:
        digest = f"{'ones' if trial.scheme != 'rule' else 'rule'} {trial.seed}"
        trial.start = (StartValues("fc1.weight", trial.scheme, digest),)
    found = by_name(state)
    assert {one.scheme: one.same_as for one in found.values()} == {
        "rule": None, "ones": None, "constant:value=1": "ones",
    }  # fmt: skip
    assert found["constant:value=1"].rank == found["ones"].rank == 2
    state.trials[-4].start = (StartValues("fc1.weight", "constant", "another"),)
    assert not any(one.same_as for one in summarize(state))


def test_a_diverged_loss_is_kept_as_it_is() -> None:
    found = by_name(run_state("diverged"))
    first = found["rule"].first_loss
    assert first is not None
    assert math.isnan(first.mean)
    assert found["rule"].rank is None


def test_no_trials_no_summary() -> None:
    assert summarize(RunState()) == []


def test_where_all_are_one_and_the_same_nobody_has_a_rank() -> None:
    start = [("w", None, "a")]
    made = [Made(name, 0.5, seed, start=start) for name in ("zeros", "rule") for seed in range(3)]
    found = summarize(made_run(made))
    assert {(one.rank, one.first_rank) for one in found} == {(None, None)}
    assert [one.same_as for one in found] == [None, "zeros"]
    alone = summarize(made_run([Made("zeros", 0.5, seed, start=start) for seed in range(3)]))
    assert alone[0].rank == 1
    other = [Made("ones", 0.5, seed, start=[("w", "ones", "b")]) for seed in range(3)]
    assert all(one.rank is not None for one in summarize(made_run([*made, *other])))
