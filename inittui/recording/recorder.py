"""Trains what was prepared and writes its log: the only way from events to a run directory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from inittui.errors import InittuiError, MachineError, UsageError
from inittui.events.records import Event, Noted, RunEnded
from inittui.recording.resume import Resumption
from inittui.runs import LogWriteError, LogWriter, RunDirectory
from inittui.runs.retrying import RetryingWriter

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
        log: LogWriter | None = None,
        earlier: Earlier | None = None,
        checkpoint_seconds: float | None = None,
    ) -> None:
        """Take what is to be trained, and where it is kept.

        Args:
            prepared: the prepared experiment.
            run: the directory of its run; None keeps nothing.
            log: its log, where that is open already; it is closed when the run is over.
            earlier: what an interrupted run had come to, to go on from there.
            checkpoint_seconds: how often long epochs are saved; None is the engine's default.
        """
        self._prepared = prepared
        self._opened = log
        self._run = run
        self._earlier = earlier
        self._checkpoint_seconds = checkpoint_seconds
        self.failure: MachineError | None = None
        """What couldn't be kept on the disk, the log or a checkpoint: training went on."""
        self.has_told_failure = False
        """Whether the log says why training couldn't go on."""
        self._store: CheckpointStore | None = None

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
            kept = RetryingWriter(log) if log is not None else None
            notes = [log.remark] if log is not None and log.remark else []
            steps = train(
                self._prepared,
                should_stop=should_stop,
                run=self._run.id if self._run else "",
                command=command,
                process_started=process_started,
                checkpoints=self._checkpoints(kept),
                earlier=self._earlier,
            )
            for event in self._telling_failures(steps, kept):
                yield from _written(kept, event)
                yield event
                while notes:
                    note = Noted(at=event.at, message=notes.pop())
                    yield from _written(kept, note)
                    yield note
            if kept is not None:
                self.failure = kept.failure
        if self._store is not None and self._store.failed and self.failure is None:
            self.failure = MachineError("not every checkpoint could be kept; what was measured is")

    def _telling_failures(
        self, steps: Iterator[Event], log: RetryingWriter | None
    ) -> Iterator[Event]:
        """Write into the log why training ended where it couldn't go on, as in somebody's code."""
        try:
            yield from steps
        except Exception as error:
            expected = isinstance(error, InittuiError)
            reason = str(error) if expected else f"{type(error).__name__}: {error}"
            self.has_told_failure = True
            for _ in _written(log, failed(reason)):
                pass
            raise

    def _checkpoints(self, log: RetryingWriter | None) -> CheckpointStore | None:
        from inittui.training.checkpoints import SAVE_SECONDS, CheckpointStore

        if self._run is None or log is None:
            return None
        every = self._checkpoint_seconds
        self._store = CheckpointStore(
            self._run.checkpoints,
            log_is_on_disk=log.sync,
            log_lacks_room=log.lacks_room,
            every=SAVE_SECONDS if every is None else every,
        )
        return self._store

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
        # Before all that takes long, torch above all: nobody shall remove the run meanwhile.
        with ExitStack() as stack:
            log = stack.enter_context(LogWriter(resumption.run, size=resumption.log_size))
            prepared, earlier = _prepared_again(resumption, force=force, trust=trust)
            stack.pop_all()  # the recorder closes it
        return cls(
            prepared,
            resumption.run,
            log=log,
            earlier=earlier,
            checkpoint_seconds=checkpoint_seconds,
        )

    @contextmanager
    def _log(self) -> Iterator[LogWriter | None]:
        """Open the log; note if the end of it doesn't reach the disk, which stops nothing."""
        if self._run is None:
            yield None
            return
        log = self._opened or LogWriter(self._run).__enter__()
        try:
            yield log
        finally:
            try:
                log.__exit__(*sys.exc_info())
            except LogWriteError as error:
                self.failure = self.failure or error


def _prepared_again(
    resumption: Resumption, *, force: bool, trust: bool
) -> tuple[Prepared, Earlier | None]:
    """Prepare what goes on; raises as `Recorder.of_resumption`."""
    from inittui.recording.resume import OTHER_TRIALS, differences, earlier_of, remember_code
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
            f"'inittui runs resume {run.id} --force' resumes it all the same"
        )
    return prepared, earlier_of(resumption.state, found)


def failed(reason: str) -> RunEnded:
    """Return the end of a run that couldn't go on."""
    return RunEnded(at=time.time(), status="failed", seconds=0.0, wall_seconds=0.0, reason=reason)


def _written(log: RetryingWriter | None, event: Event) -> Iterator[Event]:
    """Write an event; yield what the person should know of that, which is written too."""
    if log is None:
        return
    if isinstance(event, RunEnded):
        log.flush()  # what is said of that belongs before the end
        yield from _told(log, event.at)
    log.write(event)
    yield from _told(log, event.at)


def _told(log: RetryingWriter, at: float) -> Iterator[Event]:
    for message in log.news():
        note = Noted(at=at, message=message, about="log")
        log.write(note)
        yield note
