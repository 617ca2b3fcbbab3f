"""The map of two sweeps, above the screen that it was asked for on; live while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, get_args

from rich.console import Group, RenderableType
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from inittui.results.phase import phase_of
from inittui.results.sweep_results import Grid, swept_pairs
from inittui.tui.chart_options import Key
from inittui.tui.clickable import clickable
from inittui.tui.host import host_of, key_for, name_here
from inittui.tui.keymap import key
from inittui.tui.open_run import OpenRun
from inittui.tui.screens.dialogs import Modal
from inittui.tui.widgets.scroll_page import ScrollPage
from inittui.views.chart.layout import paragraph
from inittui.views.frame import Frame
from inittui.views.heat_map import CELL, Metric
from inittui.views.map_cursor import Cursor, held, line_of, moved, said_of
from inittui.views.sweep_maps import MAP, Map, shown_grids, sweep_maps

_REDRAWN_SECONDS = 0.5

_OPEN, _METRIC, _PAIR = ("map.open", "enter"), ("map.metric", "m"), ("map.pair", "p")
"""Actions that the title names, and their usual keys."""

_NOTHING = (
    "No open run sweeps two things at once. A map is drawn of a run whose setting 'sweeps' has "
    "two, such as normal:std=1e-3..1:5 model.depth=2..16:4."
)


@dataclass(frozen=True, slots=True)
class _Maps:
    """The maps of one run."""

    run: OpenRun
    wanted: Map
    grids: tuple[Grid, ...]


class MapPage(ScrollPage):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("left", "map.left", "screen.move(-1, 0)", "Left", "Go to the cell on the left."),
        key("right", "map.right", "screen.move(1, 0)", "Right", "Go to the cell on the right."),
        key("up", "map.up", "screen.move(0, -1)", "Up", "Go to the cell above."),
        key("down", "map.down", "screen.move(0, 1)", "Down", "Go to the cell below."),
        key("enter", "map.open", "screen.open", "Open",
            "Close the map and show the cell's contestant among the curves."),
    ]  # fmt: skip


class MapScreen(Modal[Key | None]):
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
        self._cursor: Cursor | None = None
        self._line: int | None = None
        """Where on the page it is."""
        self._found: tuple[object, list[_Maps]] = (None, [])

    def compose(self) -> ComposeResult:
        with Vertical(id="map"):
            yield Static(self._title(), id="map-title", classes="closes", markup=False)
            yield MapPage()
            yield Static(id="map-cell", markup=False)

    def _title(self) -> Text:
        told = {_OPEN: "opens", _METRIC: "accuracy/loss", _PAIR: "other sweeps"}
        keys = {f"{key_for(self, *of)} {said}": name_here(self, *of) for of, said in told.items()}
        close = key_for(self, "map.close", "escape,q,h")
        title = f"Map  (arrows choose, {', '.join(keys)}, {close} closes)"
        return clickable(Text(title), keys)

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
        cells = self._held()
        shown = (version, self._has_lines, self._cursor, *topic)
        self.query_one(ScrollPage).show(self._page, shown, topic)
        line, said = self.query_one("#map-cell", Static), self._said(cells)
        if str(line.content) != said:
            line.update(said)

    def _held(self) -> list[tuple[OpenRun, Grid]]:
        """Return the maps that there are by now, and put the cursor on a cell of theirs."""
        cells = self._cells()
        self._cursor = held([grid for _, grid in cells], self._cursor)
        return cells

    def _said(self, cells: Sequence[tuple[OpenRun, Grid]]) -> str:
        """Say what the cell under the cursor is and came to."""
        if self._cursor is None:
            return ""
        run, grid = cells[self._cursor.map]
        several = len({run.id for run, _ in cells}) > 1
        title = f"{run.title}: " if several else ""
        said = said_of(run.state, grid, self._cursor.place)
        return self._frame(self.size.width).say(title + said)

    def wanted(self, pairs: Sequence[tuple[str, str]]) -> Map:
        """Return the map that the keys have chosen, of a run with these pairs of sweeps."""
        metrics: tuple[Metric, ...] = get_args(Metric)
        metric = metrics[self._metric % len(metrics)]
        return Map(pairs[self._pair % len(pairs)], metric, self._has_lines)

    def _maps(self) -> list[_Maps]:
        """Return what is drawn of each run that has a map."""
        key = host_of(self).open_runs.version, self._has_lines, self._metric, self._pair
        if self._found[0] != key:
            found = []
            for run in host_of(self).open_runs.shown:
                if pairs := swept_pairs(run.state):
                    wanted = self.wanted(pairs)
                    found.append(_Maps(run, wanted, shown_grids(run.state, wanted)))
            self._found = key, found
        return self._found[1]

    def _cells(self) -> list[tuple[OpenRun, Grid]]:
        """Return the maps of all runs, from the top."""
        return [(maps.run, grid) for maps in self._maps() for grid in maps.grids]

    def _frame(self, width: int) -> Frame:
        plain = host_of(self).terminal.ascii_only
        return Frame(width, plain, "ascii" if plain else "braille")

    def _page(self, width: int) -> RenderableType:
        frame = self._frame(width)
        lines: list[Text] = []
        above = 0
        for maps in self._maps():
            cursor = self._cursor and replace(self._cursor, map=self._cursor.map - above)
            wanted = replace(maps.wanted, cursor=cursor, first=above)
            lines += sweep_maps(maps.run.state, frame, wanted)
            above += len(maps.grids)
        self._line = line_of(lines)
        return Group(*(lines or paragraph(frame.say(_NOTHING), width)))

    def action_metric(self) -> None:
        self._metric += 1
        self._draw()

    def action_pair(self) -> None:
        self._pair += 1
        self._draw()

    def action_move(self, right: int, down: int) -> None:
        cells = self._held()
        if self._cursor is None:
            self.query_one(ScrollPage).action_scroll(down)
            return
        self._cursor = moved([grid for _, grid in cells], self._cursor, right, down)
        self._draw()
        if self._line is not None:
            self.query_one(ScrollPage).reveal(self._line)

    def on_click(self, event: events.Click) -> None:
        """Go to the cell under the mouse; a second click opens it, as in lists."""
        meta = event.style.meta
        if CELL not in meta:
            return
        event.stop()
        pointed = Cursor(meta[MAP], meta[CELL])
        if pointed == self._cursor:
            self.action_open()
        else:
            self._cursor = pointed
            self._draw()

    def action_open(self) -> None:
        cells = self._held()
        if self._cursor is None:
            return
        run, grid = cells[self._cursor.map]
        cell = grid.cells.get(self._cursor.place)
        if cell is None:
            self.app.bell()
        else:
            self.dismiss((run.id, cell.contestant))

    def action_close(self) -> None:
        self.dismiss(None)
