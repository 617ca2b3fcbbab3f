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
from inittui.views.chart.layout import shortened
from inittui.views.frame import legible
from inittui.views.runs import how_long_ago

_LABELS = {"nothing-finished": "all failed"}

ORDERS: dict[str, Callable[[RunListing], Any]] = {
    "when": lambda listing: (-listing.when, listing.id),
    "best": lambda listing: -(listing.best_accuracy if listing.best_accuracy is not None else -1),
    "name": lambda listing: (not listing.name, listing.name.lower(), -listing.when),
    "status": lambda listing: (listing.status != "running", listing.status, -listing.when),
}
"""What the runs can be sorted by."""


class RunsTable(RowList):
    """One line per run; marked ones are those that keys act on, else the one at the cursor."""

    class Opened(Message):
        """A run was clicked twice."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: Sequence[RunListing] = ()
        self._visible: list[RunListing] = []
        self._filter = ""
        self._now = 0.0
        self.order = "when"
        self.marked: set[str] = set()
        self.shown: frozenset[str] = frozenset()
        """The runs that are in the charts."""

    def load(self, listings: Sequence[RunListing], now: float) -> None:
        """Show these runs; the cursor stays on its run."""
        self._all = listings
        self._now = now
        self.marked &= {listing.id for listing in listings}
        self._arrange()

    def filter(self, text: str) -> None:
        """Show the runs that have all words of a text in ID, name, schemes or status."""
        self._filter = text.lower()
        self._arrange()

    def sort(self) -> None:
        """Sort by what comes next."""
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
        """The run at the cursor."""
        return self._visible[self.cursor] if self._visible else None

    @property
    def meant(self) -> list[RunListing]:
        """The marked runs, else the one at the cursor."""
        marked = [listing for listing in self._visible if listing.id in self.marked]
        return marked or ([self.chosen] if self.chosen else [])

    def toggle_mark(self) -> None:
        """Mark the run at the cursor, or take the mark away, and go to the next."""
        if self.chosen is not None:
            self.marked ^= {self.chosen.id}
            self.go_to(self.cursor + 1)
            self.draw()

    def count(self) -> int:
        """Return how many runs match."""
        return len(self._visible)

    def identity(self, index: int) -> Hashable:
        """Return the run's ID."""
        return self._visible[index].id

    def _widths(self, width: int) -> tuple[int, int, bool]:
        """Return the columns of name and schemes, and whether the ID is shown."""
        with_id = width >= 100
        room = width - 4 - 9 - 8 - 14 - 2 * 4 - (28 if with_id else 0)
        name = min(max((len(x.name) for x in self._all), default=0), max(room // 3, 8), 30)
        name = max(name, 4)
        return name, max(room - name, 4), with_id

    def heading(self, width: int) -> Text:
        """Return the names of the columns; the one that it is sorted by has a mark."""
        name, schemes, with_id = self._widths(width)
        arrow = "v" if host_of(self).terminal.ascii_only else "▾"

        def head(title: str) -> str:
            return f"{title}{arrow}" if title == self.order else title

        line = f"    {head('when'):<9} "
        if with_id:
            line += f"{'run':<26}  "
        line += f"{head('name'):<{name}}  {'schemes':<{schemes}}  "
        return Text(line + f"{head('best'):>7}  {head('status')}")

    def row(self, index: int, width: int) -> Text:
        """Return a run's line."""
        listing = self._visible[index]
        ascii_only = host_of(self).terminal.ascii_only
        name, schemes, with_id = self._widths(width)
        mark = "*" if listing.id in self.marked else " "
        eye = (">" if ascii_only else "▸") if listing.id in self.shown else " "

        def cut(text: str, columns: int) -> str:
            from rich.cells import set_cell_size

            return set_cell_size(shortened(legible(text, ascii_only, 400), columns), columns)

        line = Text.assemble(
            (f" {mark}{eye} ", "bold"), f"{how_long_ago(listing.when, self._now):<9} "
        )
        if with_id:
            line.append(f"{listing.id:<26}  ", "dim")
        line.append(f"{cut(listing.name, name)}  ")
        line.append(f"{cut(' '.join(listing.schemes), schemes)}  ")
        line.append(f"{_percent(listing.best_accuracy):>7}  ")
        line.append(_status(listing), look_of(self).of_status(listing.status))
        return line

    def on_row_list_clicked(self, message: RowList.Clicked) -> None:
        """Open on a second click."""
        message.stop()
        self.post_message(self.Opened())


def _searched(listing: RunListing) -> str:
    return " ".join([listing.id, listing.name, *listing.schemes, listing.status]).lower()


def _status(listing: RunListing) -> str:
    if listing.status == "running" and listing.planned_steps:
        return f"running {min(listing.steps / listing.planned_steps, 1.0):.0%}"
    return _LABELS.get(listing.status, listing.status)


def _percent(accuracy: float | None) -> str:
    return "-" if accuracy is None else f"{min(max(accuracy, 0.0), 1.0):.1%}"
