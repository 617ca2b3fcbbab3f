"""The terminal UI in real pseudo-terminals: start, keys, bytes, memory, large runs."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Verdict, interleave
from benchmarks.terminals import UI, Terminal
from inittui.events.records import (
    EpochEnded,
    Event,
    RunEnded,
    RunStarted,
    StepLosses,
    TrialEnded,
    TrialStarted,
    encode,
)
from inittui.experiment.records import CLASSIC_SCHEMES, Experiment, TrainingConfig
from inittui.experiment.trials import TrialPlan
from inittui.runs import RunDirectory, create_run
from inittui.runs.launch import start_worker

SIZE = (120, 40)
KEYS = 60
STREAM_SECONDS = 20.0

EMPTY_APP = """
from textual.app import App
from textual.widgets import DataTable, Footer, Header
class Empty(App):
    BINDINGS = [("q", "quit", "Leave")]
    def compose(self):
        yield Header()
        yield DataTable()
        yield Footer()
    def on_mount(self):
        self.query_one(DataTable).add_columns("name", "value")
Empty().run()
"""


def first_paint(rounds: int) -> Verdict:
    """Compare the time to the first useful screen with that of an empty Textual app."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)

        def ours() -> float:
            return _until(UI, "Press r to train", root)

        def empty() -> float:
            return _until([sys.executable, "-c", EMPTY_APP], "Leave", root)

        timings = interleave({"inittui": ours, "empty Textual app": empty}, rounds)
    mine, theirs = timings["inittui"], timings["empty Textual app"]
    detail = f"{1e3 * mine.median:.0f} ms ({mine.spread}) / {1e3 * theirs.median:.0f} ms"
    ratio = mine.median / theirs.median
    return Verdict("TUI: first paint ÷ empty Textual app", ratio, 1.8, False, detail)


def _places(root: Path) -> dict[str, str]:
    """Keep runs and settings in a folder of their own."""
    return {"INITTUI_RUNS_DIR": str(root), "INITTUI_CONFIG_DIR": str(root / "config")}


def _until(command: Sequence[str], text: str, root: Path) -> float:
    with Terminal(command, size=SIZE, environment=_places(root)) as terminal:
        return terminal.wait_for(text)


@contextmanager
def training(root: Path, **settings: object) -> Iterator[RunDirectory]:
    """Train the classic seven on both cores, for as long as it is looked at."""
    epochs = {"epochs": 1_000, **settings}
    run = create_run(root, Experiment(training=TrainingConfig(**epochs)))  # type: ignore[arg-type]
    worker = start_worker(run)
    try:
        while not (run.log.exists() and b'"losses"' in run.log.read_bytes()):
            time.sleep(0.1)
        yield run
    finally:
        worker.kill()
        worker.wait()


def keys_and_bytes() -> list[Verdict]:
    """Measure key presses, and what is written, while a training streams on all cores."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with training(root):
            waits = _key_presses(root)
            written = _bytes_per_second(root)
    median, high = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    how = f"{len(waits)} presses that redraw chart and table, a training on all cores"
    return [
        Verdict("TUI: key press to repaint, median in ms", 1e3 * median, 100.0, False, how),
        Verdict("TUI: key press to repaint, 95 % in ms", 1e3 * high, 250.0, False, how),
        Verdict(
            "TUI: kB/s written over SSH, seven curves", written / 1e3, 25.0, False,
            f"120×40, {STREAM_SECONDS:g} s, the last epoch shown",
        ),
    ]  # fmt: skip


def _key_presses(root: Path) -> list[float]:
    """Hide and show a curve again and again; return how long each took to be seen."""
    waits: list[float] = []
    source = random.Random(0)
    with Terminal(UI, size=SIZE, environment=_places(root)) as terminal:
        terminal.wait_for("s Stop")
        terminal.watch(2.0)
        for number in range(KEYS):
            terminal.watch(source.uniform(0.1, 0.5))
            began = time.monotonic()
            terminal.press(" ")
            terminal.wait_for("hidden", gone=bool(number % 2))
            waits.append(time.monotonic() - began)
    return waits


def _bytes_per_second(root: Path) -> float:
    environment = {**_places(root), "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    with Terminal(UI, size=SIZE, environment=environment) as terminal:
        terminal.wait_for("s Stop")
        while "last epoch" not in terminal.text:  # there the curves grow all the time
            terminal.press("w")
            terminal.watch(1.0)
        terminal.watch(2.0)
        before, began = terminal.written, time.monotonic()
        terminal.watch(STREAM_SECONDS)
        return (terminal.written - before) / (time.monotonic() - began)


def recorded(run: RunDirectory, steps: int, seconds: float, schemes: tuple[str, ...]) -> None:
    """Write the log of a run of so many steps per trial, as the engine would have."""
    source = random.Random(1)
    experiment = Experiment(name="recorded", schemes=schemes, training=TrainingConfig(epochs=10))
    began = time.time() - seconds
    chunk = max(int(steps / max(seconds * 4, 1)), 1)
    plans = tuple(TrialPlan(scheme, 0) for scheme in schemes)

    def events() -> Iterator[Event]:
        yield RunStarted(
            at=began, run=run.id, experiment=experiment, trials=plans,
            steps_per_epoch=steps // 10, device="cpu",
        )  # fmt: skip
        for trial in range(len(plans)):
            yield TrialStarted(at=began, trial=trial)
        for first in range(0, steps, chunk):
            at = began + seconds * first / steps
            for trial in range(len(plans)):
                values = tuple(2.3 * source.random() for _ in range(min(chunk, steps - first)))
                yield StepLosses(at=at, trial=trial, first=first, values=values)
        for trial in range(len(plans)):
            yield EpochEnded(
                at=began + seconds, trial=trial, epoch=10, step=steps, train_loss=0.5,
                val_loss=0.4, val_accuracy=0.85, seconds=seconds,
            )  # fmt: skip
            yield TrialEnded(
                at=began + seconds, trial=trial, status="finished", step=steps, seconds=seconds
            )
        yield RunEnded(at=began + seconds, status="finished", seconds=seconds, wall_seconds=seconds)

    with run.log.open("wb") as log:
        log.writelines(map(encode, events()))


def large_runs() -> list[Verdict]:
    """Open a run of a million steps; hold an hour of the classic seven in memory."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        million = create_run(root, Experiment(name="million"))
        recorded(million, 1_000_000, 3_600.0, ("rule",))
        opened = _open(root)
        hour_root = root / "hour"
        hour = create_run(hour_root, Experiment(name="hour"))
        recorded(hour, 400_000, 3_600.0, CLASSIC_SCHEMES)
        memory = _memory(hour_root)
    return [
        Verdict("TUI: a run of 1,000,000 steps opens, s", opened, 2.0, False, "from key to curve"),
        Verdict("TUI: memory with an hour's events, MB", memory, 120.0, False,
                "seven trials of 400,000 steps, resident"),
    ]  # fmt: skip


def _open(root: Path) -> float:
    with Terminal(UI, size=SIZE, environment=_places(root)) as terminal:
        terminal.wait_for("Press r to train")
        terminal.press("4")
        terminal.wait_for("recorded", 60)
        terminal.watch(2.0)
        began = time.monotonic()
        terminal.press("enter")
        terminal.wait_for("training loss, first 100")
        return time.monotonic() - began


def _memory(root: Path) -> float:
    with Terminal([*UI, "attach"], size=SIZE, environment=_places(root)) as terminal:
        terminal.wait_for("training loss, first 100", 60)
        terminal.press("w")
        terminal.wait_for("all steps")
        terminal.press("2")
        terminal.watch(3.0)
        status = Path(f"/proc/{terminal.process.pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1e3


def measure(rounds: int = 5) -> list[Verdict]:
    """Measure everything that the UI is to reach."""
    return [first_paint(rounds), *keys_and_bytes(), *large_runs()]
