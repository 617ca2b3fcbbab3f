"""A run in the moments before it trains, and what a person is told of one that was stopped."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from inittui.cli.console import note
from inittui.cli.interrupt import was_asked
from inittui.errors import InittuiError
from inittui.events.records import RunEnded
from inittui.experiment.records import Experiment
from inittui.runs import (
    LogWriter,
    RunDirectory,
    create_run,
    delete_run,
    read_experiment,
    run_directories,
    runs_root,
)


@contextmanager
def new_run(root: Path, experiment: Experiment) -> Iterator[RunDirectory]:
    """Make a run; where the block raises, remove it again, and what was made above it.

    Raises:
        MachineError: it can't be made.
    """
    missing = [path for path in (root, *root.parents) if not path.exists()]
    run = create_run(root, experiment)
    try:
        yield run
    except BaseException:
        with suppress(InittuiError):
            delete_run(run)
        for path in missing:
            with suppress(OSError):  # another run is in it by now
                path.rmdir()
        raise


@contextmanager
def new_run_to_train(
    root: Path, experiment: Experiment
) -> Iterator[tuple[RunDirectory, LogWriter]]:
    """Make a run and take its log, which whoever trains closes.

    Where the block raises before anything was recorded, nothing is left; but a run that somebody
    stopped stays, as an interrupted one that can be resumed.
    """
    began = time.time()
    with ExitStack() as removing:
        run = removing.enter_context(new_run(root, experiment))
        log = LogWriter(run).__enter__()
        try:
            yield run, log
        except BaseException as error:
            is_stopped = was_asked() or isinstance(error, KeyboardInterrupt)
            if is_stopped or not log.is_empty:
                removing.pop_all()
            if log.is_empty and is_stopped:
                now = time.time()
                ended = RunEnded(
                    at=now, status="interrupted", seconds=0.0, wall_seconds=now - began
                )
                with suppress(InittuiError):
                    log.write(ended)
                tell_how_to_resume(run)
            if log.is_open:
                log.__exit__(*sys.exc_info())
            raise


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
