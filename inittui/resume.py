"""Going on with a run that was killed, interrupted or lost its machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.errors import UsageError
from inittui.experiment import Experiment
from inittui.runs import RunDirectory, live_writer, load_state, read_experiment
from inittui.state import ENDED, RunState

if TYPE_CHECKING:
    from inittui.training.engine import Earlier
    from inittui.training.materials import Materials


@dataclass(frozen=True)
class Resumption:
    """A run that can go on."""

    run: RunDirectory
    state: RunState
    """What was measured so far."""
    experiment: Experiment


def open_resumption(run: RunDirectory) -> Resumption:
    """Read a run that is to go on.

    One whose process ended before it wrote anything begins from the beginning.

    Raises:
        InittuiError: it is over, somebody writes it, or it can't be read.
        OSError: its experiment can't be read.
    """
    holder = live_writer(run)
    if holder is not None:
        raise UsageError(f"run {run.id} is being written by {holder}")
    state = load_state(run)[0] if os.path.lexists(run.log) else RunState()
    if state.ended is not None and state.ended.status in ("finished", "nothing-finished"):
        raise UsageError(f"run {run.id} is over: nothing is left to resume")
    return Resumption(run, state, read_experiment(run))


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
    )


def differences(resumption: Resumption, materials: Materials) -> list[str]:
    """Say what is no longer as it was: the numbers would not be those of one run."""
    from inittui.training.device import device_title
    from inittui.training.engine import versions

    started = resumption.state.started
    if started is None:
        return []
    found = []
    if started.experiment != resumption.experiment:
        found.append("experiment.toml was changed")
    if started.trials != materials.trials:
        found.append("the trials are others")
    if started.data and started.data != materials.fingerprint:
        found.append("the data are others")
    now = versions()
    found += [
        f"{name} was {then}, is {now.get(name, 'missing')}"
        for name, then in started.versions.items()
        if now.get(name) != then
    ]
    here = f"{materials.device} ({device_title(materials.device)})"
    there = f"{started.device} ({started.device_name})"
    if here != there:
        found.append(f"the device was {there}, is {here}")
    return found
