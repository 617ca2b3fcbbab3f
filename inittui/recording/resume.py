"""Going on with a run that was killed, interrupted or lost its machine."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from inittui.errors import ExitCode, InittuiError
from inittui.experiment.records import Experiment
from inittui.initializers.code_digest import code_digests
from inittui.results.state import RunState
from inittui.results.trial_state import ENDED, TrialState
from inittui.runs import (
    Damage,
    RunBusyError,
    RunDirectory,
    live_writer,
    load_state,
    log_size,
    read_experiment,
)
from inittui.text import sanitize
from inittui.user_code import remember_place

if TYPE_CHECKING:
    from inittui.training.engine import Earlier
    from inittui.training.prepared import Prepared


OTHER_TRIALS = "the trials are others"
"""The one difference that nobody can insist on: their results would stand under other names."""


@dataclass(frozen=True)
class Resumption:
    """A run that can go on."""

    run: RunDirectory
    state: RunState
    """What was measured so far."""
    experiment: Experiment
    damage: tuple[str, ...] = ()
    """What is wrong with its log, a line each."""
    log_size: int = 0
    """Bytes that its log had when it was read."""


class RunIsOverError(InittuiError):
    """Nothing is left to do: no failure."""

    exit_code = ExitCode.DONE


def open_resumption(run: RunDirectory, *, force: bool = False) -> Resumption:
    """Read a run that is to go on.

    One whose process ended before it wrote anything begins from the beginning. ``force`` takes a
    run from another host, of which can't be told for sure whether it still writes.

    Raises:
        RunIsOverError: every trial has come to its end.
        RunBusyError: somebody writes it.
        InittuiError: it can't be read.
        OSError: its experiment can't be read.
    """
    # Before all else: whoever writes from here on makes the log another than the one that is read.
    size = log_size(run)
    holder = live_writer(run, wait=not force, to_change=True)
    elsewhere = holder is not None and bool(holder.host) and not holder.is_here
    if elsewhere and not force:
        raise RunBusyError(
            f"run {run.id} was written to a moment ago by {holder}; if that has stopped, "
            f"'inittui runs resume {run.id} --force' goes on with the run"
        )
    if holder is not None and not elsewhere:
        raise RunBusyError(f"run {run.id} is being written by {holder}")
    state, damage = load_state(run) if os.path.lexists(run.log) else (RunState(), Damage())
    if state.ended is not None and state.ended.status in ("finished", "nothing-finished"):
        raise RunIsOverError(f"run {run.id} is over, already done: nothing is left to resume")
    return Resumption(run, state, read_experiment(run), tuple(damage.messages()), size)


def earlier_of(state: RunState, differences: Sequence[str] = ()) -> Earlier | None:
    """Return what the engine has to know of what was done; None where nothing was begun."""
    from inittui.training.engine import Earlier

    if state.started is None or state.stacks is None:
        return None
    ended = {trial.index: trial.seconds for trial in state.trials if trial.status in ENDED}
    return Earlier(
        kind=state.stacks.kind,
        groups=state.stacks.groups,
        ended=ended,
        finished=sum(trial.status == "finished" for trial in state.trials),
        differences=tuple(differences),
        logged={trial.index: _logged(trial) for trial in state.trials},
    )


def _logged(trial: TrialState) -> tuple[int, int]:
    """Return how many steps and epochs the log holds without a gap, from the first on."""
    gap = next((step for step, loss in enumerate(trial.losses) if math.isnan(loss)), trial.steps)
    return gap, len(trial.epochs)


def _changes(then: Experiment, now: Experiment) -> list[str]:
    """Say which settings of an experiment were changed."""
    before, after = _settings(then), _settings(now)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    shown = [f"{name} was {before.get(name)}, is {after.get(name)}" for name in changed]
    return [f"experiment.toml was changed: {sanitize(each, 200)}" for each in shown]


def _settings(experiment: Experiment) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in msgspec.to_builtins(experiment).items():
        if isinstance(value, dict) and name != "layers":
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            found[name] = value
    return found


def remember_code(state: RunState) -> None:
    """Let this process find the run's own code where the run had found it.

    Where there is none now, as its folder was moved or has a name that no log can hold, the same
    file may be seen from here; another one of that name is none of the run's.
    """
    for reference, (path, digest) in (state.started.code if state.started else {}).items():
        place = reference.rpartition(":")[0]
        is_gone = place.endswith(".py") and not Path(path).is_file()
        if not (is_gone and code_digests([reference]).get(reference, ("", ""))[1] == digest):
            remember_place(place, path)


def _code_changes(then: Mapping[str, tuple[str, str]]) -> list[str]:
    now = code_digests(list(then))
    return [
        f"the code of {sanitize(reference, 120)} was changed, or what it imports from beside it"
        for reference, (_, digest) in then.items()
        if now.get(reference, ("", ""))[1] != digest
    ]


def differences(resumption: Resumption, prepared: Prepared) -> list[str]:
    """Say what is no longer as it was: the numbers would not be those of one run."""
    from inittui.training.hardware import arithmetic, versions, where_trained

    started = resumption.state.started
    if started is None:
        return []
    found = _changes(started.experiment.identity, resumption.experiment.identity)
    if started.trials != prepared.trials:
        found.append(OTHER_TRIALS)
    if started.data and started.data != prepared.data.fingerprint:
        found.append("the data are others")
    found += _code_changes(started.code)
    # Where others train than this machine, nothing is known of how they round.
    now = started.versions | versions() | arithmetic(prepared.asked_for.training)
    found += [
        f"{name} was {then}, is {now[name]}"
        for name, then in started.versions.items()
        if now[name] != then
    ]
    device, title = where_trained(prepared.asked_for.training)
    is_other = str(device).partition(":")[0] != started.device.partition(":")[0]
    if started.device_name:  # which of several alike it is changes no number
        is_other = is_other or title != started.device_name
    if started.device and is_other:
        named = f" ({started.device_name})" if started.device_name else ""
        found.append(f"the device was {started.device}{named}, is {device} ({title})")
    return found
