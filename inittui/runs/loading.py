"""From a run directory to the state of its run."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from inittui.errors import InittuiError, MachineError
from inittui.events.records import Event, Noted, RunEnded, RunStarted
from inittui.experiment.records import Experiment
from inittui.experiment.toml import MAXIMUM_FILE_BYTES, from_toml
from inittui.files import read_small
from inittui.results.state import RunState
from inittui.runs.damage import Damage
from inittui.runs.directory import RunDirectory, read_name
from inittui.runs.lock import live_writer
from inittui.runs.log import iter_log

LEFT = "its process ended without finishing"
"""The reason that a run which was left without an end gets: whoever lists it calls it lost."""


def load_state(run: RunDirectory) -> tuple[RunState, Damage]:
    """Return what a run has come to, under its present name, and what is wrong with its log.

    Raises:
        MachineError: there is no log, or it can't be read.
    """
    state = RunState()
    damage = Damage()
    try:
        for event in _with_start(run, damage):
            state.apply(event)
    except FileNotFoundError:
        raise MachineError(f"run {run.id} has no log: nothing of it was recorded") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise MachineError(f"run {run.id}: the log can't be read: {reason}") from None
    if state.started is not None:
        state.started = named(_counted(state.started, state), read_name(run))
    return state, damage


def load_settled(run: RunDirectory) -> tuple[RunState, Damage]:
    """Load as `load_state`; a run that was left without an end is ended as interrupted.

    Raises:
        MachineError: there is no log, or it can't be read.
    """
    # Asked before the log is read: a writer that ends in between has written the end by then.
    is_live = live_writer(run, wait=True) is not None
    state, damage = load_state(run)
    if state.started is not None and state.ended is None and not is_live:
        state.apply(
            RunEnded(
                at=state.last_at,
                status="interrupted",
                seconds=sum(trial.seconds for trial in state.trials),
                wall_seconds=max(state.last_at - state.started.at, 0.0),
                reason=LEFT,
            )
        )
    return state, damage


@contextmanager
def no_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: there is none in a state, and looking through that of
    100,000 trials again and again takes a quarter of the time of their report."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_experiment(run: RunDirectory) -> Experiment:
    """Return the experiment as the run's file has it.

    Raises:
        InittuiError: it can't be understood, or is no regular file.
        OSError: it can't be read.
    """
    content = read_small(run.experiment_file, MAXIMUM_FILE_BYTES)
    return from_toml(content.decode(errors="replace"), str(run.experiment_file))


def _with_start(run: RunDirectory, damage: Damage) -> Iterator[Event]:
    """Yield the log's events; where its first line is lost, with a start from the experiment."""
    events = iter_log(run.log, damage)
    for event in events:
        if not isinstance(event, RunStarted | RunEnded | Noted):
            start = _start_from_file(run, damage)
            yield from itertools.chain([start] if start else [], [event], events)
            return
        yield event
        if isinstance(event, RunStarted):
            yield from events


def _start_from_file(run: RunDirectory, damage: Damage) -> RunStarted | None:
    from inittui.experiment.sweeps import plan_trials

    try:
        experiment = read_experiment(run)
        trials = plan_trials(experiment)
    except (OSError, InittuiError):
        damage.repairs.append("the start of the run is lost, and experiment.toml can't be read")
        return None
    damage.repairs.append("the start of the run is lost; its trials are those of experiment.toml")
    return RunStarted(
        run=run.id, experiment=experiment, trials=trials, steps_per_epoch=0, device=""
    )


def _counted(started: RunStarted, state: RunState) -> RunStarted:
    """Fill in the steps of an epoch, which only the log knows, from what the trials took."""
    if started.steps_per_epoch:
        return started
    epochs = [trial.epochs[0] for trial in state.trials if trial.epochs]
    steps = epochs[0].step // max(epochs[0].epoch, 1) if epochs else 0
    steps = steps or max((trial.steps for trial in state.trials), default=0)
    return replace(started, steps_per_epoch=steps)


def named(started: RunStarted, name: str | None) -> RunStarted:
    if name is None:
        return started
    return replace(started, experiment=replace(started.experiment, name=name))
