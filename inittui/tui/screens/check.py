"""What a check of the chosen model found, above the screen that it was asked for on."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from inittui.experiment.records import Experiment
from inittui.tui.check_process import CheckProcess
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.screens.dialogs import Modal
from inittui.tui.widgets.scroll_page import ScrollPage
from inittui.views.chart.layout import paragraph
from inittui.views.check import check_report
from inittui.views.frame import Frame

_POLLED_SECONDS = 0.1


class CheckScreen(Modal[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,q,c", "check.close", "close", "Close", "Close the check; one that runs ends."),
    ]

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self._model = experiment.model.name
        self._check = CheckProcess(experiment)

    def compose(self) -> ComposeResult:
        with Vertical(id="check"):
            yield Static("Check  (esc closes)", id="check-title", classes="closes", markup=False)
            yield ScrollPage()

    def on_mount(self) -> None:
        self._draw()
        self.query_one(ScrollPage).focus()
        self.set_interval(_POLLED_SECONDS, self._draw)

    def on_unmount(self) -> None:
        self._check.close()

    @property
    def is_over(self) -> bool:
        return self._check.is_over

    def _draw(self) -> None:
        self._check.poll()
        self.query_one(ScrollPage).show(self._page, self._check.is_over)

    def _page(self, width: int) -> RenderableType:
        frame = Frame(width, host_of(self).terminal.ascii_only)
        if self._check.document is not None:
            return check_report(self._check.document, frame)
        if self._check.failure:
            return Group(*paragraph(frame.say(self._check.failure), width, "bold"))
        return Text(frame.say(f"Checking {self._model} …"))

    def action_close(self) -> None:
        self.dismiss()
