"""The inside of a chart, cell by cell: lines of dots that share cells, and the marks over them.

plotext has one colour and one line a cell: of curves that meet there the last would be seen alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from rich.text import Text

from inittui.views.chart.canvas import DOTS, Canvas, Layer, nearest

_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of a dot in U+2800, by its row from above and its column."""

_QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By the bits of the upper left 1, upper right 2, lower left 4 and lower right 8."""


class Cells:
    """Collects what stands in each cell of a canvas; rows count from above."""

    def __init__(self, canvas: Canvas, leading: int | None = None) -> None:
        """``leading`` is the number of the layer whose colour its shared cells have."""
        self._canvas = canvas
        self._leading = leading
        self._dots: dict[tuple[int, int], int] = {}
        self._owners: dict[tuple[int, int], list[int]] = {}
        self._marks: dict[tuple[int, int], tuple[str, str]] = {}
        self._looks: list[tuple[str, str]] = []

    def line(self, number: int, layer: Layer) -> None:
        """Unite a polyline's dots with those that are there; ``number`` says whose it is."""
        while len(self._looks) <= number:
            self._looks.append(("", ""))
        self._looks[number] = layer.marker, layer.color
        across, down = DOTS[self._canvas.marker]
        wide, high = self._canvas.columns * across - 1, self._canvas.rows * down - 1
        points = [(nearest(x * wide), high - nearest(y * high)) for x, y in layer.points]
        for x, y in _joined(points):
            place = y // down, x // across
            self._dots[place] = self._dots.get(place, 0) | self._bit(x % across, y % down)
            owners = self._owners.setdefault(place, [])
            if number not in owners:
                owners.append(number)

    def put(self, layer: Layer) -> None:
        """Put marks of a whole cell over what is there; joined ones fill what is between."""
        columns, rows = self._canvas.columns - 1, self._canvas.rows - 1
        points = [(nearest(x * columns), rows - nearest(y * rows)) for x, y in layer.points]
        for x, y in _joined(points) if layer.joined else points:
            self._marks[y, x] = layer.marker, layer.color

    def _bit(self, x: int, y: int) -> int:
        if self._canvas.marker == "braille":
            return _BRAILLE[y][x]
        return 1 << (2 * y + x)

    def row(self, y: int) -> Text:
        """Return one line of cells; equal colours beside each other are one span."""
        parts: list[tuple[str, str]] = []
        for x in range(self._canvas.columns):
            character, color = self._cell(y, x)
            if parts and parts[-1][1] == color:
                parts[-1] = parts[-1][0] + character, color
            else:
                parts.append((character, color))
        return Text.assemble(*parts)

    def _cell(self, y: int, x: int) -> tuple[str, str]:
        if mark := self._marks.get((y, x)):
            return mark
        owners = self._owners.get((y, x))
        if owners is None:
            return " ", ""
        # Where curves run over each other their colours come in turn, so that all are seen.
        owner = self._leading if self._leading in owners else owners[(x + y) % len(owners)]
        letter, color = self._looks[owner]
        dots = self._dots[y, x]
        match self._canvas.marker:
            case "braille":
                return chr(0x2800 + dots), color
            case "block":
                return _QUARTERS[dots], color
            case _:
                return letter, color


def _joined(points: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Yield every place on the way from point to point (Bresenham)."""
    yield from points[:1]
    for (x, y), (x1, y1) in itertools.pairwise(points):
        dx, dy = abs(x1 - x), -abs(y1 - y)
        sx, sy = (1 if x < x1 else -1), (1 if y < y1 else -1)
        error = dx + dy
        while (x, y) != (x1, y1):
            twice = 2 * error
            if twice >= dy:
                error += dy
                x += sx  # noqa: PLW2901
            if twice <= dx:
                error += dx
                y += sy  # noqa: PLW2901
            yield x, y
