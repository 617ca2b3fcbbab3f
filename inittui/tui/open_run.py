"""The runs that the UI has open: read from their logs, watched while they are live."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from inittui.errors import InittuiError, MachineError
from inittui.events.records import RunEnded, RunResumed, RunStarted
from inittui.experiment.records import Experiment
from inittui.results.state import RunState
from inittui.results.trial_state import share_done
from inittui.runs import (
    Damage,
    LogTail,
    RunDirectory,
    live_writer,
    load_settled,
    read_experiment,
    read_name,
)
from inittui.runs.loading import LEFT
from inittui.text import sanitize
from inittui.views.statuses import LOST, is_lost, said_in

if TYPE_CHECKING:
    from inittui.results.summary import SchemeSummary

STARTING_SECONDS = 60.0
"""How long a worker that nobody here has started may take to its first event."""

LOOK_SECONDS = 1.0
"""How often a quiet run is asked whether its writer still lives."""

_LAST_LINES = 6
"""Lines of a worker's log that are shown when it has died."""

_LOG_BYTES = 20_000


class Phase(Enum):
    STARTING = "starting"
    """A worker is loading; nothing was measured yet."""
    LIVE = "live"
    ENDED = "ended"
    """It ended in order, whatever came out of it."""
    DEAD = "dead"
    """Its process ended without finishing."""


@dataclass(slots=True)
class OpenRun:
    directory: RunDirectory
    worker: subprocess.Popen[bytes] | None = None
    state: RunState = field(default_factory=RunState, repr=False)
    damage: Damage = field(default_factory=Damage, repr=False)
    phase: Phase = Phase.STARTING
    trouble: tuple[str, ...] = ()
    """Why a run is dead or has failed, and the last lines that its process printed."""
    stopping: bool = False
    look_seconds: float = LOOK_SECONDS
    _tail: LogTail | None = None
    name: str | None = None
    """The name that it was given since; None: that of its experiment."""
    began: tuple[float, float] = (0.0, 0.0)
    """When it began, or was continued, and which share of it was done by then."""
    _steps_before: int = 0
    """Steps that all trials had taken by then."""
    _planned: list[str] = field(default_factory=list)
    _old_end: RunEnded | None = None
    """The end that it had come to before it went on."""
    _looked: float = 0.0
    _generation: int = 0
    _summed_up: tuple[int, list[SchemeSummary]] = field(default=(-1, []), repr=False, compare=False)

    @property
    def id(self) -> str:
        return self.directory.id

    @property
    def is_live(self) -> bool:
        return self.phase in (Phase.STARTING, Phase.LIVE)

    @property
    def schemes(self) -> list[str]:
        if self.state.started is None and not self._planned and self.phase is Phase.STARTING:
            experiment = self.experiment
            self._planned = list(experiment.schemes) if experiment is not None else []
        return self.state.schemes or self._planned

    @property
    def experiment(self) -> Experiment | None:
        """What is run, from the log or from the run's file; None if neither can be read."""
        if self.state.started is not None:
            return self.state.started.experiment
        try:
            return read_experiment(self.directory)
        except (OSError, InittuiError):
            return None

    @property
    def title(self) -> str:
        experiment = self.state.started.experiment if self.state.started else None
        name = self.name if self.name is not None else experiment.name if experiment else ""
        return sanitize(name, 40) if name else self.id[-6:]

    @property
    def summaries(self) -> list[SchemeSummary]:
        """What its trials come to, best first, with ranks that hold."""
        if self._summed_up[0] != self.state.version:
            from inittui.results.summary import summarize

            self._summed_up = (self.state.version, summarize(self.state))
        return self._summed_up[1]

    @property
    def steps_per_second(self) -> float | None:
        """Steps of all trials since it began or went on, by the clock of its log.

        None before a second has passed, which says nothing yet.
        """
        seconds = self.state.last_at - self.began[0]
        return (self._steps - self._steps_before) / seconds if seconds >= 1 else None

    @property
    def _steps(self) -> int:
        return sum(trial.steps for trial in self.state.trials)

    def open(self) -> None:
        """Read what there is; a live run is watched from here on."""
        self.name = read_name(self.directory)
        if self.worker is None and live_writer(self.directory) is None and not _is_fresh(self):
            self._settle()
        else:
            self._tail = LogTail(self.directory.log)
            while self._read():
                pass

    @property
    def is_detached(self) -> bool:
        """Whether it goes on without a terminal: started here, or by another worker."""
        return self.worker is not None or self.directory.worker_log.exists()

    @property
    def can_resume(self) -> bool:
        """Whether it was left before its end, so that it can go on."""
        return not self.is_live and self.state.status in ("interrupted", "failed", "running")

    @property
    def status(self) -> str:
        """How it stands, in the word that lists of runs have for it."""
        ended = self.state.ended
        if ended is None and self.phase is Phase.DEAD:
            return LOST
        return said_in(self.state, self.state.status)

    def restart(self, worker: subprocess.Popen[bytes] | None = None) -> None:
        """Watch a run that goes on in a new process; None: somebody else's."""
        self.worker = worker
        self.stopping = False
        self.trouble = ()
        self.state = RunState(version=self.state.version)
        self._tail = LogTail(self.directory.log)
        self._generation = 0
        while self._read():
            pass
        self._old_end = self.state.ended
        self.phase = Phase.STARTING

    def poll(self) -> bool:
        """Take in what is new; return whether anything has changed."""
        if not self.is_live:
            return self._goes_on()
        before = (self.state.version, self.phase, self.trouble)
        self._read()
        if self.state.ended not in (None, self._old_end):
            self.phase = Phase.ENDED
            self.trouble = _trouble(self) if self.state.status == "failed" else ()
            self._reap()
        elif self._has_died():
            self._settle()
        elif not self.directory.path.exists():
            self.trouble = ("its directory has gone, and what it measures with it",)
        return before != (self.state.version, self.phase, self.trouble)

    def _goes_on(self) -> bool:
        """Whether somebody else continues this run, which was left before its end; watch it."""
        now = time.monotonic()
        if not self.can_resume or now - self._looked < self.look_seconds:
            return False
        self._looked = now
        if live_writer(self.directory) is None:
            return False
        self.restart()
        return True

    def _read(self) -> bool:
        if self._tail is None:
            return False
        try:
            events = self._tail.poll()
        except (OSError, MachineError) as error:
            self.trouble = (sanitize(str(error)),)
            return False
        if self._tail.generation != self._generation:
            self._generation = self._tail.generation
            self.state = RunState(version=self.state.version)
        for event in events:
            self.state.apply(event)
            if isinstance(event, RunStarted | RunResumed):
                share = share_done(self.state.trials, self.state.total_steps)
                self.began = (event.at, share)
                self._steps_before = self._steps
        if events:
            self.phase = Phase.LIVE
            self.damage = self._tail.damage
        return bool(events)

    def _has_died(self) -> bool:
        """Whether nobody writes this run any more, though its log has no end."""
        if self.worker is not None and self.worker.poll() is not None:
            return not self._read()
        now = time.monotonic()
        if self.worker is not None or now - self._looked < self.look_seconds:
            return False
        self._looked = now
        if live_writer(self.directory) is not None or _is_fresh(self):
            return False
        return not self._read()  # a writer that ended in between has written the end

    def _settle(self) -> None:
        """Read a run that nobody writes, as one that ended one way or another."""
        try:
            state, self.damage = load_settled(self.directory)
        except MachineError as error:
            self.phase = Phase.DEAD
            self.trouble = (*_trouble(self), sanitize(str(error)))
            return
        state.version += self.state.version
        is_dead = self.is_live and self._tail is not None
        self.state = state
        self.phase = Phase.DEAD if is_dead or is_lost(state) else Phase.ENDED
        failed = state.ended is not None and state.ended.status == "failed"
        self.trouble = _trouble(self) if self.phase is Phase.DEAD or failed else ()

    def _reap(self) -> None:
        """Take the end of our own worker from the system, which else keeps it as a zombie."""
        if self.worker is not None and self.worker.poll() is not None:
            self.worker = None


def _is_fresh(run: OpenRun) -> bool:
    """Whether a run without a log was made so lately that its worker may still be loading."""
    if os.path.lexists(run.directory.log):
        return False
    try:
        made = run.directory.experiment_file.lstat().st_mtime
    except OSError:
        return False
    return abs(time.time() - made) < STARTING_SECONDS  # in the future is not lately


def _trouble(run: OpenRun) -> tuple[str, ...]:
    """Say why a run's process is gone: in one line, and the last lines that it printed."""
    ended = run.state.ended
    reason = ended.reason if ended is not None and ended.reason else LEFT
    code = run.worker.poll() if run.worker is not None else None
    if run.stopping and code == -signal.SIGTERM:
        reason = "it was stopped before the first step"
    elif code is not None and code < 0:
        reason = f"its process was killed by {_signal_name(-code)}"
        if -code == signal.SIGKILL:
            reason += ", by somebody or for want of memory"
    elif code and reason == LEFT:
        reason = f"its process ended with exit code {code}"
    reason = sanitize(reason)
    return (reason, *(line for line in last_lines(run.directory) if reason not in line))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def last_lines(run: RunDirectory, count: int = _LAST_LINES) -> tuple[str, ...]:
    """Return the last lines that a run's worker printed, safe for a terminal."""
    from inittui.files import open_regular

    try:
        with open(open_regular(run.worker_log), "rb") as file:  # noqa: PTH123 (a descriptor)
            size = file.seek(0, 2)
            file.seek(max(size - _LOG_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except (OSError, MachineError):
        return ()
    return tuple(sanitize(line, 300) for line in deque((x for x in lines if x.strip()), count))
