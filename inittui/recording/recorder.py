"""Trains what was prepared and writes its log: the only way from events to a run directory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inittui.errors import MachineError, UsageError
from inittui.events.records import Event, Noted
from inittui.recording.resume import Resumption
from inittui.runs import LogWriteError, LogWriter, RunDirectory

if TYPE_CHECKING:
    from inittui.training.checkpoints import CheckpointStore
    from inittui.training.engine import Earlier
    from inittui.training.prepared import Prepared


class Recorder:
    """Trains what was prepared and writes its log; a log that can't be written is let go."""

    def __init__(
        self,
        prepared: Prepared,
        run: RunDirectory | None,
        *,
        earlier: Earlier | None = None,
        log_size: int | None = None,
        checkpoint_seconds: float | None = None,
    ) -> None:
        """Take what is to be trained, and where it is kept.

        Args:
            prepared: the prepared experiment.
            run: the directory of its run; None keeps nothing.
            earlier: what an interrupted run had come to, to go on from there.
            log_size: bytes that the log had when ``earlier`` was read; another log isn't written.
            checkpoint_seconds: how often long epochs are saved; None is the engine's default.
        """
        self._prepared = prepared
        self._log_size = log_size
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
                self._prepared,
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
        from inittui.recording.resume import (
            OTHER_TRIALS,
            differences,
            earlier_of,
            remember_code,
        )
        from inittui.training.prepared import prepare
        from inittui.trust import load_code

        run = resumption.run
        remember_code(resumption.state)
        load_code(resumption.experiment, run.experiment_file, trust=trust)
        prepared = prepare(resumption.experiment)
        found = differences(resumption, prepared)
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
        return cls(
            prepared,
            run,
            earlier=earlier,
            log_size=resumption.log_size,
            checkpoint_seconds=checkpoint_seconds,
        )

    @contextmanager
    def _log(self) -> Iterator[LogWriter | None]:
        """Open the log; note if the end of it doesn't reach the disk, which stops nothing."""
        if self._run is None:
            yield None
            return
        log = LogWriter(self._run, size=self._log_size)
        log.__enter__()
        try:
            yield log
        finally:
            try:
                log.__exit__(*sys.exc_info())
            except LogWriteError as error:
                self.failure = self.failure or error
