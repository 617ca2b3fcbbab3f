"""The curves alone, as large as they get."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from inittui.tui.screens.base import LabScreen
from inittui.tui.widgets.curves_panel import CurvesPanel

_EMPTY = (
    "No run is open.\n\n"
    "{compare}  Compare: choose initializers and press {run} to train them.\n"
    "{runs}  Runs: open one that was trained before."
)


class CurvesScreen(LabScreen):
    PLACE = "curves"

    def body(self) -> ComposeResult:
        empty = self.empty_text(_EMPTY)
        yield Static(empty, id="empty", classes="empty", markup=False)
        yield CurvesPanel(classes="-large")

    def on_mount(self) -> None:
        """Nothing is seen until something is drawn."""
        self.query_one(CurvesPanel).display = False

    def paint(self) -> None:
        panel = self.query_one(CurvesPanel)
        if not panel.is_mounted:
            return  # it is drawn again once the screen stands
        is_empty = self.open_runs.is_empty
        self.query_one("#empty").display = is_empty
        if panel.display is is_empty:
            panel.display = not is_empty
            if not is_empty:
                panel.leaderboard.focus()
                self.call_after_refresh(self.draw)
        if not is_empty:
            panel.show(self.open_runs.contestants(), self.open_runs.options, self.open_runs.version)
