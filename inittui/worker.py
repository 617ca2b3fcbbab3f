"""The process that trains: engine → log. `python -m inittui.worker RUN_DIR` trains one run.

The command line records in its own process; the terminal UI and detached runs start this module
in a session of its own, so that neither a closed terminal nor a crash of the screen stops it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inittui.errors import ExitCode, InittuiError, MachineError
from inittui.events import Event, Noted, RunEnded
from inittui.runs import LogWriteError, LogWriter, RunDirectory, read_experiment

if TYPE_CHECKING:
    from inittui.training.checkpoints import CheckpointStore
    from inittui.training.engine import Earlier
    from inittui.training.materials import Materials

NICENESS = 10
"""How far a worker steps back, so that a screen on the same machine stays quick."""


class Recorder:
    """Trains what was prepared and writes its log; a log that can't be written is let go."""

    def __init__(
        self,
        materials: Materials,
        run: RunDirectory | None,
        *,
        earlier: Earlier | None = None,
        checkpoint_seconds: float | None = None,
    ) -> None:
        """Take what is to be trained, and where it is kept.

        Args:
            materials: the prepared experiment.
            run: the directory of its run; None keeps nothing.
            earlier: what an interrupted run had come to, to go on from there.
            checkpoint_seconds: how often long epochs are saved; None is the engine's default.
        """
        self._materials = materials
        self._run = run
        self._earlier = earlier
        self._checkpoint_seconds = checkpoint_seconds
        self.failure: MachineError | None = None
        """Why the log stopped, where it did: training went on."""

    def events(
        self,
        *,
        should_stop: Callable[[], bool],
        command: Sequence[str] = (),
        process_started: float | None = None,
    ) -> Iterator[Event]:
        """Train; yield every event after it was written.

        Raises:
            MachineError: before the first event, where the log can't be opened.
        """
        from inittui.training.engine import train

        with self._log() as log:
            for event in train(
                self._materials,
                should_stop=should_stop,
                run=self._run.id if self._run else "",
                command=command,
                process_started=process_started,
                checkpoints=self._checkpoints(log),
                earlier=self._earlier,
            ):
                if log is not None:
                    yield from self._write(log, event)
                yield event

    def _checkpoints(self, log: LogWriter | None) -> CheckpointStore | None:
        from inittui.training.checkpoints import SAVE_SECONDS, CheckpointStore

        if self._run is None or log is None:
            return None

        def log_is_on_disk() -> None:
            if self.failure is not None:
                raise OSError("its log can't be written")
            try:
                log.sync()
            except LogWriteError as error:
                raise OSError(str(error)) from None

        every = self._checkpoint_seconds
        return CheckpointStore(
            self._run.checkpoints,
            before_save=log_is_on_disk,
            every=SAVE_SECONDS if every is None else every,
        )

    def _write(self, log: LogWriter, event: Event) -> Iterator[Event]:
        if self.failure is not None:
            return
        try:
            log.write(event)
        except LogWriteError as error:
            self.failure = error
            yield Noted(at=event.at, message=f"{error}; training goes on, nothing more is kept")

    @contextmanager
    def _log(self) -> Iterator[LogWriter | None]:
        """Open the log; note if the end of it doesn't reach the disk, which stops nothing."""
        if self._run is None:
            yield None
            return
        log = LogWriter(self._run)
        log.__enter__()
        try:
            yield log
        finally:
            try:
                log.__exit__(*sys.exc_info())
            except LogWriteError as error:
                self.failure = self.failure or error


def work(run: RunDirectory) -> ExitCode:
    """Train a run's experiment until it ends or SIGTERM asks for an orderly stop."""
    began = time.time()
    os.nice(NICENESS)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        from inittui.training.materials import prepare

        experiment = read_experiment(run)
        recorder = Recorder(prepare(experiment), run)
        for _ in recorder.events(should_stop=asked.is_set, command=sys.argv, process_started=began):
            pass
    except InittuiError as error:
        _tell_failure(run, str(error))
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BaseException as error:
        _tell_failure(run, f"{type(error).__name__}: {error}")
        raise
    return ExitCode.ENVIRONMENT if recorder.failure else ExitCode.DONE


def _tell_failure(run: RunDirectory, reason: str) -> None:
    """Write into the log why the run ended, where the log can still be written."""
    ended = RunEnded(at=time.time(), status="failed", seconds=0.0, wall_seconds=0.0, reason=reason)
    try:
        with LogWriter(run) as log:
            log.write(ended)
    except MachineError as error:
        print(error, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m inittui.worker RUN_DIR")
    sys.exit(work(RunDirectory(Path(sys.argv[1]).absolute())))
