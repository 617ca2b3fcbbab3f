"""Progress on stderr: a live view on a terminal, one line per trial and epoch elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from inittui.cli.console import console_for, is_ascii, note
from inittui.events.records import EpochEnded, Event, Noted, TrialEnded
from inittui.events.wire_numbers import from_wire
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.text import number_of, sanitize
from inittui.views.wording import about, time_left

if TYPE_CHECKING:
    from inittui.training.prepared import Prepared

_REFRESHES_PER_SECOND = 4
_BAR_WIDTH = 24


def expectation(prepared: Prepared) -> str:
    """Return the number of trials and the time that they will take; a few steps are timed."""
    from inittui.training.estimate import estimate_seconds

    count = len(prepared.trials)
    return f"{number_of(count, 'trial')}, {about(estimate_seconds(prepared))} of training"


class Progress(Protocol):
    """Is told every event after the state has taken it in."""

    def __call__(self, event: Event, state: RunState) -> None: ...


@contextmanager
def show_progress(quiet: bool) -> Iterator[Progress]:
    """Give the progress that suits stderr; ``quiet`` shows nothing but notes."""
    if quiet:
        yield _notes_only
    elif not sys.stderr.isatty() or console_for(sys.stderr).is_dumb_terminal:
        yield _one_line_per_epoch
    else:
        console = console_for(sys.stderr)
        ascii_only = is_ascii(sys.stderr)  # while it is live, something else stands there
        with Live(Text("loading…"), console=console, transient=True, auto_refresh=False) as live:
            yield _LiveView(live, console, ascii_only)


def _notes_only(event: Event, state: RunState) -> None:
    if isinstance(event, Noted):
        note(event.message)


def _one_line_per_epoch(event: Event, state: RunState) -> None:
    _notes_only(event, state)
    if isinstance(event, EpochEnded):
        trial = state.trials[event.trial]
        epochs = state.started.experiment.training.epochs if state.started else event.epoch
        note(
            f"{_title(trial, state)}: epoch {event.epoch}/{epochs}, "
            f"train loss {from_wire(event.train_loss):.4g}, "
            f"{state.evaluated_on} accuracy {event.val_accuracy:.4f}, {event.seconds:.1f} s"
        )
    elif isinstance(event, TrialEnded) and event.status != "finished":
        reason = f": {event.reason}" if event.reason else ""
        note(f"{_title(state.trials[event.trial], state)}: {event.status}{reason}")


def _title(trial: TrialState, state: RunState) -> str:
    several = state.started is not None and len(state.started.experiment.seeds) > 1
    name = sanitize(trial.scheme, 60)
    return f"{name}, seed {trial.seed}" if several else name


class _LiveView:
    def __init__(self, live: Live, console: Console, ascii_only: bool) -> None:
        self._live = live
        self._ascii_only = ascii_only
        self._console = console
        self._drawn = 0.0
        self._began: tuple[float, int] | None = None
        """When the first step was seen, and how many were taken by then."""
        self._started = time.monotonic()

    def __call__(self, event: Event, state: RunState) -> None:
        now = time.monotonic()
        if isinstance(event, Noted):
            self._live.console.print(Text(f"inittui: {sanitize(event.message)}"))
        if now - self._drawn >= 1 / _REFRESHES_PER_SECOND or isinstance(event, TrialEnded):
            self._drawn = now
            self._live.update(self._draw(state, now), refresh=True)

    def _draw(self, state: RunState, now: float) -> RenderableType:
        total = sum(_steps_wanted(trial, state) for trial in state.trials)
        done = sum(trial.steps for trial in state.trials)
        if self._began is None and done:
            self._began = now, done  # loading says nothing of a step's time
        ended = sum(trial.status not in ("waiting", "running") for trial in state.trials)
        head = f"{ended}/{len(state.trials)} trials, {now - self._started:.0f} s"
        if self._began is not None and total:
            began, before = self._began
            left = time_left(now - began, done / total, before / total)
            head += f", {about(left)} left" if left else ""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, overflow="ellipsis", max_width=32)
        grid.add_column(width=_BAR_WIDTH)
        grid.add_column(no_wrap=True)
        grid.add_row("all", self._bar(done, total), head)
        running = [trial for trial in state.trials if trial.status == "running"]
        room = max(self._console.height - 4, 1)
        for trial in running[:room]:
            loss = f"loss {trial.losses[-1]:.4g}" if trial.losses else ""
            grid.add_row(_title(trial, state), self._bar(trial.steps, state.total_steps), loss)
        more = len(running) - room
        return Group(grid, Text(f"and {more} more")) if more > 0 else grid

    def _bar(self, done: float, total: float) -> RenderableType:
        if self._ascii_only:
            filled = int(_BAR_WIDTH * done / total) if total else 0
            return Text("#" * filled + "." * (_BAR_WIDTH - filled))
        return ProgressBar(total=total or 1, completed=done, width=_BAR_WIDTH)


def _steps_wanted(trial: TrialState, state: RunState) -> int:
    """Steps that the trial takes in all: what it took, where it has ended before."""
    return state.total_steps if trial.status in ("waiting", "running") else trial.steps
