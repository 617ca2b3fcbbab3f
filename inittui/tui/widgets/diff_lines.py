"""A widget of lines that are kept until they change, so that only what differs is sent."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class DiffLines(Widget):
    """Shows lines of rich text; `paint` refreshes the cells that differ from before."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self._painted_style = Style.null()

    def paint(self, lines: Sequence[Text]) -> None:
        """Show these lines from the top; what is below the widget's height is left out."""
        width, height = self.size
        style = self.rich_style
        strips = [_strip(line, width, style, self) for line in lines[:height]]
        before, self._strips = self._strips, strips
        if style != self._painted_style or len(before) != len(strips):
            self._painted_style = style
            self.refresh()
            return
        regions = [
            Region(start, y, end - start, 1)
            for y, (old, new) in enumerate(zip(before, strips, strict=True))
            if old is not new
            for start, end in _difference(old, new)
        ]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)


def _strip(line: Text, width: int, style: Style, widget: Widget) -> Strip:
    segments = [segment for segment in line.render(widget.app.console) if segment.text != "\n"]
    return Strip(segments).apply_style(style).adjust_cell_length(width, style).simplify()


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    from rich.cells import get_character_cell_size

    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        for character in text:
            size = get_character_cell_size(character)
            cells += [(character, style), *[("", style)] * (size - 1)]
    return cells


def _difference(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """Return from where to where two lines differ: nothing where they don't."""
    if list(old) == list(new):
        return []
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return [(0, len(after))]
    places = [x for x, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return _runs(places) if places else []


_CLOSE = 12
"""Cells between two changes that are sent with them: cheaper than to move the cursor."""


def _runs(places: list[int]) -> list[tuple[int, int]]:
    runs = [(places[0], places[0] + 1)]
    for place in places[1:]:
        start, end = runs[-1]
        if place - end < _CLOSE:
            runs[-1] = (start, place + 1)
        else:
            runs.append((place, place + 1))
    return runs
