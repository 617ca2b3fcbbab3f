"""What all screens of the lab share: the bars, and what happens where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from inittui.tui.clickable import clickable, press_clicked
from inittui.tui.host import Host, host_of, key_for, name_here
from inittui.tui.widgets.bars import KeyBar, TopBar

if TYPE_CHECKING:
    from inittui.experiment.records import Experiment
    from inittui.tui.open_run import OpenRun
    from inittui.tui.open_runs import OpenRuns

LEAST_WIDTH, LEAST_HEIGHT = 60, 18
"""Columns and lines below which nothing sensible can be shown."""


class LabScreen(Screen[None]):
    AUTO_FOCUS: ClassVar[str | None] = ""  # each screen knows better which widget it is
    PLACE: ClassVar[str] = ""
    """Its name among `inittui.tui.widgets.bars.PLACES`."""

    _left: Widget | None = None
    """What had the keys before the terminal was too small."""

    def compose(self) -> ComposeResult:
        yield TopBar(self.PLACE)
        with Container(id="body"):
            yield from self.body()
        yield Static(id="too-small", markup=False)
        yield KeyBar()

    def body(self) -> ComposeResult:
        raise NotImplementedError

    @property
    def host(self) -> Host:
        return host_of(self)

    def key_for(self, action: str, usual: str) -> str:
        return key_for(self, action, usual)

    @property
    def open_runs(self) -> OpenRuns:
        return self.host.open_runs

    def on_resize(self) -> None:
        width, height = self.app.size
        too_small = width < LEAST_WIDTH or height < LEAST_HEIGHT
        if too_small and not self.is_too_small:
            # What isn't seen loses the keys; it may not have got them back since the last time.
            self._left = self.focused or self._left
        elif self.is_too_small and not too_small and self._left is not None:
            self.call_after_refresh(self._left.focus)
        self.set_class(too_small, "-too-small")
        if too_small:
            self.query_one("#too-small", Static).update(
                f"inittui needs {LEAST_WIDTH} columns and {LEAST_HEIGHT} lines; "
                f"this terminal has {width} and {height}."
            )
        self.call_after_refresh(self.draw)

    def tells_end_of(self, run: OpenRun) -> bool:
        """Whether it says by itself how a run has ended."""
        return False

    def view_run(self) -> None:
        """Show the open runs, on a screen that has something else to show, too."""

    def take(self, experiment: Experiment) -> None:
        """Put an experiment where it can be changed, on a screen that has such a place."""

    def on_click(self, event: events.Click) -> None:
        press_clicked(self.app, event)

    def empty_text(self, said: str, **names: object) -> Text:
        """Return what is said where there is nothing: names of screens press their keys."""
        usual = {"compare": "1", "runs": "4"}
        shown = {name: self.key_for(f"app.{name}", key) for name, key in usual.items()}
        text = Text(said.format(**shown, run=self.key_for("compare.run", "r"), **names))
        return clickable(text, {
            f"{shown[name]}  {name.capitalize()}": name_here(self, f"app.{name}", key)
            for name, key in usual.items()
        })  # fmt: skip

    @property
    def is_too_small(self) -> bool:
        """Whether nothing can be shown, so that no key means anything."""
        return self.has_class("-too-small")

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer nothing before the widgets are there."""
        return self.is_mounted and not self.is_too_small

    def draw(self) -> None:
        if not self.app.is_running:
            return  # widgets are taken down, one after another
        if self.is_mounted and self.is_current and not self.is_too_small:
            self.query_one(TopBar).set_status(self.host.status())
            self.paint()

    def paint(self) -> None:
        raise NotImplementedError
