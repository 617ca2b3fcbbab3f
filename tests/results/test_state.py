"""The fold: what events add up to, in whatever pieces and however often they come."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.events.records import (
    EpochEnded,
    Event,
    Noted,
    RunEnded,
    StepLosses,
    TrialEnded,
    TrialStarted,
    decode,
    encode,
)
from inittui.results.state import RunState, fold
from inittui.results.trial_state import TrialState
from tests.support.runs import LOGS, Made, made_events, run_state

START = made_events([Made("zeros"), Made("rule")], steps_per_epoch=10)[0]


def epoch(number: int, accuracy: float, trial: int = 0) -> EpochEnded:
    return EpochEnded(
        trial=trial, epoch=number, step=10 * number, train_loss=1.0 / number,
        val_loss=2.0 / number, val_accuracy=accuracy, seconds=float(number),
    )  # fmt: skip


def losses(first: int, *values: float) -> StepLosses:
    return StepLosses(trial=0, first=first, values=values)


def test_nothing_yet() -> None:
    state = RunState()
    assert state.status == "running"
    assert state.trials == []
    assert state.schemes == []
    assert state.total_steps == 0


def test_trials_begin_as_waiting() -> None:
    state = fold([START])
    assert [(t.scheme, t.seed, t.status) for t in state.trials] == [
        ("zeros", 0, "waiting"),
        ("rule", 0, "waiting"),
    ]
    assert state.total_steps == 20
    assert state.trials[0].first_loss is None
    assert state.trials[0].val_accuracy is None


@given(st.data())
def test_losses_add_up_however_they_are_cut(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.floats(allow_nan=False), min_size=1, max_size=40))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(values)))) | {0, len(values)})
    events = [losses(a, *values[a:b]) for a, b in pairwise(cuts)]
    assert list(fold([START, *events]).trials[0].losses) == values


def test_what_a_resumed_run_repeats_replaces_what_was_there() -> None:
    state = fold([START, losses(0, 1.0, 2.0, 3.0), losses(1, 20.0), losses(2, 30.0)])
    assert list(state.trials[0].losses) == [1.0, 20.0, 30.0]
    state = fold([START, epoch(1, 0.5), epoch(2, 0.6), epoch(1, 0.7)])
    assert state.trials[0].epochs[0].val_accuracy == 0.7


def test_a_lost_line_is_a_gap() -> None:
    found = list(fold([START, losses(0, 1.0), losses(3, 4.0)]).trials[0].losses)
    assert found[0] == 1.0
    assert math.isnan(found[1])
    assert math.isnan(found[2])
    assert found[3] == 4.0


def test_the_last_epoch_counts() -> None:
    trial = fold([START, epoch(1, 0.5), epoch(2, 0.6)]).trials[0]
    assert (trial.val_accuracy, trial.val_loss, trial.train_loss) == (0.6, 1.0, 0.5)
    assert trial.seconds == 2.0


def test_first_loss_is_the_mean_of_a_hundred_steps() -> None:
    trial = TrialState(0, "rule", 0)
    trial.losses.extend(float(i) for i in range(250))
    assert trial.first_loss == 49.5
    trial.losses[50] = math.nan
    assert math.isnan(trial.first_loss or 0.0)
    trial.losses[50] = math.inf
    assert trial.first_loss == math.inf


def test_an_end_closes_what_is_open() -> None:
    ended = RunEnded(status="interrupted", seconds=1.0, wall_seconds=2.0)
    done = TrialEnded(trial=0, status="finished", step=20, seconds=1.0)
    state = fold([START, TrialStarted(trial=0), TrialStarted(trial=1), done, ended])
    assert [trial.status for trial in state.trials] == ["finished", "interrupted"]
    assert state.status == "interrupted"


def test_events_of_unknown_trials_are_ignored() -> None:
    state = fold([START, TrialStarted(trial=7), StepLosses(trial=-1, first=0, values=(1.0,))])
    assert [trial.status for trial in state.trials] == ["waiting", "waiting"]
    assert state.trials[-1].steps == 0


def test_notes_come_once() -> None:
    assert fold([START, Noted(message="a"), Noted(message="b"), Noted(message="a")]).notes == [
        "a",
        "b",
    ]


def test_every_event_makes_what_was_drawn_old() -> None:
    state = RunState()
    versions = []
    for event in (START, TrialStarted(trial=0), losses(0, 1.0), epoch(1, 0.5)):
        state.apply(event)
        versions.append(state.version)
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("name", ["classic", "seeds", "diverged", "interrupted"])
def test_recorded_logs_are_small_and_read_back_exactly(name: str) -> None:
    path = LOGS / f"{name}.jsonl"
    assert path.stat().st_size < 100_000
    lines = path.read_bytes().splitlines(keepends=True)
    events: list[Event] = [decode(line) for line in lines]
    assert [decode(encode(event)) for event in events] == events
    state = fold(events)
    assert state.ended is not None
    assert all(trial.steps for trial in state.trials)


def test_recorded_runs_are_what_they_are_called() -> None:
    assert run_state("classic").status == "finished"
    assert run_state("interrupted").status == "interrupted"
    assert run_state("running").status == "running"
    assert {t.status for t in run_state("diverged").trials} == {"diverged", "finished"}
    assert run_state("empty").started is None


def test_the_mean_of_losses_near_the_largest_float_is_finite() -> None:
    trial = TrialState(0, "ones", 0)
    trial.losses.extend([1.5e308, 1.5e308])
    assert trial.first_loss == pytest.approx(1.5e308)
    trial.losses.extend([math.inf, -math.inf])
    assert math.isnan(trial.first_loss or 0.0)
