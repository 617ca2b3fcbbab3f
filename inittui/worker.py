"""The process that trains: engine → log. `python -m inittui.worker RUN_DIR` trains one run.

The command line records in its own process; the terminal UI and detached runs start this module
in a session of its own, so that neither a closed terminal nor a crash of the screen stops it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inittui.errors import ExitCode, InittuiError, MachineError, UsageError
from inittui.events import Event, Noted, RunEnded
from inittui.resume import Resumption, open_resumption
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
        """What couldn't be kept on the disk, the log or a checkpoint: training went on."""
        self._store: CheckpointStore | None = None
        self._told = False

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
        if self._store is not None and self._store.failed and self.failure is None:
            self.failure = MachineError("not every checkpoint could be kept; what was measured is")

    def _checkpoints(self, log: LogWriter | None) -> CheckpointStore | None:
        from inittui.training.checkpoints import SAVE_SECONDS, CheckpointStore

        if self._run is None or log is None:
            return None

        def log_is_on_disk() -> bool:
            if self.failure is None:
                try:
                    log.sync()
                except LogWriteError as error:
                    self.failure = error
            return self.failure is None

        every = self._checkpoint_seconds
        self._store = CheckpointStore(
            self._run.checkpoints,
            log_is_on_disk=log_is_on_disk,
            every=SAVE_SECONDS if every is None else every,
        )
        return self._store

    def _write(self, log: LogWriter, event: Event) -> Iterator[Event]:
        if self.failure is None:
            try:
                log.write(event)
            except LogWriteError as error:
                self.failure = error
        if self.failure is not None and not self._told:
            self._told = True
            message = f"{self.failure}; training goes on, nothing more is kept"
            yield Noted(at=event.at, message=message)

    @classmethod
    def of_resumption(
        cls,
        resumption: Resumption,
        *,
        force: bool = False,
        trust: bool = False,
        checkpoint_seconds: float | None = None,
    ) -> Recorder:
        """Make ready what goes on with a run.

        Raises:
            InittuiError: something is not as it was and ``force`` isn't given; or the run's
                experiment names code and ``trust`` isn't given; or it can't be run here.
        """
        from inittui.resume import OTHER_TRIALS, differences, earlier_of
        from inittui.training.materials import prepare
        from inittui.trust import load_code

        run = resumption.run
        load_code(resumption.experiment, run.experiment_file, trust=trust)
        materials = prepare(resumption.experiment)
        found = differences(resumption, materials)
        if OTHER_TRIALS in found:
            raise UsageError(
                f"run {run.id} can't go on: {'; '.join(found)}; what is in experiment.toml now is "
                "another run: 'inittui compare --config' starts it"
            )
        if found and not force:
            raise UsageError(
                f"run {run.id} would not go on as it began: {'; '.join(found)}; "
                "--force resumes it all the same"
            )
        earlier = earlier_of(resumption.state, found)
        return cls(materials, run, earlier=earlier, checkpoint_seconds=checkpoint_seconds)

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


def work(
    run: RunDirectory,
    *,
    resume: bool = False,
    trust: bool = False,
    checkpoint_seconds: float | None = None,
) -> ExitCode:
    """Train a run's experiment until it ends or SIGTERM asks for an orderly stop."""
    began = time.time()
    os.nice(NICENESS)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resumption = open_resumption(run) if resume else None
    except InittuiError as error:  # nothing about it belongs into the log
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    try:
        recorder = (
            Recorder.of_resumption(resumption, trust=trust, checkpoint_seconds=checkpoint_seconds)
            if resumption
            else _new_recorder(run, trust=trust, checkpoint_seconds=checkpoint_seconds)
        )
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


def _new_recorder(run: RunDirectory, *, trust: bool, checkpoint_seconds: float | None) -> Recorder:
    from inittui.training.materials import prepare
    from inittui.trust import load_code

    experiment = read_experiment(run)
    load_code(experiment, run.experiment_file, trust=trust)
    return Recorder(prepare(experiment), run, checkpoint_seconds=checkpoint_seconds)


def _tell_failure(run: RunDirectory, reason: str) -> None:
    """Write into the log why the run ended, where the log can still be written."""
    ended = RunEnded(at=time.time(), status="failed", seconds=0.0, wall_seconds=0.0, reason=reason)
    try:
        with LogWriter(run) as log:
            log.write(ended)
    except MachineError as error:
        print(error, file=sys.stderr)  # noqa: T201


def main() -> ExitCode:
    """Train the run that the command line names."""
    parser = argparse.ArgumentParser("inittui.worker", description="Train one run.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--trust", action="store_true")
    parser.add_argument("--checkpoint-every", type=float, metavar="SECONDS")
    options = parser.parse_args()
    from inittui.training.allocation import keep_freed_memory

    keep_freed_memory()
    return work(
        RunDirectory(options.directory.absolute()),
        resume=options.resume,
        trust=options.trust,
        checkpoint_seconds=options.checkpoint_every,
    )


if __name__ == "__main__":
    sys.exit(main())
