"""Inside the layers: what the probes of the open runs have measured."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.widgets import Static

from inittui.tui.chart_options import Contestant
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.screens.base import LabScreen
from inittui.tui.widgets.row_list import RowList
from inittui.tui.widgets.scroll_page import ListBesidePage, ScrollPage
from inittui.views.chart.layout import shortened
from inittui.views.frame import Frame, legible

_EMPTY = (
    "No open run was measured inside.\n\n"
    "{compare}  Compare: set 'inspect' to yes, then press {run}; or on the command line\n"
    "   inittui compare --inspect"
)
VIEWS = ("histograms", "numbers", "variance", "findings")
"""What can be looked at, in the order that a key steps through; the first two of one contestant."""


class MeasuredList(ListBesidePage):
    def __init__(self) -> None:
        super().__init__()
        self._contestants: Sequence[Contestant] = ()

    def show(self, contestants: Sequence[Contestant]) -> None:
        self._contestants = contestants
        self.reload()

    @property
    def chosen(self) -> Contestant | None:
        return self._contestants[self.cursor] if self._contestants else None

    def count(self) -> int:
        return len(self._contestants)

    def identity(self, index: int) -> Hashable:
        return self._contestants[index].key

    def heading(self, width: int) -> Text:
        return Text("contestant")

    def row(self, index: int, width: int) -> Text:
        contestant = self._contestants[index]
        ascii_only = host_of(self).terminal.ascii_only
        mark = contestant.style.mark(ascii_only)
        label = shortened(legible(contestant.label, ascii_only, 200), max(width - 2, 1), self.sign)
        return Text.assemble((mark, contestant.style.color), f" {label}")


class LayersScreen(LabScreen):
    PLACE = "layers"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("v", "layers.view", "view", "View",
            "Go on: histograms, numbers, variance against depth, what stands out.", footer=True),
        key("d", "layers.density", "density", "Density",
            "Scale histograms by counts or by density.", footer=True),
        key("tab", "layers.other", "app.focus_next", "List/page",
            "Let the arrow keys act on the list or on the page.", footer=True),
    ]  # fmt: skip

    view: reactive[str] = reactive("histograms", init=False)
    density: reactive[bool] = reactive(False, init=False)

    def body(self) -> ComposeResult:
        empty = _EMPTY.format(**self.keys_of_places())
        yield Static(empty, classes="empty", markup=False)
        with Horizontal(id="measured"):
            yield MeasuredList()
            with Vertical():
                yield Static(id="view-title", markup=False)
                yield ScrollPage()

    def on_mount(self) -> None:
        """Nothing is seen until something is drawn."""
        self.query_one("#measured").display = False

    def paint(self) -> None:
        measured = [c for c in self.open_runs.contestants() if any(t.probes for t in c.trials)]
        self.query_one(".empty").display = not measured
        pane = self.query_one("#measured")
        if pane.display is not bool(measured):
            pane.display = bool(measured)
            if measured:
                self.query_one(MeasuredList).focus()
            self.call_after_refresh(self.draw)
            return
        self.query_one(MeasuredList).show(measured)
        self._show_page()

    def _show_page(self) -> None:
        contestant = self.query_one(MeasuredList).chosen
        if contestant is None:
            return
        names = [f"[{view}]" if view == self.view else f" {view} " for view in VIEWS]
        self.query_one("#view-title", Static).update("v: " + " ".join(names))
        state = contestant.run.state
        probes = sum(len(trial.probes) for trial in state.trials)
        chosen = contestant.key if self.view in VIEWS[:2] else contestant.run.id
        page_key = (self.view, self.density, chosen, probes)
        self.query_one(ScrollPage).show(lambda width: self._page(contestant, width), page_key)

    def _page(self, contestant: Contestant, width: int) -> RenderableType:
        from inittui.views.findings import findings_report
        from inittui.views.inspection import scheme_histograms, scheme_numbers
        from inittui.views.variance import variance_plots

        terminal = self.host.terminal
        frame = Frame(width, terminal.ascii_only, terminal.marker)
        state = contestant.run.state
        match self.view:
            case "histograms":
                return scheme_histograms(state, contestant.scheme, frame, density=self.density)
            case "numbers":
                return scheme_numbers(state, contestant.scheme, frame)
            case "variance":
                return variance_plots(state, frame)
            case _:
                return findings_report(state, frame)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        message.stop()
        self._show_page()

    def watch_view(self) -> None:
        self._show_page()

    def watch_density(self) -> None:
        self._show_page()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]

    def action_density(self) -> None:
        self.density = not self.density
