"""A run in the moments before it trains, and what a person is told of one that was stopped."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from inittui.cli.console import note
from inittui.cli.interrupt import was_asked
from inittui.errors import InittuiError, MachineError
from inittui.events.records import RunEnded
from inittui.experiment.records import Experiment
from inittui.runs import (
    LogWriter,
    RunDirectory,
    create_named_run,
    delete_run,
    live_writer,
    read_experiment,
    run_directories,
    runs_root,
)
from inittui.runs.heartbeat import CHANGE_SECONDS


@contextmanager
def new_run(root: Path, experiment: Experiment) -> Iterator[RunDirectory]:
    """Make a run; where the block raises, nothing of it is left.

    Raises:
        MachineError: it can't be made.
    """
    missing = _missing(root)
    run = _make(root, experiment)
    try:
        yield run
    except BaseException:
        _remove(run, missing)
        raise


@contextmanager
def new_run_to_train(
    root: Path, experiment: Experiment
) -> Iterator[tuple[RunDirectory, LogWriter]]:
    """Make a run and take its log, which whoever trains closes.

    Where the block raises before anything was recorded, nothing of it is left; but a run that
    somebody stopped stays, as an interrupted one that can be resumed.
    """
    began, missing = time.monotonic(), _missing(root)
    run = _make(root, experiment)
    log = LogWriter(run)
    try:
        yield run, log.__enter__()
    except BaseException as error:
        is_recorded = _is_recorded(run)
        is_stopped = was_asked() or isinstance(error, KeyboardInterrupt)
        if is_stopped and not is_recorded:
            _end_unbegun(run, log, time.monotonic() - began)
        if log.is_open:
            log.__exit__(*sys.exc_info())
        if not (is_stopped or is_recorded):
            _remove(run, missing)
        raise


def _make(root: Path, experiment: Experiment) -> RunDirectory:
    _check_place()
    return create_named_run(root, experiment)


def _check_place() -> None:
    """Check that the current directory is there: where it was removed, MKL ends the process.

    Raises:
        MachineError: it isn't.
    """
    try:
        Path.cwd()
    except OSError as error:
        raise MachineError(
            f"the current directory can't be used ({error.strerror}); go to another one"
        ) from None


def _missing(root: Path) -> list[Path]:
    """Return the directories that are to be made for a run's, the innermost first."""
    return [path for path in (root, *root.parents) if not path.exists()]


def _remove(run: RunDirectory, made: list[Path]) -> None:
    with suppress(InittuiError):
        delete_run(run)
    for path in made:
        with suppress(OSError):  # another run is in it by now
            path.rmdir()


def _is_recorded(run: RunDirectory) -> bool:
    with suppress(OSError):
        return run.log.lstat().st_size > 0
    return False


def _end_unbegun(run: RunDirectory, log: LogWriter, seconds: float) -> None:
    ended = RunEnded(at=time.time(), status="interrupted", seconds=0.0, wall_seconds=seconds)
    with suppress(InittuiError):
        log.write(ended)
    tell_how_to_resume(run)


def tell_of_other_machines(runs: Sequence[RunDirectory]) -> None:
    """Say, before runs are removed or taken over, what it is that has to be waited for.

    All are looked at here for the first time, so that the waiting is done for all at once.
    """
    holders = [live_writer(run, to_change=True) for run in runs]
    far = [str(holder) for holder in holders if holder and holder.host and not holder.is_here]
    if far:
        note(f"looking for up to {CHANGE_SECONDS:.0f} s whether {far[0]} still writes")


def tell_how_to_resume(run: RunDirectory) -> None:
    """Say how an interrupted run goes on."""
    from inittui.initializers.named_code import named_code

    root = run.path.parent
    is_last = next(iter(run_directories(root)), None) == run
    words = ["inittui", "runs", "resume", "last" if is_last else run.id]
    if named_code(read_experiment(run)):
        words.append("--trust")
    if root != runs_root():
        words += ["--runs-dir", str(root)]
    note(f"interrupted; '{shlex.join(words)}' goes on with it")
