"""The map of two sweeps, above the screen that it was asked for on; live while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, get_args

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from inittui.results.phase import phase_of
from inittui.results.sweep_results import swept_pairs
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.screens.dialogs import Modal
from inittui.tui.widgets.scroll_page import ScrollPage
from inittui.views.chart.layout import paragraph
from inittui.views.frame import Frame
from inittui.views.heat_map import Metric
from inittui.views.sweep_maps import Map, sweep_maps

_REDRAWN_SECONDS = 0.5

_NOTHING = (
    "No open run sweeps two things at once. A map is drawn of a run such as "
    "'inittui compare --sweep normal:std=1e-3..1:5 --sweep model.depth=2..16:4'."
)


class MapScreen(Modal[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,q,h", "map.close", "close", "Close", "Close the map."),
        key("m", "map.metric", "metric", "Metric", "Show accuracy, or loss."),
        key("p", "map.pair", "pair", "Pair", "Show the next two sweeps, where there are more."),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._metric = 0
        self._pair = 0
        self._has_lines = False

    def compose(self) -> ComposeResult:
        with Vertical(id="map"):
            yield Static("Map of two sweeps  (esc closes, m accuracy/loss, p other sweeps)",
                         id="map-title", markup=False)  # fmt: skip
            yield ScrollPage()

    def on_mount(self) -> None:
        self._draw()
        self.query_one(ScrollPage).focus()
        self.set_interval(_REDRAWN_SECONDS, self._draw)
        self.run_worker(self._work_out_lines, thread=True)

    def _work_out_lines(self) -> None:
        """Let theory's numbers be known before they are drawn, so that no key waits for them."""
        for run in list(host_of(self).open_runs.shown):
            phase_of(run.state)
        self._has_lines = True

    def _draw(self) -> None:
        version = host_of(self).open_runs.version
        topic = (self._metric, self._pair)
        self.query_one(ScrollPage).show(self._page, (version, self._has_lines, *topic), topic)

    def wanted(self, pairs: Sequence[tuple[str, str]]) -> Map:
        """Return the map that the keys have chosen, of a run with these pairs of sweeps."""
        metrics: tuple[Metric, ...] = get_args(Metric)
        metric = metrics[self._metric % len(metrics)]
        return Map(pairs[self._pair % len(pairs)], metric, self._has_lines)

    def _page(self, width: int) -> RenderableType:
        plain = host_of(self).terminal.ascii_only
        frame = Frame(width, plain, "ascii" if plain else "braille")
        parts: list[Text] = []
        for run in host_of(self).open_runs.shown:
            if pairs := swept_pairs(run.state):
                parts += sweep_maps(run.state, frame, self.wanted(pairs))
        return Group(*(parts or paragraph(frame.say(_NOTHING), width)))

    def action_metric(self) -> None:
        self._metric += 1
        self._draw()

    def action_pair(self) -> None:
        self._pair += 1
        self._draw()

    def action_close(self) -> None:
        self.dismiss()
