"""A run as event files that TensorBoard reads: a folder of its own for every trial.

Needs the package `tensorboard`, which the extra of that name installs.
"""

from __future__ import annotations

import os
import re
import shutil
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from inittui.errors import MachineError, UsageError
from inittui.events.wire_numbers import from_wire
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState

_LONGEST = 80
"""Characters of a scheme in the name of a folder."""


def write_event_files(state: RunState, folder: Path) -> None:
    """Make a folder with the curves of a run; one that is there is replaced, if it is of this kind.

    Tags: ``loss/train`` of every step; ``loss/validation`` and ``accuracy/validation`` of every
    evaluation, or ``loss/test`` and ``accuracy/test`` where it is on the test images. Steps are
    those taken before; times between two evaluations are interpolated.

    Raises:
        UsageError: something else is there.
        MachineError: the package is missing.
        OSError: it can't be written.
    """
    _check_package()
    if folder.exists() and not _is_ours(folder):
        raise UsageError(f"{folder} holds more than event files; it is not replaced")
    beside = folder.with_name(f".{folder.name}.{os.urandom(4).hex()}")
    try:
        beside.mkdir()
        for trial in state.trials:
            _write_trial(trial, state, beside / _folder_name(trial))
        if folder.exists():
            shutil.rmtree(folder)
        beside.replace(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _check_package() -> None:
    try:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401
    except ImportError:
        raise MachineError(
            "event files need the package tensorboard; pip install 'inittui[tensorboard]'"
        ) from None


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and all(
        entry.is_dir() and all(file.name.startswith("events.out") for file in entry.iterdir())
        for entry in folder.iterdir()
    )


def _folder_name(trial: TrialState) -> str:
    scheme = re.sub(r"[^A-Za-z0-9_=+-]+", "_", trial.scheme)[:_LONGEST]
    return f"{trial.index:03d}-{scheme}-seed{trial.seed}"


def _write_trial(trial: TrialState, state: RunState, folder: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    times = _times(trial, state)
    writer = EventFileWriter(str(folder))
    try:
        for tag, step, value in _points(trial, state.evaluated_on):
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            event = Event(wall_time=_time(times, step), step=step, summary=summary)
            writer.add_event(event)
    finally:
        writer.close()


def _points(trial: TrialState, part: str) -> Iterator[tuple[str, int, float]]:
    """Yield tag, steps taken before, value."""
    for step, loss in enumerate(trial.losses):
        yield "loss/train", step, loss
    for event in trial.validated:
        yield f"loss/{part}", event.step, from_wire(event.val_loss)
        yield f"accuracy/{part}", event.step, event.val_accuracy


def _times(trial: TrialState, state: RunState) -> list[tuple[int, float]]:
    """Return the steps of which it is known when they were taken, in order."""
    known = {0: state.started.at if state.started else 0.0}
    known |= {event.step: event.at for event in trial.validated}
    return sorted(known.items())


def _time(times: list[tuple[int, float]], step: int) -> float:
    place = bisect_left(times, step, key=lambda known: known[0])
    if place == len(times):
        return times[-1][1]
    after, end = times[place]
    if after == step:
        return end
    before, begin = times[place - 1]
    return begin + (end - begin) * (step - before) / (after - before)
