"""Lessons that run: each part in a process of its own, one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from msgspec.structs import replace

from inittui.lessons import Lesson, Size
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.open_runs import OpenRuns

_MOST_BYTES = 2_000_000
"""Of what the command line prints of a lesson."""


def trains(lesson: Lesson) -> bool:
    """Whether all parts are trainings, which the UI follows live.

    Others draw values or look into untrained models: the command line does that.
    """
    return all(part.experiment is not None and part.trains for part in lesson.parts)


@dataclass(slots=True)
class TrainedLesson:
    """A lesson whose parts are trained by workers."""

    lesson: Lesson
    size: Size
    runs: list[OpenRun] = field(default_factory=list)
    """One for each part that has begun."""
    stopped: bool = False

    @property
    def is_live(self) -> bool:
        """Whether more may come."""
        open_parts = len(self.runs) < len(self.lesson.parts) and not self.stopped
        return open_parts or any(run.is_live for run in self.runs)

    @property
    def version(self) -> int:
        """Grows with everything that may change what is shown."""
        return sum(1 + run.state.version + (not run.is_live) for run in self.runs)

    def advance(self, open_runs: OpenRuns) -> None:
        """Begin the next part where the one before has ended.

        Raises:
            MachineError: its run can't be kept.
        """
        if self.stopped or (self.runs and self.runs[-1].is_live):
            return
        if self.runs and self.runs[-1].phase is Phase.DEAD:
            self.stopped = True
            return
        if len(self.runs) < len(self.lesson.parts):
            experiment = self.lesson.parts[len(self.runs)].sized(self.size)
            assert experiment is not None
            named = replace(experiment, name=f"lesson {self.lesson.name}")
            self.runs.append(open_runs.start_behind(named))

    def stop(self, open_runs: OpenRuns) -> None:
        """End the part that runs, in order, and begin no other.

        Raises:
            UsageError: its process can't be asked.
        """
        self.stopped = True
        for run in self.runs:
            if run.is_live:
                open_runs.stop(run)

    def close(self) -> None:
        """Do nothing: its runs go on without the UI."""


class PrintedLesson:
    """A lesson that the command line runs; what it prints is read while it does."""

    def __init__(self, lesson: Lesson, size: Size, columns: int, *, ascii_only: bool) -> None:
        """Start it for a width."""
        self.lesson = lesson
        self.size = size
        self.stopped = False
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        options = ["--quiet", "--no-save", "--width", str(columns)]
        options += ["--marker", "ascii"] if ascii_only else []
        options += ["--full" if size == "full" else "--fast"]
        code = "from inittui.cli.main import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, "lesson", lesson.name, *options],
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        )

    @property
    def is_live(self) -> bool:
        """Whether more may come."""
        return self._process.poll() is None

    @property
    def version(self) -> int:
        """Grows with everything that may change what is shown."""
        return os.fstat(self._file.fileno()).st_size * 2 + (not self.is_live)

    @property
    def text(self) -> str:
        """What was printed so far, with its colours."""
        return os.pread(self._file.fileno(), _MOST_BYTES, 0).decode(errors="replace")

    def advance(self, open_runs: OpenRuns) -> None:
        """Do nothing: the process goes on by itself."""

    def stop(self, open_runs: OpenRuns) -> None:
        """End the process; nothing of it is kept."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def close(self) -> None:
        """End the process, whose text nobody could read any more."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        self._file.close()


RunningLesson = TrainedLesson | PrintedLesson
