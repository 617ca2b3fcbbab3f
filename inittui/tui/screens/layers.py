"""Inside the layers: what the probes of the open runs have measured."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from inittui.tui.chart_options import Contestant
from inittui.tui.host import host_of, key_for, name_here
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
VIEWS = ("findings", "side by side", "histograms", "numbers", "variance")
"""What can be looked at, in the order that a key steps through."""

_OF_ONE = ("histograms", "numbers")
"""Views of the chosen contestant alone."""

_VIEW, _LAYER = ("layers.view", "v"), ("layers.layer", "l")
"""Actions that are named on the screen, and their usual keys."""

_SCALED = ("histograms",)
"""Views that a scale is chosen for."""


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


class ViewLine(Static):
    """The names of the views, the one that is seen in brackets; as many as fit."""

    view = VIEWS[0]

    class Chosen(Message):
        """The name of a view was clicked."""

        def __init__(self, view: str) -> None:
            super().__init__()
            self.view = view

    def on_click(self, event: events.Click) -> None:
        """Choose the view whose name is under the mouse, as far as it is seen; the key goes on."""
        line, x = self.render().plain, event.x - self.gutter.left
        if 0 <= x <= line.find(":"):
            self.app.simulate_key(name_here(self, *_VIEW))
        for view in VIEWS:
            start = line.find(view)
            if start >= 0 and start <= x < start + len(view):
                self.post_message(self.Chosen(view))

    def show(self, view: str) -> None:
        self.view = view
        self.refresh()

    def render(self) -> Text:
        head, sign = f"{key_for(self, *_VIEW)}: ", host_of(self).terminal.ellipsis
        names = [f"[{each}]" if each == self.view else f" {each} " for each in VIEWS]
        place = VIEWS.index(self.view)
        room = self.size.width - len(head)
        first = next(n for n in range(place + 1) if n == place or _fits(names[n : place + 1], room))
        before = sign if first else ""
        return Text(head + shortened(before + " ".join(names[first:]), room, sign))


def _fits(names: Sequence[str], room: int) -> bool:
    """Whether there is room for signs of what is left out before and behind them, too."""
    return len(" ".join(names)) + 6 <= room


class LayersScreen(LabScreen):
    PLACE = "layers"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("v", "layers.view", "view", "View",
            "Go on: what stands out, one layer of all side by side, histograms, numbers, variance "
            "against depth.", footer=True),
        key("l", "layers.layer", "layer", "Layer",
            "Go to the next layer, where contestants stand side by side.", footer=True),
        key("d", "layers.density", "density", "Density",
            "Scale histograms by counts or by density.", footer=True),
        key("f", "layers.full", "app.toggle_class('#measured', '-full-page')", "Full screen",
            "Give all the room to the page, or show the list again."),
        key("tab", "layers.other", "other", "List/page",
            "Let the arrow keys act on the list or on the page.", footer=True),
    ]  # fmt: skip

    view: reactive[str] = reactive("findings", init=False, bindings=True)
    place: reactive[int] = reactive(0, init=False)
    """The number of the layer that is seen side by side."""
    density: reactive[bool] = reactive(False, init=False)

    def body(self) -> ComposeResult:
        empty = self.empty_text(_EMPTY)
        yield Static(empty, classes="empty", markup=False)
        with Horizontal(id="measured"):
            yield MeasuredList()
            with Vertical():
                yield ViewLine(id="view-title")
                yield ScrollPage()

    def on_mount(self) -> None:
        """Nothing is seen until something is drawn."""
        self.query_one("#measured").display = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        ready = super().check_action(action, parameters)
        if not ready or action not in ("view", "layer", "density", "other"):
            return ready
        is_scaled = action != "density" or self.view in _SCALED
        return bool(self.query_one("#measured").display) and is_scaled

    def paint(self) -> None:
        measured = [c for c in self.open_runs.contestants() if any(t.probes for t in c.trials)]
        self.query_one(".empty").display = not measured
        pane = self.query_one("#measured")
        if pane.display is not bool(measured):
            pane.display = bool(measured)
            self.refresh_bindings()
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
        self.query_one(ViewLine).show(self.view)
        chosen = contestant.key if self.view in _OF_ONE else contestant.run.id
        height = self.query_one(ScrollPage).size.height
        topic = (self.view, self.density, chosen, self.place)
        page_key = (*topic, height, self._shown())
        page = self.query_one(ScrollPage)
        presses = {f"{self.key_for(*_LAYER)} shows others": name_here(self, *_LAYER)}
        page.show(lambda width: self._page(contestant, width), page_key, topic, presses)

    def _shown(self) -> Hashable:
        """Return all that pages tell of the open runs, as far as it changes."""
        names = [(c.key, c.label, c.style) for c in self.open_runs.contestants()]
        trials = [trial for run in self.open_runs.shown for trial in run.state.trials]
        return tuple(names), tuple(
            (len(trial.probes), trial.status, len(trial.epochs)) for trial in trials
        )

    def _page(self, contestant: Contestant, width: int) -> RenderableType:
        from inittui.views.findings import findings_report
        from inittui.views.inspection import scheme_histograms, scheme_numbers
        from inittui.views.variance import variance_plots

        terminal = self.host.terminal
        frame = Frame(width, terminal.ascii_only, terminal.marker)
        state = contestant.run.state
        everyone = self.open_runs.contestants()
        styles = {c.scheme: c.style for c in everyone if c.run is contestant.run}
        match self.view:
            case "side by side":
                return self._side_by_side(frame)
            case "histograms":
                key = self.key_for(*_LAYER)
                return scheme_histograms(
                    state, contestant.scheme, frame, others=key, density=self.density
                )
            case "numbers":
                return scheme_numbers(state, contestant.scheme, frame)
            case "variance":
                return variance_plots(state, frame, styles)
            case _:
                return findings_report(state, frame, styles)

    def _side_by_side(self, frame: Frame) -> RenderableType:
        from inittui.views.inspection import Contestant as Shown
        from inittui.views.inspection import layer_side_by_side
        from inittui.views.probe_selection import subjects_of

        shown = [
            Shown(c.label, c.style, subject.probes, subject.seed)
            for c in self.open_runs.contestants()
            for subject in subjects_of(c.run.state)
            if subject.trial.scheme == c.scheme
        ]
        layers = [layer.name for layer in shown[0].probes[0].probe.layers] if shown else []
        layer = layers[self.place % len(layers)] if layers else ""
        height = self.query_one(ScrollPage).size.height
        return layer_side_by_side(shown, layer, frame, max((height - 3) // 4 - 2, 4))

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        message.stop()
        self._show_page()

    def watch_view(self) -> None:
        self._show_page()

    def watch_place(self) -> None:
        self._show_page()

    def on_view_line_chosen(self, message: ViewLine.Chosen) -> None:
        message.stop()
        self.view = message.view

    def action_layer(self) -> None:
        if self.view == "side by side":
            self.place += 1
        self.view = "side by side"

    def watch_density(self) -> None:
        self._show_page()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]

    def action_other(self) -> None:
        self.app.action_focus_next()

    def action_density(self) -> None:
        self.density = not self.density
