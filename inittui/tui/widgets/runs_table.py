"""Past and live runs in a table: sorted, filtered, several of them ticked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text
from textual.message import Message

from inittui.runs import RunListing
from inittui.tui.host import host_of
from inittui.tui.status_styles import look_of
from inittui.tui.widgets.row_list import RowList
from inittui.views.columns import Column, fit, heading, row_line, sorted_by, where_they_differ
from inittui.views.frame import legible
from inittui.views.statuses import of_run
from inittui.views.wording import duration, how_long_ago, share

ORDERS: dict[str, Callable[[RunListing], Any]] = {
    "when": lambda listing: (-listing.when, listing.id),
    "best": lambda listing: -(listing.best_accuracy if listing.best_accuracy is not None else -1),
    "name": lambda listing: (not listing.name, listing.name.lower(), -listing.when),
    "status": lambda listing: (listing.status != "running", listing.status, -listing.when),
}

_PARTS: dict[str, Callable[[RunListing], Sequence[str]]] = {
    "status": lambda listing: (listing.status,),
    "scheme": lambda listing: listing.schemes,
    "model": lambda listing: (listing.model,),
    "data": lambda listing: (listing.data,),
    "name": lambda listing: (listing.name,),
}
"""What a word of the filter can be about, as in "status:lost"."""

_MOST_NAME, _MOST_SCHEMES = 30, 60


class RunsTable(RowList):
    """One line per run; ticked ones are those that keys act on, else the one at the cursor."""

    tick_columns = 5

    class Opened(Message):
        """A run was clicked twice."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[RunListing] = ()
        self._visible: list[RunListing] = []
        self._filter = ""
        self._now = 0.0
        self._fitted: tuple[object, list[Column[RunListing]]] = (None, [])
        self.order = "when"
        self.marked: set[str] = set()
        self.shown: frozenset[str] = frozenset()
        """The runs that are in the charts."""

    def load(self, listings: Sequence[RunListing], now: float) -> None:
        self._all = listings
        self._now = now
        self.marked &= {listing.id for listing in listings}
        self._arrange()

    def filter(self, text: str) -> None:
        """Show the runs that have all words of a text, or have them where a word says."""
        self._filter = text.lower()
        self._arrange()

    def sort(self) -> None:
        orders = list(ORDERS)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self._arrange()

    def _arrange(self) -> None:
        words = self._filter.split()
        matching = [
            listing for listing in self._all if all(_matches(listing, word) for word in words)
        ]
        self._visible = sorted(matching, key=ORDERS[self.order])
        self._fitted = (None, [])
        self.reload()

    @property
    def chosen(self) -> RunListing | None:
        return self._visible[self.cursor] if self._visible else None

    @property
    def meant(self) -> list[RunListing]:
        marked = [listing for listing in self._visible if listing.id in self.marked]
        return marked or ([self.chosen] if self.chosen else [])

    def toggle_mark(self) -> None:
        if self.chosen is not None:
            self.marked ^= {self.chosen.id}
            self.draw()

    def count(self) -> int:
        return len(self._visible)

    def nothing(self) -> str:
        return "  no run matches the filter; esc shows all again" if self._all else ""

    def identity(self, index: int) -> Hashable:
        return self._visible[index].id

    def _columns(self, width: int) -> list[Column[RunListing]]:
        """Return what stands right of ticks: as much as there is room for."""
        known = (width, self.order, self._now)
        if self._fitted[0] != known:
            self._fitted = known, self._fit(width)
        return self._fitted[1]

    def _fit(self, width: int) -> list[Column[RunListing]]:
        status = look_of(self).of_status
        say = self._legible
        names = [say(x.name) for x in self._all]
        told = dict(zip((x.id for x in self._all), names, strict=True))
        longest = min(max(map(cell_len, names), default=0), _MOST_NAME) or 1

        def of(
            title: str, cell: Callable[[RunListing], str], rank: int, least: int, most: int
        ) -> Column[RunListing]:
            widest = max((cell_len(cell(x)) for x in self._all), default=0)
            width = min(max(widest, len(title)), most)
            share = 0.5 if title == "schemes" else 1.0
            least = min(max(least, len(title)), width)  # a title is whole
            return Column(title, cell, rank, least=least, width=width, share=share)

        columns: list[Column[RunListing]] = [
            Column(self._title("when"), lambda x: how_long_ago(x.when, self._now), width=9),
            Column(self._title("name"), lambda x: told[x.id], 2, least=8, width=longest),
            of("schemes", lambda x: say(" ".join(x.schemes)), 4, 12, _MOST_SCHEMES),
            of("model", lambda x: say(x.model), 6, 8, 14),
            of("data", lambda x: say(x.data), 8, 7, 14),
            Column("epochs", lambda x: str(x.epochs or "-"), 7, width=6, right=True),
            Column("took", lambda x: duration(x.seconds) if x.seconds else "-", 5, right=True),
            of("highest mean", lambda x: say(x.best), 3, 8, 20),
            Column(self._title("best"), lambda x: share(x.best_accuracy), width=6, right=True),
            Column(self._title("status"), lambda x: Text(of_run(x), status(x.status)), width=12),
            Column("run", lambda x: Text(x.id, "dim"), 9, width=26),
        ]
        if not any(listing.name for listing in self._all):
            del columns[1]
        shown = fit(columns, self._all, width - self.tick_columns - 1)
        room = next((one.width for one in shown if one.title.startswith("name")), 0)
        names = where_they_differ(names, room, self.sign)
        told.update(zip((x.id for x in self._all), names, strict=True))
        return shown

    def _legible(self, text: str) -> str:
        return legible(text, host_of(self).terminal.ascii_only, 400)

    def _title(self, title: str) -> str:
        ascii_only = host_of(self).terminal.ascii_only
        return sorted_by(title, ascii_only) if title == self.order else title

    def heading(self, width: int) -> Text:
        indent = " " * (self.tick_columns + 1)
        return Text.assemble(indent, heading(self._columns(width), self.sign))

    def row(self, index: int, width: int) -> Text:
        listing = self._visible[index]
        tick = "[x]" if listing.id in self.marked else "[ ]"
        shown = ">" if host_of(self).terminal.ascii_only else "▸"
        eye = shown if listing.id in self.shown else " "
        columns = self._columns(width)
        look = "bold" if listing.id in self.marked else "dim"
        return Text.assemble(
            (tick, look), (f" {eye}", "bold"), " ", row_line(columns, listing, self.sign)
        )

    def on_row_list_clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self.post_message(self.Opened())

    def on_row_list_head_clicked(self, message: RowList.HeadClicked) -> None:
        """Sort by what was clicked, where that is an order."""
        message.stop()
        if message.title in ORDERS:
            self.order = message.title
            self._arrange()

    def on_row_list_ticked(self, message: RowList.Ticked) -> None:
        message.stop()
        self.toggle_mark()


def _matches(listing: RunListing, word: str) -> bool:
    where, colon, text = word.partition(":")
    if colon and where in _PARTS:
        return any(text in part.lower() for part in _PARTS[where](listing))
    return word in _searched(listing)


def _searched(listing: RunListing) -> str:
    parts = [listing.id, *(text for of in _PARTS.values() for text in of(listing))]
    return " ".join(parts).lower()
