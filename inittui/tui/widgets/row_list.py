"""A list of lines with a cursor; only what is seen is drawn."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive

from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.status_styles import LOOK_CLASSES
from inittui.tui.widgets.diff_lines import DiffLines
from inittui.views.chart.layout import shortened, truncated

_WHEEL = 3
"""Rows that the mouse's wheel goes by."""


class RowList(DiffLines, can_focus=True):
    """Lines under a heading. Subclasses say how many there are and what is in them.

    The cursor stays on the same row when others appear above it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("up,k", "list.up", "cursor(-1)", "Up", "Go to the line above."),
        key("down,j", "list.down", "cursor(1)", "Down", "Go to the line below."),
        key("pageup", "list.page_up", "page(-1)", "Page up", "Go up by what is seen."),
        key("pagedown", "list.page_down", "page(1)", "Page down", "Go down by what is seen."),
        key("home,g", "list.first", "cursor(-1000000)", "First", "Go to the first line."),
        key("end,G", "list.last", "cursor(1000000)", "Last", "Go to the last line."),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--head",
        "rows--cursor",
        "rows--cursor-focused",
        *LOOK_CLASSES,
    }

    cursor: reactive[int] = reactive(0, init=False)
    """The row that keys act on."""

    class Moved(Message):
        """The cursor is on another row."""

    class Clicked(Message):
        """A row was clicked that the cursor was on already."""

    class HeadClicked(Message):
        """A title above the rows was clicked: its word, "" beside one."""

        def __init__(self, title: str) -> None:
            super().__init__()
            self.title = title

    class Ticked(Message):
        """The tick of the row at the cursor was clicked."""

    tick_columns: ClassVar[int] = 0
    """Columns on the left in which a click ticks; 0 for a list without ticks."""

    def __init__(self) -> None:
        super().__init__()
        self._start = 0
        self._kept: Hashable = None

    def count(self) -> int:
        raise NotImplementedError

    def heading(self, width: int) -> Text | None:
        raise NotImplementedError

    def row(self, index: int, width: int) -> Text:
        raise NotImplementedError

    def nothing(self) -> str:
        """Return what is said where there is no row."""
        return ""

    def identity(self, index: int) -> Hashable:
        """Return what a row is known by, wherever it stands."""
        raise NotImplementedError

    def reload(self) -> None:
        """Draw what has changed; the cursor goes where its row has gone."""
        places = range(self.count())
        place = next((i for i in places if self.identity(i) == self._kept), None)
        if place is None:
            place = self._clamped(self.cursor)
            self._keep(place)
        if place != self.cursor:
            self.set_reactive(RowList.cursor, place)
            self.post_message(self.Moved())
        self.draw()

    def draw(self) -> None:
        """Draw all lines; only those that differ from before are sent."""
        width, height = self.size
        if not width or not height:
            return
        head = self.heading(width)
        room = max(height - (head is not None), 1)
        last = max(self.count() - room, 0)
        self._start = min(max(self._start, self.cursor - room + 1), self.cursor, last)
        stop = min(self._start + room, self.count())
        lines = [self._styled(index, width) for index in range(self._start, stop)]
        if not lines and (said := self.nothing()):
            lines.append(Text(shortened(said, width, self.sign), "dim"))
        if head is not None:
            lines.insert(0, self._head(head, width, self._seen(head, stop, width)))
        self.paint(lines)

    def _seen(self, head: Text, stop: int, width: int) -> str:
        """Say which rows are seen, where not all are: briefly where more than the last
        title would be hidden, as the one before may say what the rows are sorted by.
        """
        start, count = self._start + 1, self.count()
        if start == 1 and stop == count:
            return ""
        said = f" {start} to {stop} of {count}"
        hidden = head.plain[max(width - len(said) - 1, 0) :].split()
        return said if len(hidden) < 2 else f" {start}-{stop}/{count}"

    def _head(self, head: Text, width: int, more: str) -> Text:
        head = truncated(head, width - len(more), self.sign)
        head.pad_right(max(width - len(more) - head.cell_len, 0))
        head.append(more)
        head.stylize_before(self.get_component_rich_style("rows--head", partial=True))
        return head

    @property
    def sign(self) -> str:
        """What stands for text that there is no room for."""
        return host_of(self).terminal.ellipsis

    @property
    def has_keys(self) -> bool:
        """Whether the row at the cursor is the one that keys act on now."""
        return self.has_focus

    def _styled(self, index: int, width: int) -> Text:
        line = self.row(index, width)
        if index == self.cursor:
            name = "rows--cursor-focused" if self.has_keys else "rows--cursor"
            line.pad_right(max(width - line.cell_len, 0))
            line.stylize_before(self.get_component_rich_style(name, partial=True))
        return line

    def _clamped(self, place: int) -> int:
        return min(max(place, 0), max(self.count() - 1, 0))

    def _keep(self, place: int) -> None:
        self._kept = self.identity(place) if place < self.count() else None

    def go_to(self, place: int) -> None:
        self.cursor = self._clamped(place)
        self._keep(self.cursor)

    def is_seen(self, place: int) -> bool:
        """Whether a row is among those that are drawn."""
        return self._start <= place < self._start + max(self.size.height - 1, 1)

    def watch_cursor(self) -> None:
        self.draw()
        self.post_message(self.Moved())

    def on_focus(self) -> None:
        self.draw()

    def on_blur(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted and self.count():
            self.draw()

    def on_click(self, event: events.Click) -> None:
        """Go to the line under the mouse; a second click acts on it."""
        has_head = self.heading(self.size.width) is not None
        place = self._start + event.y - has_head
        if has_head and event.y == 0:
            self.post_message(self.HeadClicked(self._title_at(event.x - self.gutter.left)))
        elif place < self.count():
            self.point_at(place, is_tick=event.x < self.tick_columns)

    def _title_at(self, x: int) -> str:
        head = self.heading(self.size.width)
        words = re.finditer(r"\w+", head.plain if head is not None else "")
        return next((word[0] for word in words if word.start() <= x <= word.end()), "")

    def point_at(self, place: int, *, is_tick: bool) -> None:
        """Do what a click on a row means."""
        if is_tick or place == self.cursor:
            self.post_message(self.Ticked() if is_tick else self.Clicked())
        self.go_to(place)

    def on_mouse_scroll_down(self) -> None:
        self.roll(_WHEEL)

    def on_mouse_scroll_up(self) -> None:
        self.roll(-_WHEEL)

    def roll(self, rows: int) -> None:
        """Do what the mouse's wheel means."""
        self.go_to(self.cursor + rows)

    def action_cursor(self, by: int) -> None:
        self.go_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        self.go_to(self.cursor + pages * max(self.size.height - 2, 1))
