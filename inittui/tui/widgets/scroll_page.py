"""A long page that scrolls: rendered once for its width, then only shown."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import ClassVar

from rich.console import RenderableType
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from inittui.tui.clickable import clickable_strip
from inittui.tui.keymap import key
from inittui.tui.widgets.row_list import RowList

_PAGE = 20
"""Lines that a page key scrolls by."""


class ScrollPage(ScrollView, can_focus=True):
    """Shows what a view has made; it is made again when its key or the width changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("up,k", "page.up", "scroll(-1)", "Up", "Go back by a line."),
        key("down,j", "page.down", "scroll(1)", "Down", "Read on by a line."),
        key("pageup", "page.page_up", f"scroll(-{_PAGE})", "Page up", "Go back by a page."),
        key("pagedown", "page.page_down", f"scroll({_PAGE})", "Page down", "Read on by a page."),
        key("home,g", "page.first", "scroll(-1000000)", "Top", "Go to the beginning."),
        key("end,G", "page.last", "scroll(1000000)", "End", "Go to the end."),
    ]

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._make: Callable[[int], RenderableType] | None = None
        self._key: Hashable = None
        self._topic: Hashable = None
        self._made_for: Hashable = None
        self._presses: Mapping[str, str] = {}
        self._lines: list[Strip] = []

    def show(
        self,
        make: Callable[[int], RenderableType],
        key: Hashable,
        topic: Hashable = None,
        presses: Mapping[str, str] | None = None,
    ) -> None:
        """Show what ``make`` returns for a width; equal keys have equal pages.

        A page of another topic (None: of another key) is shown from its beginning. A click on the
        words that ``presses`` has presses the key that it has for them.
        """
        self._presses = presses or {}
        is_new = self._topic != (topic or key)
        self._topic = topic or key
        self._make = make
        self._key = key
        self._render_page()
        if is_new:
            self.scroll_to(0, 0, animate=False)

    def _render_page(self) -> None:
        width = self.scrollable_content_region.width - 1  # a column before the scrollbar
        made_for = (self._key, width, self.app.theme)
        if self._make is None or width < 2 or made_for == self._made_for:
            return
        self._made_for = made_for
        options = self.app.console.options.update(width=width, height=None)
        style = self.rich_style
        rendered = self.app.console.render_lines(
            self._make(width), options, style=style, pad=True, new_lines=False
        )
        self._lines = [clickable_strip(Strip(line).simplify(), self._presses) for line in rendered]
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def on_resize(self) -> None:
        self._render_page()

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        width, style = self.size.width, self.rich_style
        if place >= len(self._lines):
            return Strip.blank(width, style)
        return self._lines[place].adjust_cell_length(width, style)

    def reveal(self, line: int) -> None:
        """Scroll as far as a line needs to be seen."""
        top, height = self.scroll_offset.y, self.size.height
        seen = min(max(top, line - height + 1), line)
        self.scroll_to(0, seen, animate=False)

    def action_scroll(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False)


class ListBesidePage(RowList):
    """A short list that says what its page is about; the page keys scroll the page."""

    def action_page(self, pages: int) -> None:
        self.screen.query_one(ScrollPage).action_scroll(pages * _PAGE)
