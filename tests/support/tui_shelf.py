"""A runs directory of recorded runs, and what waits until a screen is at rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from inittui.events.records import RunEnded, RunStarted, decode, encode
from inittui.experiment.records import Experiment
from inittui.experiment.toml import to_toml
from inittui.runs import LogWriter, RunDirectory, read_experiment
from inittui.runs.launch import start_worker
from inittui.tui.app import LabApp
from inittui.tui.open_runs import Launch
from tests.support.runs import LOGS, RUNNING_LINES

NOW = 1_700_000_600.0
"""Ten minutes after the recorded runs began."""

MakeApp = Callable[..., LabApp]

_IDS = {
    "classic": "20231114-221320-000-c1a551",
    "seeds": "20231114-221420-000-5eed50",
    "diverged": "20231114-221520-000-d17e26",
    "interrupted": "20231114-221620-000-14be22",
    "running": "20231114-221720-000-2a9914",
    "failed": "20231114-221820-000-fa11ed",
    "killed": "20231114-221920-000-411ed0",
    "story": "20231114-222120-000-5707e4",
    "inspected": "20231114-222020-000-1215ec",
}
REASON = "RuntimeError: could not create a primitive"


class Shelf:
    """A runs directory; recorded runs are put into it by name."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self._stack = stack
        self.launch: Launch = start_worker

    def put(self, *names: str) -> RunDirectory:
        """Put recorded runs in; return the last."""
        return [self._put(name) for name in names][-1]

    def _put(self, name: str) -> RunDirectory:
        run = RunDirectory(self.root / _IDS[name])
        run.path.mkdir(parents=True)
        file = name if (LOGS / f"{name}.jsonl").exists() else "classic"
        lines = (LOGS / f"{file}.jsonl").read_bytes().splitlines(keepends=True)
        started = decode(lines[0])
        assert isinstance(started, RunStarted)
        run.experiment_file.write_text(to_toml(started.experiment))
        if name in ("running", "failed", "killed"):
            lines = lines[:RUNNING_LINES]
        if name == "failed":
            end = RunEnded(
                at=started.at + 4, status="failed", seconds=2.0, wall_seconds=4.0, reason=REASON
            )
            lines.append(encode(end))
            run.worker_log.write_text(f"Traceback (most recent call last):\n  ...\n{REASON}\n")
        if name == "killed":
            run.worker_log.write_text("loading \x1b[31mdata\x07\n")
        run.log.write_bytes(b"".join(lines))
        if name == "running":
            run.worker_log.touch()
            self._stack.enter_context(LogWriter(run))
        return run


HOPS = 6
"""Messages that may follow from one another: widget, panel, screen, app, and drawing."""


async def settle(pilot: Pilot[None]) -> None:
    """Wait until what was begun beside the screen is done, and the screen is drawn."""
    await pilot.pause()
    quiet = 0
    while quiet < HOPS:
        workers = [w for w in pilot.app.workers if w.group not in ("question", "quit")]
        if own := [worker for worker in workers if not worker.is_finished]:
            quiet = 0  # what it found may begin another
            with suppress(WorkerCancelled):  # a newer one took its place
                await pilot.app.workers.wait_for_complete(own)
        await pilot.pause()
        quiet += 1


def drive(
    app: App[None], act: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (80, 24)
) -> None:
    """Run an app in a terminal that is none, and do something with it once it is at rest."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await act(pilot)

    asyncio.run(run())


@dataclass
class Started:
    """What was done with training processes, of which none was really started."""

    runs: list[RunDirectory] = field(default_factory=list)
    """The runs that one was asked for, in order."""
    trusted: list[bool] = field(default_factory=list)
    """Of each, whether it may import code that its experiment names."""
    stopped: int = 0
    """How many were asked to end."""

    @property
    def experiments(self) -> list[Experiment]:
        """What would have been trained."""
        return [read_experiment(run) for run in self.runs]
