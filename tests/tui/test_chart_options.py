"""The UI's curves are those of the report, whatever is chosen."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from inittui.results.curves import curve_of
from inittui.runs import RunDirectory
from inittui.tui.chart_options import (
    ChartOptions,
    Contestant,
    closer_picture,
    contestants,
    picture,
    step_window,
)
from inittui.tui.open_run import OpenRun
from inittui.views.curves import accuracy_series, loss_series
from tests.support.runs import Made, made_run, run_state

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


def test_a_scheme_of_two_runs_is_told_by_its_run() -> None:
    both = [opened("classic", "aaaaaa"), opened("seeds", "bbbbbb")]
    labels = [contestant.label for contestant in contestants(both)]
    assert len(set(labels)) == len(labels) == 11
    assert "zeros · aaaaaa" in labels
    assert "uniform · aaaaaa" in labels


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


def test_a_contestant_without_values_is_no_error() -> None:
    run = opened("empty")
    assert contestants([run]) == []
    assert picture([], ChartOptions()).series == ()
    waiting = Contestant(run, "rule", "rule", contestants([opened("classic")])[0].style)
    assert curve_of(waiting.trials, "train_loss", (1, 9)).x.size == 0


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


def test_what_is_measured_each_epoch_follows_a_live_run_as_the_losses_do() -> None:
    """Else the first epochs of hundreds were a dot at the left of an empty chart."""
    state = run_state("running")
    assert state.started is not None
    training = structs.replace(state.started.experiment.training, epochs=400)
    experiment = structs.replace(state.started.experiment, training=training)
    state.started = structs.replace(state.started, experiment=experiment)
    taken = max(trial.steps for trial in state.trials)
    assert state.total_steps > 50 * taken
    window = step_window([state], ChartOptions())
    assert taken <= window[1] <= max(2 * taken, 100)
    assert step_window([state], ChartOptions(metric="val_accuracy")) == window
    everything = ChartOptions(metric="val_accuracy", steps="all")
    assert step_window([state], everything) == (1.0, state.total_steps)


def test_a_stopped_run_s_axis_ends_where_it_was_stopped() -> None:
    state = run_state("interrupted")
    taken = max(trial.steps for trial in state.trials)
    assert taken < state.total_steps
    for metric in ("val_loss", "val_accuracy"):
        assert step_window([state], ChartOptions(metric=metric)) == (1.0, taken)


def test_the_lowest_curves_are_seen_closer() -> None:
    everyone = contestants([opened("classic")])
    found = closer_picture(everyone, ChartOptions())
    assert found is not None
    assert {one.name for one in found.series} == {"rule", "normal", "default"}
    assert found.title.startswith("closer: the lowest curves")
    calm = contestants([opened("seeds")])
    assert closer_picture(calm, ChartOptions()) is None
    assert closer_picture(everyone, ChartOptions(metric="val_accuracy")) is None


def test_the_axis_is_clipped_to_the_lowest_and_halved() -> None:
    everyone = contestants([opened("classic")])
    whole = picture(everyone, ChartOptions()).y_window
    clipped = picture(everyone, ChartOptions(clipped=True)).y_window
    assert whole is not None
    assert whole[1] > 1_000
    assert clipped is not None
    assert clipped[1] < 10
    halved = picture(everyone, ChartOptions(clipped=True, log_y=False, y_zoom=1)).y_window
    full = picture(everyone, ChartOptions(clipped=True, log_y=False)).y_window
    assert halved is not None
    assert full is not None
    assert halved[1] - halved[0] == (full[1] - full[0]) / 2
    assert len(picture(everyone, ChartOptions(clipped=True)).series) == 7


def test_what_fell_from_far_above_squeezes_no_other() -> None:
    calm = [Made(f"calm{n}", 0.5, losses=[2.4 - 0.001 * n * x for x in range(100)]) for n in (1, 9)]
    fallen = Made("fallen", 0.1, losses=[2.3 + 1e18 * 0.3**x for x in range(100)])
    far = Made("far", 0.1, losses=[1e5] * 100)
    state = made_run([*calm, fallen, far], steps_per_epoch=100)
    everyone = contestants([OpenRun(RunDirectory(Path("run")), state=state)])
    found = closer_picture(everyone, ChartOptions())
    assert found is not None
    assert {one.name for one in found.series} == {"calm1", "calm9", "fallen"}
    assert not found.log_y
    clipped = picture(everyone, ChartOptions(clipped=True, log_y=False))
    for window in (found.y_window, clipped.y_window):
        assert window is not None
        assert window[1] < 10
