"""The fold over a log that lies: bounded memory, and never a wrong place."""

from __future__ import annotations

import math
import tracemalloc

from msgspec.structs import replace

from inittui.events.records import EpochEnded, Noted, RunStarted, StepLosses, TrialStarted
from inittui.experiment.trials import TrialPlan
from inittui.results.state import MOST_MISSING, MOST_NOTES, MOST_TRIALS, RunState, fold
from tests.support.runs import EXPERIMENT, recorded_events


def _started() -> RunState:
    return fold(recorded_events()[:1])


def test_a_gap_in_the_losses_is_nan_and_can_be_filled() -> None:
    state = _started()
    state.apply(StepLosses(trial=0, first=0, values=(1.0, 2.0)))
    state.apply(StepLosses(trial=0, first=4, values=(5.0,)))
    losses = state.trials[0].losses.tolist()
    assert losses[:2] == [1.0, 2.0]
    assert all(map(math.isnan, losses[2:4]))
    assert losses[4:] == [5.0]
    state.apply(StepLosses(trial=0, first=2, values=(3.0, 4.0)))
    assert state.trials[0].losses.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_losses_at_impossible_places_are_left_out_with_a_note() -> None:
    state = _started()
    state.apply(StepLosses(trial=0, first=0, values=(1.0, 2.0)))
    tracemalloc.start()
    try:
        for first in (-1, -(10**30), MOST_MISSING + 3, 10**12, 10**30):
            state.apply(StepLosses(trial=0, first=first, values=(9.0,)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000
    assert state.trials[0].losses.tolist() == [1.0, 2.0]
    assert state.notes == ["losses that can't belong to this run were left out"]
    state.apply(StepLosses(trial=0, first=2, values=(3.0, "NaN")))
    assert state.trials[0].losses.tolist()[:3] == [1.0, 2.0, 3.0]


def test_gaps_of_all_trials_together_are_bounded() -> None:
    state = _started()
    for first in range(400_000, 40_000_000, 400_000):
        for trial in range(3):
            state.apply(StepLosses(trial=trial, first=first, values=(1.0,)))
    assert sum(trial.steps for trial in state.trials) <= MOST_MISSING + 300


def test_unknown_trials_and_endless_notes_are_ignored() -> None:
    state = _started()
    for trial in (-1, 3, 10**30):
        state.apply(StepLosses(trial=trial, first=0, values=(1.0,)))
        state.apply(TrialStarted(trial=trial))
    assert not any(trial.steps for trial in state.trials)
    for number in range(2 * MOST_NOTES):
        state.apply(Noted(message=f"{number}" + "x" * 10_000))
    assert len(state.notes) == MOST_NOTES
    assert max(map(len, state.notes)) <= 2_000


def test_epochs_stand_in_order_and_once() -> None:
    state = _started()
    for epoch, accuracy in ((1, 0.1), (3, 0.3), (2, 0.2), (3, 0.33), (1, 0.11)):
        state.apply(EpochEnded(trial=0, epoch=epoch, step=epoch, train_loss=1.0, val_loss=1.0,
                               val_accuracy=accuracy, seconds=1.0))  # fmt: skip
    assert [(e.epoch, e.val_accuracy) for e in state.trials[0].epochs] == [
        (1, 0.11), (2, 0.2), (3, 0.33),
    ]  # fmt: skip


def test_a_trial_that_ended_isn_t_set_running_by_a_repeated_line() -> None:
    events = recorded_events()
    state = fold(events[:-1])
    before = [trial.status for trial in state.trials]
    state.apply(TrialStarted(trial=0))
    assert [trial.status for trial in state.trials] == before
    assert state.started is not None
    assert state.started.experiment == EXPERIMENT


def test_a_start_with_endless_trials_is_bounded() -> None:
    start = recorded_events()[0]
    assert isinstance(start, RunStarted)
    state = fold([replace(start, trials=(TrialPlan("rule", 0),) * (2 * MOST_TRIALS))])
    assert len(state.trials) == MOST_TRIALS
    assert state.notes == ["only the first 100,000 of 200,000 trials are kept"]
