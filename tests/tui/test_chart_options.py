"""The UI's curves are those of the report, whatever is chosen."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.runs import RunDirectory
from inittui.tui.chart_options import ChartOptions
from inittui.tui.charting import Contestant, contestants, curve_of, picture, step_window, value_at
from inittui.tui.open_run import OpenRun
from inittui.tui.smoothing import smoothed
from inittui.views.curves import accuracy_series, loss_series
from tests.support.runs import run_state

EVERYTHING = ChartOptions(steps="all")


def opened(name: str, run_id: str = "run") -> OpenRun:
    return OpenRun(RunDirectory(Path(run_id)), state=run_state(name))


@pytest.mark.parametrize("name", ["classic", "seeds", "interrupted", "running"])
def test_losses_are_those_of_the_report(name: str) -> None:
    run = opened(name)
    expected = loss_series(run.state, None)
    drawn = picture(contestants([run]), EVERYTHING).series
    assert [one.name for one in drawn] == [one.name for one in expected]
    for ours, theirs in zip(drawn, expected, strict=True):
        np.testing.assert_array_equal(ours.x, theirs.x)
        np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-12)
        assert ours.style == theirs.style
        for bound, other in zip(ours.band or (), theirs.band or (), strict=True):
            np.testing.assert_allclose(bound, other, rtol=1e-12)


@pytest.mark.parametrize("name", ["classic", "seeds"])
def test_accuracies_are_those_of_the_report(name: str) -> None:
    run = opened(name)
    expected = accuracy_series(run.state)
    drawn = picture(contestants([run]), replace(EVERYTHING, metric="val_accuracy")).series
    for ours, theirs in zip(drawn, expected, strict=True):
        np.testing.assert_array_equal(ours.x, theirs.x)
        np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-12)


def test_a_log_axis_is_taken_where_the_curves_span_two_decades() -> None:
    run = opened("classic")
    everyone = contestants([run])
    assert picture(everyone, ChartOptions()).log_y
    calm = frozenset(c.key for c in everyone if c.scheme in ("ones", "uniform", "centered"))
    assert not picture(everyone, ChartOptions(hidden=calm)).log_y
    assert picture(everyone, ChartOptions(hidden=calm, log_y=True)).log_y


def test_hidden_ones_are_gone_and_others_than_the_highlighted_are_grey() -> None:
    run = opened("classic")
    first, second, *_ = contestants([run])
    options = ChartOptions(hidden=frozenset({first.key}), highlighted=second.key)
    drawn = picture(contestants([run]), options).series
    assert first.label not in [one.name for one in drawn]
    assert drawn[-1].name == second.label
    assert {one.style.color for one in drawn[:-1]} == {"#8a8a8a"}


def test_windows_of_steps() -> None:
    state = run_state("classic")
    per_epoch = state.started.steps_per_epoch
    total = state.total_steps
    assert step_window([state], ChartOptions()) == (1.0, 100.0)
    assert step_window([state], EVERYTHING) == (1.0, total)
    assert step_window([state], ChartOptions(steps="last epoch")) == (per_epoch + 1, total)
    assert step_window([state], ChartOptions(zoom=(5.0, 9.0))) == (5.0, 9.0)
    assert step_window([], ChartOptions()) == (1.0, 2.0)


def test_values_at_a_step_are_means_over_the_seeds() -> None:
    run = opened("seeds")
    rule = next(c for c in contestants([run]) if c.scheme == "rule")
    losses = [trial.losses[9] for trial in rule.trials]
    assert value_at(rule, "train_loss", 10) == pytest.approx(sum(losses) / 3)
    assert value_at(rule, "train_loss", 0) is None
    epoch = rule.trials[0].epochs[0]
    assert value_at(rule, "val_accuracy", epoch.step - 1) is None
    assert value_at(rule, "val_accuracy", epoch.step) is not None


def test_a_scheme_of_two_runs_is_told_by_its_run() -> None:
    both = [opened("classic", "aaaaaa"), opened("seeds", "bbbbbb")]
    labels = [contestant.label for contestant in contestants(both)]
    assert len(set(labels)) == len(labels) == 11
    assert "zeros · aaaaaa" in labels
    assert "uniform" in labels


def test_a_long_curve_keeps_its_spikes_and_its_end() -> None:
    run = opened("classic")
    contestant = contestants([run])[0]
    trial = contestant.trials[0]
    trial.losses.extend([1.0] * 300_000)
    trial.losses[200_000] = 77.0
    trial.losses[250_000] = math.nan
    trial.losses.extend([math.nan] * 5)
    [drawn] = picture([contestant], EVERYTHING).series
    assert len(drawn.y) < 60_000
    assert 77.0 in drawn.y
    assert math.isnan(drawn.y[-1])
    assert 250_001.0 in drawn.x, "a gap stays a gap"


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


def test_a_contestant_without_values_is_no_error() -> None:
    run = opened("empty")
    assert contestants([run]) == []
    assert picture([], ChartOptions()).series == ()
    waiting = Contestant(run, "rule", "rule", contestants([opened("classic")])[0].style)
    assert curve_of(waiting, "train_loss", (1.0, 9.0)).x.size == 0


def test_a_live_chart_follows_by_doubling_and_comes_back_to_the_first_steps() -> None:
    state = run_state("classic")
    assert step_window([state], ChartOptions()) == (1.0, 100.0)
    state.ended = None
    taken = max(trial.steps for trial in state.trials)
    low, high = step_window([state], ChartOptions())
    assert low == 1.0
    assert taken <= high <= max(2 * taken, 100)
    for trial in state.trials:
        del trial.losses[90:]
    assert step_window([state], ChartOptions()) == (1.0, 100.0)
    assert step_window([state], ChartOptions(steps="first")) == (1.0, 100.0)
