"""Past and live runs in a table: sorted, filtered, several of them marked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from rich.text import Text
from textual.message import Message

from inittui.runs import RunListing
from inittui.tui.host import host_of
from inittui.tui.status_styles import look_of
from inittui.tui.widgets.row_list import RowList
from inittui.views.columns import Column, heading, row_line
from inittui.views.frame import legible
from inittui.views.statuses import of_run
from inittui.views.wording import how_long_ago, share

ORDERS: dict[str, Callable[[RunListing], Any]] = {
    "when": lambda listing: (-listing.when, listing.id),
    "best": lambda listing: -(listing.best_accuracy if listing.best_accuracy is not None else -1),
    "name": lambda listing: (not listing.name, listing.name.lower(), -listing.when),
    "status": lambda listing: (listing.status != "running", listing.status, -listing.when),
}


class RunsTable(RowList):
    """One line per run; marked ones are those that keys act on, else the one at the cursor."""

    class Opened(Message):
        """A run was clicked twice."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[RunListing] = ()
        self._visible: list[RunListing] = []
        self._filter = ""
        self._now = 0.0
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
        """Show the runs that have all words of a text in ID, name, schemes or status."""
        self._filter = text.lower()
        self._arrange()

    def sort(self) -> None:
        orders = list(ORDERS)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self._arrange()

    def _arrange(self) -> None:
        words = self._filter.split()
        matching = [
            listing for listing in self._all if all(word in _searched(listing) for word in words)
        ]
        self._visible = sorted(matching, key=ORDERS[self.order])
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
            self.go_to(self.cursor + 1)
            self.draw()

    def count(self) -> int:
        return len(self._visible)

    def identity(self, index: int) -> Hashable:
        return self._visible[index].id

    def _columns(self, width: int) -> list[Column[RunListing]]:
        """Return what stands right of the marks and the time."""
        with_id = width >= 100
        room = width - (71 if with_id else 43)
        longest = max((len(x.name) for x in self._all), default=0)
        name = max(min(longest, max(room // 3, 8), 30), 4)
        status = look_of(self).of_status
        columns: list[Column[RunListing]] = [
            Column("run", lambda x: Text(x.id, "dim"), width=26),
            Column(self._title("name"), lambda x: self._legible(x.name), width=name),
            Column(
                "schemes", lambda x: self._legible(" ".join(x.schemes)), width=max(room - name, 4)
            ),
            Column(self._title("best"), lambda x: share(x.best_accuracy), width=7, right=True),
            Column(self._title("status"), lambda x: Text(of_run(x), status(x.status)), width=14),
        ]
        return columns if with_id else columns[1:]

    def _legible(self, text: str) -> str:
        return legible(text, host_of(self).terminal.ascii_only, 400)

    def _title(self, title: str) -> str:
        arrow = "v" if host_of(self).terminal.ascii_only else "▾"
        return f"{title}{arrow}" if title == self.order else title

    def heading(self, width: int) -> Text:
        return Text.assemble(f"    {self._title('when'):<9} ", heading(self._columns(width)))

    def row(self, index: int, width: int) -> Text:
        listing = self._visible[index]
        mark = "*" if listing.id in self.marked else " "
        shown = ">" if host_of(self).terminal.ascii_only else "▸"
        eye = shown if listing.id in self.shown else " "
        when = f"{how_long_ago(listing.when, self._now):<9} "
        columns = self._columns(width)
        return Text.assemble((f" {mark}{eye} ", "bold"), when, row_line(columns, listing))

    def on_row_list_clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self.post_message(self.Opened())


def _searched(listing: RunListing) -> str:
    return " ".join([listing.id, listing.name, *listing.schemes, listing.status]).lower()
