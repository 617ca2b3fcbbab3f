"""One computation of a curve: the report, the screen, JSON, CSV and lessons show its numbers."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.documents.compare import compare_document
from inittui.documents.table import compare_csv
from inittui.events.records import (
    EpochEnded,
    Event,
    RunEnded,
    RunStarted,
    StepLosses,
    TrialEnded,
    TrialStarted,
    Validated,
)
from inittui.events.wire_numbers import all_to_wire, from_wire, to_wire
from inittui.experiment.records import Experiment
from inittui.experiment.trials import TrialPlan
from inittui.lessons.answers import answer
from inittui.lessons.questions import Accuracy, Loss
from inittui.results.comparison import Measure, percent
from inittui.results.curves import (
    ACCURACIES,
    Metric,
    curve_of,
    near_the_lowest,
    over_seeds,
    smoothed,
    spans_decades,
    value_at,
    without_outliers,
)
from inittui.results.state import RunState, fold
from inittui.runs import RunDirectory
from inittui.tui.chart_options import METRICS, ChartOptions, contestants, picture
from inittui.tui.leaderboard import standings
from inittui.tui.open_run import OpenRun, Phase
from inittui.views.chart.series import Series
from inittui.views.curves import accuracy_series, loss_series
from inittui.views.wording import mean_loss
from tests.support.runs import LOGS, run_state

PER_EPOCH = 4
EPOCHS = 3
NOT_FINITE = (math.nan, math.inf, -math.inf, 1e200)

Losses = Sequence[Sequence[float]]


def run_of(
    trials: dict[str, Losses],
    validations: dict[tuple[str, int], set[int]] | None = None,
    *,
    ended: bool = True,
) -> RunState:
    """Return a run of schemes with the losses of each seed; a seed without any hasn't begun.

    A trial that ends in a value that isn't finite has diverged. Each is validated after every
    second step, but for those in ``validations`` that the log has lost.
    """
    plans = tuple(TrialPlan(s, seed) for s, rows in trials.items() for seed in range(len(rows)))
    experiment = Experiment(schemes=tuple(trials), seeds=tuple(range(4)))
    events: list[Event] = [
        RunStarted(
            run="20260101-000000-000-abcdef", experiment=experiment, trials=plans,
            steps_per_epoch=PER_EPOCH, device="cpu", classes=10,
        )
    ]  # fmt: skip
    for number, plan in enumerate(plans):
        losses = trials[plan.scheme][plan.seed]
        if not losses:
            continue
        events.append(TrialStarted(trial=number))
        events.append(StepLosses(trial=number, first=0, values=all_to_wire(losses)))
        lost = (validations or {}).get((plan.scheme, plan.seed), set())
        steps = [step for step in range(2, len(losses) + 1, 2) if step not in lost]
        events += [_validation(number, step, losses[step - 1]) for step in steps]
        diverged = not abs(losses[-1]) < 1e100
        whole = len(losses) == EPOCHS * PER_EPOCH
        if diverged or whole:
            status = "diverged" if diverged else "finished"
            events.append(TrialEnded(trial=number, status=status, step=len(losses), seconds=1.0))
    if ended:
        events.append(RunEnded(status="finished", seconds=1.0, wall_seconds=2.0))
    return fold(events)


_TRAINED: tuple[Metric, ...] = ("train_loss", "val_loss", *ACCURACIES)
"""What training measures; the rest is of probes, see below."""


def _validation(trial: int, step: int, loss: float) -> Event:
    accuracy = (31 * trial + 7 * step) % 100 / 100
    if step % PER_EPOCH:
        return Validated(trial=trial, step=step, val_loss=to_wire(loss), val_accuracy=accuracy)
    return EpochEnded(
        trial=trial, epoch=step // PER_EPOCH, step=step, train_loss=to_wire(loss),
        val_loss=to_wire(loss), val_accuracy=accuracy, seconds=1.0,
    )  # fmt: skip


@st.composite
def _losses(draw: st.DrawFn) -> list[float]:
    """One seed: not begun, on its way, finished, or diverged at any step."""
    finite = draw(st.lists(st.floats(1e-6, 1e30), max_size=EPOCHS * PER_EPOCH))
    diverges = len(finite) < EPOCHS * PER_EPOCH and draw(st.booleans())
    return [*finite, draw(st.sampled_from(NOT_FINITE))] if diverges else finite


_RUNS = st.builds(
    run_of,
    st.dictionaries(
        st.sampled_from(("rule", "normal", "ones")),
        st.lists(_losses(), min_size=1, max_size=4),
        min_size=1,
    ),
    st.dictionaries(
        st.tuples(st.sampled_from(("rule", "normal", "ones")), st.integers(0, 3)),
        st.sets(st.integers(1, EPOCHS * PER_EPOCH)),
    ),
    ended=st.booleans(),
)

Points = dict[str, dict[int, list[float]]]
"""Of every scheme, at each step, the values of its seeds."""


def _in_json(state: RunState, metric: Metric) -> Points:
    found: Points = {}
    for trial in json.loads(compare_document(state, None))["trials"]:
        if metric == "train_loss":
            points = dict(enumerate(map(from_wire, trial["loss"]), 1))
        else:
            trained = metric == "train_accuracy"
            both = (*(() if trained else trial["validations"]), *trial["epochs"])
            known = [one for one in both if one[metric] is not None]
            points = {one["step"]: from_wire(one[metric]) for one in known}
        for step, value in points.items():
            found.setdefault(trial["scheme"], {}).setdefault(step, []).append(value)
    return found


def _in_csv(state: RunState, metric: Metric) -> Points:
    found: Points = {}
    for row in csv.DictReader(io.StringIO(compare_csv(state))):
        if row["epoch"] and row[metric]:
            at = found.setdefault(row["scheme"], {}).setdefault(int(row["step"]), [])
            at.append(float(row[metric]))
    return found


def _added_up(values: Sequence[float]) -> tuple[float, float, float]:
    """The rule, written out: mean, lowest and highest of what is finite, if anything is."""
    finite = [value for value in values if abs(value) < 1e100]
    if finite:
        return math.fsum(finite) / len(finite), min(finite), max(finite)
    return (sum(values) / len(values),) * 3


def _is_like(series: Series, points: dict[int, list[float]], unit: float) -> None:
    steps = sorted(points)
    assert list(series.x) == steps
    expected = np.array([_added_up(points[step]) for step in steps])
    np.testing.assert_allclose(series.y, unit * expected[:, 0], rtol=1e-12)
    if max(map(len, points.values())) > 1:
        assert series.band is not None
        np.testing.assert_allclose(series.band[0], unit * expected[:, 1], rtol=1e-12)
        np.testing.assert_allclose(series.band[1], unit * expected[:, 2], rtol=1e-12)


def _check_that_all_agree(state: RunState) -> None:
    everyone = contestants([OpenRun(RunDirectory(Path("run")), state=state)])
    for metric in _TRAINED:
        points, unit = _in_json(state, metric), 100 if metric in ACCURACIES else 1
        drawn = picture(everyone, ChartOptions(metric=metric, steps="all")).series
        shown = {one.name: one for one in drawn if len(one.x)}
        assert shown.keys() == points.keys()
        for scheme, series in shown.items():
            _is_like(series, points[scheme], unit)
        if metric == "train_loss":
            reported = {one.name: one for one in loss_series(state, None)}
        elif metric == "val_accuracy":
            reported = {one.name: one for one in accuracy_series(state)}
        else:
            continue
        assert reported.keys() == points.keys()
        for scheme, series in reported.items():
            _is_like(series, points[scheme], unit)
            for step in points[scheme]:
                [mean, *_] = _added_up(points[scheme][step])
                found = value_at(state.of_scheme(scheme), metric, step)
                assert found == pytest.approx(mean, rel=1e-12, nan_ok=True)
    for metric in ("val_loss", *ACCURACIES):
        for scheme, points_of in _in_csv(state, metric).items():
            for step, values in points_of.items():
                [mean, *_] = _added_up(values)
                found = value_at(state.of_scheme(scheme), metric, step)
                assert found == pytest.approx(mean, rel=1e-12, nan_ok=True)


@given(_RUNS)
def test_report_screen_and_documents_show_the_same_curves(state: RunState) -> None:
    _check_that_all_agree(state)


@pytest.mark.parametrize("name", [*sorted(log.stem for log in LOGS.glob("*.jsonl")), "running"])
def test_recorded_runs_show_the_same_curves_everywhere(name: str) -> None:
    _check_that_all_agree(run_state(name))


def _check_the_tables(state: RunState) -> None:
    """Accuracies and first losses of the screen's table are those of the JSON document."""
    run = OpenRun(RunDirectory(Path("run")), state=state, phase=Phase.ENDED)
    lines = {
        str(line).split()[1]: str(line)
        for line in standings(contestants([run]), ChartOptions(), 200)[1:]
    }
    for one in json.loads(compare_document(state, None))["summary"]:
        accuracy, first = (
            Measure(from_wire(v["mean"]), v["std"], v["n"]) if v else None
            for v in (one["val_accuracy"], one["first_loss"])
        )
        cells = lines[one["scheme"]]
        assert f" {percent(accuracy)} " in cells
        assert f" {mean_loss(first)} " in cells


@given(_RUNS)
def test_the_screen_s_table_has_the_numbers_of_the_summary(state: RunState) -> None:
    _check_the_tables(state)


@pytest.mark.parametrize("name", sorted(log.stem for log in LOGS.glob("*.jsonl")))
def test_the_screen_s_table_of_recorded_runs(name: str) -> None:
    _check_the_tables(run_state(name))


def test_a_seed_that_diverges_leaves_the_mean_to_the_others() -> None:
    rows = [[1.0, 3.0, 1.0, 0.8, 0.7], [2.0, 4.0, 1.0, 0.8, 0.7], [3.0, 5.0, math.nan]]
    state = run_of({"rule": rows})
    expected = [2.0, 4.0, 1.0, 0.8, 0.7]
    [reported] = loss_series(state, None)
    everyone = contestants([OpenRun(RunDirectory(Path("run")), state=state)])
    [drawn] = picture(everyone, ChartOptions(steps="all")).series
    for series in (reported, drawn):
        np.testing.assert_allclose(series.y, expected)
        assert series.band is not None
        np.testing.assert_allclose(series.band[0], [1.0, 3.0, 1.0, 0.8, 0.7])
        np.testing.assert_allclose(series.band[1], [3.0, 5.0, 1.0, 0.8, 0.7])
    assert list(curve_of(state.of_scheme("rule"), "train_loss").count) == [3, 3, 2, 2, 2]


def test_lessons_read_the_curve_and_say_over_how_many_seeds() -> None:
    state = run_of({"rule": [[2.0, 1.0], [3.0, math.nan]]})
    said = answer(Loss(of="start"), state)
    assert said.text == "Loss of the first batch: rule 2.5."
    said = answer(Loss(of="last"), state)
    assert said.text == "Loss of the last batch: rule 1 (over 1 of 2 seeds)."
    assert said.measured["rule"] == (value_at(state.of_scheme("rule"), "train_loss", 2),)


@given(_RUNS)
def test_lessons_tell_the_accuracies_of_the_summary(state: RunState) -> None:
    measured = answer(Accuracy(), state).measured
    for one in json.loads(compare_document(state, None))["summary"]:
        if one["val_accuracy"] is None:
            assert one["scheme"] not in measured
        else:
            assert measured[one["scheme"]] == (pytest.approx(100 * one["val_accuracy"]["mean"]),)


def test_where_no_seed_is_finite_it_is_said_how() -> None:
    found = over_seeds([[1.0, math.inf, math.nan, 1e200], [3.0, math.inf, math.inf, 1e200]])
    np.testing.assert_array_equal(found.mean, [2.0, math.inf, math.nan, 1e200])
    np.testing.assert_array_equal(found.count, [2, 2, 2, 2])
    assert over_seeds([]).mean.size == 0


def test_seeds_validated_after_different_steps_meet_at_their_steps() -> None:
    rows = [[1.0] * 4, [3.0] * 4]
    curve = curve_of(run_of({"rule": rows}, {("rule", 0): {2}}).of_scheme("rule"), "val_loss")
    assert list(curve.x) == [2, 4]
    assert list(curve.mean) == [3.0, 2.0]
    assert list(curve.count) == [1, 2]


@given(_RUNS, st.integers(-3, 14), st.integers(-3, 14))
def test_a_part_of_a_curve_is_that_part_of_it(state: RunState, first: int, last: int) -> None:
    for scheme in state.schemes:
        trials = state.of_scheme(scheme)
        for metric in METRICS:
            whole = curve_of(trials, metric)
            part = curve_of(trials, metric, (first, last))
            within = (whole.x >= first) & (whole.x <= last)
            np.testing.assert_array_equal(part.x, whole.x[within])
            np.testing.assert_array_equal(part.mean, whole.mean[within])


def test_values_at_a_step_are_means_over_the_seeds() -> None:
    rule = run_state("seeds").of_scheme("rule")
    losses = [trial.losses[9] for trial in rule]
    assert value_at(rule, "train_loss", 10) == pytest.approx(sum(losses) / 3)
    assert value_at(rule, "train_loss", 0) is None
    epoch = rule[0].epochs[0]
    assert value_at(rule, "val_accuracy", epoch.step - 1) is None
    assert value_at(rule, "val_accuracy", epoch.step) is not None


def test_two_decades_are_spanned_by_what_a_log_axis_shows() -> None:
    assert spans_decades([np.array([1.0, 101.0])])
    assert spans_decades([[1.0], [101.0]])
    assert not spans_decades([[1.0, 99.0, 0.0, -5.0, math.nan, math.inf, 1e200]])
    assert not spans_decades([])


def test_near_the_lowest_are_several_but_not_all() -> None:
    curves = {"low": [0.5, 0.4, 0.4], "near": [2.0, 1.0, 1.0], "far": [900.0, 800.0, 800.0]}
    assert near_the_lowest(curves) == ["low", "near"]
    assert near_the_lowest({**curves, "far": [9.0, 8.0, 8.0]}) == [], "a linear axis shows all"
    assert near_the_lowest({"low": curves["low"], "far": curves["far"]}) == [], "just one is near"
    assert near_the_lowest({}) == []


def test_an_axis_leaves_out_what_squeezes_the_rest() -> None:
    calm, fallen = [2.4, 1.5, 1.0], [1e18, 1e9, 2.3]
    assert without_outliers([calm, fallen]) == (1.0, 2.4)
    assert without_outliers([calm, [7.0, 2.0, 1.0]]) is None, "all of it has room"
    assert without_outliers([calm]) is None
    assert without_outliers([]) is None
    assert without_outliers([[math.nan, 0.0]]) is None


def test_an_axis_leaves_out_outliers_of_every_curve() -> None:
    spiked = [[1e12, *(2.0 for _ in range(30))], [1e15, *(1.0 for _ in range(30))]]
    assert without_outliers(spiked) == (1.0, 2.0)


def reference(values: list[float], weight: float, log_y: bool) -> list[float]:
    """The definition, one value after the other."""
    total = weights = 0.0
    result = []
    for value in values:
        if not abs(value) < 1e100 or (log_y and value <= 0):
            result.append(value)
            continue
        total = weight * total + (math.log(value) if log_y else value)
        weights = weight * weights + 1
        result.append(math.exp(total / weights) if log_y else total / weights)
    return result


LOSSES = st.one_of(
    st.floats(1e-6, 1e30), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e200])
)


@given(st.lists(LOSSES, max_size=60), st.sampled_from([0.0, 0.1, 0.6, 0.98]), st.booleans())
def test_smoothing_is_its_definition(values: list[float], weight: float, log_y: bool) -> None:
    expected = values if weight == 0 else reference(values, weight, log_y)
    np.testing.assert_allclose(
        smoothed(np.array(values), weight, log_y=log_y), expected, rtol=1e-9, atol=1e-12
    )


def test_smoothing_over_many_blocks() -> None:
    values = np.random.default_rng(0).lognormal(0, 2, 5_000)
    np.testing.assert_allclose(smoothed(values, 0.5), reference(list(values), 0.5, False))
    assert np.abs(np.diff(smoothed(values, 0.98))).max() < np.abs(np.diff(values)).max() / 10


def test_the_least_gradient_is_that_of_the_layer_that_gets_least() -> None:
    """‖gradient‖·‖weights‖ from the log's own numbers: the root of n times the mean square each."""
    trials = run_state("inspected").of_scheme("ones")
    curve = curve_of(trials, "least_gradient")
    expected = [
        min(
            math.sqrt(layer.weight_gradients.count * layer.weight_gradients.second_moment)
            * math.sqrt(layer.weights.count * layer.weights.second_moment)
            for layer in event.probe.layers
        )
        for event in trials[0].probes
    ]
    assert curve.x.tolist() == [event.step for event in trials[0].probes]
    assert curve.mean == pytest.approx(expected)
    zeros = curve_of(run_state("inspected").of_scheme("zeros"), "least_gradient")
    assert set(zeros.mean.tolist()) == {0.0}
