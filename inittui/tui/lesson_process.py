"""Lessons that run: each part in a process of its own, one after the other."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from inittui.experiment.records import Experiment
from inittui.lessons import Lesson, Part, Size
from inittui.runs import create_run
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.open_runs import OpenRuns


@dataclass(slots=True)
class RunningLesson:
    """A lesson and the runs of its parts; those that train nothing are kept until it is closed."""

    lesson: Lesson
    size: Size
    runs: list[OpenRun] = field(default_factory=list)
    stopped: bool = False
    _folder: tempfile.TemporaryDirectory[str] | None = None
    """Where the parts are that train nothing."""

    @property
    def is_live(self) -> bool:
        open_parts = len(self.runs) < len(self.lesson.parts) and not self.stopped
        return open_parts or any(run.is_live for run in self.runs)

    @property
    def version(self) -> int:
        """Grows with everything that may change what is shown."""
        return sum(1 + run.state.version + (not run.is_live) for run in self.runs)

    @property
    def trained(self) -> list[OpenRun]:
        """The runs of the parts that train: they stay, and can be opened."""
        return self._runs(trained=True)

    def _runs(self, *, trained: bool) -> list[OpenRun]:
        parts = zip(self.lesson.parts, self.runs, strict=False)
        return [run for part, run in parts if part.is_trained is trained]

    def advance(self, open_runs: OpenRuns) -> None:
        """Take in what is new; begin the next part where the one before has ended.

        Raises:
            MachineError: its run can't be kept.
        """
        for run in self._runs(trained=False):  # the others are in `open_runs`, which polls them
            run.poll()
        last = self.runs[-1] if self.runs else None
        if self.stopped or (last is not None and last.is_live):
            return
        if last is not None and (last.phase is Phase.DEAD or last.state.status == "failed"):
            self.stopped = True
            return
        if len(self.runs) < len(self.lesson.parts):
            part = self.lesson.parts[len(self.runs)]
            begin = self._train if part.is_trained else self._record_untrained
            self.runs.append(begin(part, open_runs))

    def _experiment(self, part: Part) -> Experiment:
        if part.draw is not None:
            experiment = Experiment(schemes=(part.draw.initializer,), seeds=(part.draw.seed,))
        else:
            sized = part.sized(self.size)
            assert sized is not None
            experiment = sized
        return replace(experiment, name=f"lesson {self.lesson.name}")

    def _train(self, part: Part, open_runs: OpenRuns) -> OpenRun:
        return open_runs.start_behind(self._experiment(part))

    def _record_untrained(self, part: Part, open_runs: OpenRuns) -> OpenRun:
        """Begin a part that no list of runs shall name: it was never trained."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="inittui-", ignore_cleanup_errors=True
            )
        directory = create_run(Path(self._folder.name), self._experiment(part))
        count = part.draw.values if part.draw is not None else None
        # The code that it may name is inittui's own, as the lesson is.
        worker = open_runs.launch(directory, trust=True, starts=count is None, draw=count)
        run = OpenRun(directory, worker=worker)
        run.open()
        return run

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
        """End what trains nothing, and drop it; trainings go on without the UI."""
        for run in self._runs(trained=False):
            if run.worker is not None:
                run.worker.kill()
                run.worker.wait()
        if self._folder is not None:
            self._folder.cleanup()
