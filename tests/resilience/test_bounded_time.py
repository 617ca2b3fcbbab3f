"""Any run directory is looked at in time proportional to its bytes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inittui.events.records import (
    EpochEnded,
    Event,
    Noted,
    RunEnded,
    RunResumed,
    RunStarted,
    StepLosses,
    TrialEnded,
    TrialStarted,
    Validated,
)
from inittui.experiment.records import Experiment
from inittui.experiment.trials import TrialPlan
from inittui.results.comparison import MOST_COMPARED, Comparison
from inittui.results.state import MOST_VISITS, RunState, fold
from inittui.runs import LogWriter, RunDirectory, create_run
from tests.support.processes import Launcher


def _start(trials: int, seeds: int = 1) -> RunStarted:
    plans = [
        TrialPlan(f"normal:std={i + 1}", s) for i in range(trials // seeds) for s in range(seeds)
    ]
    return RunStarted(
        run="20260101-000000-000-abcdef", experiment=Experiment(), trials=tuple(plans),
        steps_per_epoch=2, device="cpu", classes=10, validated=1000,
    )  # fmt: skip


def _epoch(trial: int, epoch: int) -> EpochEnded:
    return EpochEnded(
        trial=trial, epoch=epoch, step=2 * epoch, train_loss=1.0, val_loss=1.0,
        val_accuracy=0.1 + trial % 1000 / 2000, seconds=1.0,
    )  # fmt: skip


def _trained(trials: int, seeds: int = 1) -> list[Event]:
    events: list[Event] = [_start(trials, seeds)]
    for trial in range(trials // seeds * seeds):
        events += [
            TrialStarted(trial=trial),
            StepLosses(trial=trial, first=0, values=(2.3, 2.2)),
            _epoch(trial, 1),
            TrialEnded(trial=trial, status="finished", step=2, seconds=1.0),
        ]
    return [*events, RunEnded(status="finished", seconds=1.0, wall_seconds=1.0)]


def _recorded(root: Path, events: list[Event]) -> RunDirectory:
    run = create_run(root, Experiment())
    with LogWriter(run) as log:
        log.write_many(events)
    return run


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_run_of_many_trials_is_shown_and_listed(
    inittui: Launcher, tmp_path: Path, long_form: bool, tell: Callable[[str, str], None], seeds: int
) -> None:
    trials = 100_000 if long_form else 10_000
    _recorded(tmp_path / "runs", _trained(trials, seeds))
    took = {}
    for look in (("list",), ("show",), ("list",)):
        began = time.monotonic()
        result = inittui.run("runs", *look, "--runs-dir", tmp_path / "runs")
        took[look[0]] = time.monotonic() - began
        assert result.code == 0, result.err
    assert f"{trials // seeds - 500:,} more schemes: --csv and --json have them" in " ".join(
        inittui.run("runs", "show", "--runs-dir", tmp_path / "runs").out.split()
    )
    # 100,000 take 3 s; 20,000 took minutes where each was compared with each. The limits are for a
    # busy machine.
    assert took["show"] < (20 if long_form else 10)
    assert took["list"] < 5
    tell(
        f"{trials:,} trials, {seeds} seeds",
        f"shown in {took['show']:.1f} s, listed in {took['list']:.1f} s",
    )


def _seconds(events: list[Event]) -> tuple[float, RunState]:
    began = time.process_time()
    state = fold(events)
    for trial in state.trials:
        _ = trial.epochs, trial.validations, trial.probes
    return time.process_time() - began, state


@pytest.mark.parametrize("kind", ["epochs", "validations", "losses"])
def test_events_in_reverse_order_cost_no_more_than_sorted_ones(kind: str) -> None:
    def make(i: int) -> Event:
        if kind == "epochs":
            return _epoch(0, i + 1)
        if kind == "validations":
            return Validated(trial=0, step=i, val_loss=1.0, val_accuracy=0.5)
        return StepLosses(trial=0, first=i, values=(float(i),))

    events = [make(i) for i in range(200_000)]
    sorted_seconds, sorted_state = _seconds([_start(1), *events])
    seconds, state = _seconds([_start(1), *reversed(events)])
    assert state.trials == sorted_state.trials
    assert seconds < 3 * sorted_seconds + 1  # 5 s and more where each was inserted


def test_a_run_that_ends_and_goes_on_without_end_is_not_followed_for_ever() -> None:
    again = [
        RunEnded(status="interrupted", seconds=1.0, wall_seconds=1.0),
        RunResumed(device="cpu", differences=("torch was 1, is 2",)),
        TrialStarted(trial=0, step=0),
    ]
    seconds, state = _seconds([_start(50_000), *again * 5_000])
    assert seconds < 10  # minutes, where each was followed; 1 measured
    assert "it is said to have gone on more often than can be followed" in state.notes
    assert state.status == "running"


def test_the_same_measured_again_and_again_is_forgotten_in_time() -> None:
    events: list[Event] = [_start(1), RunResumed(device="cpu", differences=("x",))]
    events += [_epoch(0, i) for i in range(1, 20_001)]
    events += [TrialStarted(trial=0, step=10**6)] * 20_000
    assert _seconds(events)[0] < 10
    assert MOST_VISITS < 20_000 * 20_000


def test_notes_without_end_cost_little() -> None:
    notes: list[Event] = [Noted(message=f"{i % 999} " + "x" * 3_000) for i in range(100_000)]
    seconds, state = _seconds([_start(1), *notes])
    assert len(state.notes) == 999
    assert seconds < 2


def test_how_many_seeds_would_tell_is_worked_out_for_pairs_with_the_best_alone() -> None:
    draw = random.Random(0)
    values = {f"s{i}": {seed: draw.random() for seed in range(4)} for i in range(MOST_COMPARED)}
    began = time.process_time()
    found = Comparison(values, higher_is_better=True)
    assert time.process_time() - began < 4  # 14, where it was for all 31,125; 0.6 measured
    assert any(each.seeds_needed for each in found.differences.values())


def test_more_contestants_than_can_be_compared_have_no_ranks() -> None:
    def compared(count: int) -> Comparison:
        values = {f"s{i}": {seed: i + seed / 10 for seed in range(3)} for i in range(count)}
        return Comparison(values, higher_is_better=True)

    assert compared(MOST_COMPARED).ranks["s0"] == MOST_COMPARED
    began = time.process_time()
    many = compared(20_000)
    assert time.process_time() - began < 3
    assert (many.ranks, many.differences) == ({}, {})
    assert many.order[0] == "s19999"
