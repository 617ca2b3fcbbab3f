"""What the UI knows: the runs that are open, those that train behind, and how they are shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from inittui.experiment.records import Experiment
from inittui.runs import RunDirectory, create_named_run, live_writer, run_directories
from inittui.runs.launch import start_worker, stop_worker
from inittui.tui.chart_options import ChartOptions, Contestant, Key, contestants
from inittui.tui.open_run import OpenRun, Phase

Launch = Callable[..., subprocess.Popen[bytes]]
"""Starts the process of a run, called as `inittui.runs.launch.start_worker` is."""


@dataclass(slots=True)
class OpenRuns:
    """The open runs; nothing in it knows of widgets."""

    root: Path
    palette: str = "safe"
    launch: Launch = start_worker
    shown: list[OpenRun] = field(default_factory=list)
    behind: list[OpenRun] = field(default_factory=list)
    """Runs that this UI has started, that still go on and aren't shown."""
    options: ChartOptions = field(default_factory=ChartOptions)
    version: int = 0
    """Grows with everything that may change what is shown."""
    _contestants: tuple[object, list[Contestant]] = (None, [])

    def contestants(self) -> list[Contestant]:
        key = (
            self.palette,
            tuple((run.id, run.title, tuple(run.schemes)) for run in self.shown),
        )
        if self._contestants[0] != key:
            self._contestants = (key, contestants(self.shown, self.palette))
        return self._contestants[1]

    @property
    def is_empty(self) -> bool:
        return not self.shown

    def live(self) -> list[OpenRun]:
        """Return the runs that go on, whether shown or not."""
        return [run for run in (*self.shown, *self.behind) if run.is_live]

    def start(self, experiment: Experiment, *, add: bool = False, trust: bool = False) -> OpenRun:
        """Train an experiment in a process of its own; show it, alone or over what is shown.

        ``trust`` lets the process import code that the experiment names.

        Raises:
            UsageError: it can't have the name.
            MachineError: the run can't be kept.
        """
        run = self.start_behind(experiment, trust=trust)
        self._show(run, add)
        return run

    def start_behind(self, experiment: Experiment, *, trust: bool = False) -> OpenRun:
        """Train an experiment without showing it.

        Raises:
            UsageError: it can't have the name.
            MachineError: the run can't be kept.
        """
        directory = create_named_run(self.root, experiment)
        run = OpenRun(directory, worker=self.launch(directory, trust=trust))
        run.open()
        self.behind.append(run)
        self.version += 1
        return run

    def show(self, directory: RunDirectory, *, add: bool = False) -> OpenRun:
        """Open a run, alone or over what is shown; a live one that is open already stays."""
        known = self.find(directory.id)
        if known is not None and known.is_live:
            run = known
        else:
            run = OpenRun(directory)
            run.open()
            self.shown = [each for each in self.shown if each is not known]
        self._show(run, add)
        return run

    def _show(self, run: OpenRun, add: bool) -> None:
        if not add:
            self.behind += [r for r in self.shown if r.is_live and r.worker and r is not run]
            self.shown = []
            self.options = ChartOptions(
                metric=self.options.metric, smoothing=self.options.smoothing
            )
        if run in self.behind:
            self.behind.remove(run)
        if run not in self.shown:
            self.shown.append(run)
        self.version += 1

    def hide(self, run: OpenRun) -> None:
        self.shown.remove(run)
        if run.is_live and run.worker:
            self.behind.append(run)
        self.version += 1

    def rename(self, run_id: str, name: str) -> None:
        run = self.find(run_id)
        if run is not None:
            run.name = name
            self.version += 1

    def find(self, run_id: str) -> OpenRun | None:
        return next((run for run in (*self.shown, *self.behind) if run.id == run_id), None)

    def poll(self) -> list[OpenRun]:
        """Take in what is new; return the runs that have just ended, one way or another."""
        ended: list[OpenRun] = []
        for run in (*self.shown, *self.behind):
            was_live = run.is_live
            if run.poll():
                self.version += 1
            if run.is_live and not was_live:
                self._follow()
            if was_live and not run.is_live:
                ended.append(run)
                if self.options.steps == "auto" and run in self.shown:
                    # Whoever watched all steps goes on seeing all, not the first ones again.
                    self.options = replace(self.options, steps="all")
        self.behind = [run for run in self.behind if run.is_live]
        return ended

    def stop(self, run: OpenRun) -> None:
        """Ask a live run to end in order.

        Raises:
            UsageError: nobody on this host writes it.
        """
        gone = not run.directory.path.exists()
        if run.worker is not None and (gone or run.phase is Phase.STARTING):
            run.worker.terminate()
        else:
            stop_worker(run.directory)
        run.stopping = True
        self.version += 1

    def resume(self, run: OpenRun, *, trust: bool = False) -> None:
        """Let a run that was left before its end go on, in a process of its own.

        Where somebody else lets it go on already, it is watched.

        Raises:
            MachineError, OSError: the process can't be started.
        """
        mine = live_writer(run.directory) is None
        run.restart(self.launch(run.directory, resume=True, trust=trust) if mine else None)
        self._follow()
        self.version += 1

    def _follow(self) -> None:
        """Show the steps so far of a run that goes on, not also those that it hasn't taken yet."""
        if self.options.steps == "all":
            self.options = replace(self.options, steps="auto")

    def find_live(self) -> list[RunDirectory]:
        """Return the runs that somebody trains right now, the newest first."""
        return [
            directory
            for directory in run_directories(self.root)
            if directory.lock.exists() and live_writer(directory) is not None
        ]

    def highlight(self, contestant: Key) -> None:
        """Let one contestant stand out, hidden or not."""
        now = self.options
        self.set_options(replace(now, highlighted=contestant, hidden=now.hidden - {contestant}))

    def set_options(self, options: ChartOptions) -> None:
        self.options = options
        self.version += 1
