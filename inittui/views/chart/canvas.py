"""The inner geometry of a chart: axes, cells, the dots in a cell, layers of points, and marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inittui.views.chart.clipping import Piece, Window
from inittui.views.chart.ticks import Tick
from inittui.views.frame import Marker

DOTS: dict[Marker, tuple[int, int]] = {"braille": (2, 4), "block": (2, 2), "ascii": (1, 1)}
"""Dots per character cell, across and down."""

_APART = 14
"""Columns between two marks on one curve; more where there are so many curves that marks would
touch."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What plotext draws in one go: points in the unit square with one marker and colour."""

    points: Piece
    marker: str
    color: str
    joined: bool = False
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    window: Window
    ticks: list[Tick]

    def share(self, value: float) -> float:
        """Return the value's place between 0 and 1, at the nearer end where it is outside."""
        low, high = self.window
        return min(max((value - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Canvas:
    """A chart of ``width`` × ``height`` characters: the cells inside its axes, and the axes."""

    width: int
    height: int
    marker: Marker
    x_axis: Axis
    y_axis: Axis

    @property
    def left(self) -> int:
        """Columns before the cells: labels and axis."""
        return max((len(t.label) for t in self.y_axis.ticks), default=0) + 1

    @property
    def columns(self) -> int:
        return self.width - self.left

    @property
    def rows(self) -> int:
        return self.height - 1 - bool(self.x_axis.ticks)

    @property
    def dot_columns(self) -> int:
        return self.columns * DOTS[self.marker][0]

    def middle(self, column: int) -> float:
        """Return the place of a column's middle on the unit axis."""
        across = DOTS[self.marker][0]
        return (column * across + (across - 1) / 2) / (self.columns * across - 1)

    def in_cell(self, point: tuple[float, float]) -> tuple[float, float]:
        """Move a point so that a mark of a whole cell stands where its dot would be."""
        across, down = DOTS[self.marker]
        column = nearest(point[0] * (self.columns * across - 1)) // across
        row = nearest(point[1] * (self.rows * down - 1)) // down
        return column / (self.columns - 1), row / (self.rows - 1)


def nearest(value: float) -> int:
    """Round as plotext does: halves go up, also those that rounding has made a little less."""
    return math.floor(round(value + 0.5, 8))


def mark_columns(index: int, curves: int, columns: int, *, dense: bool = False) -> list[int]:
    """Return the columns in which curve ``index`` of ``curves`` is marked.

    Each curve has columns of its own, so that equal curves show their marks in turn. ``dense``:
    every column belongs to some curve.
    """
    apart = max(curves if dense else max(_APART, min(2 * curves, columns)), 1)
    offset = index if dense else round((index + 0.5) * apart / max(curves, 1))
    return list(range(offset % apart, columns, apart)) or [offset % columns]


def heights_at(curve: Sequence[Piece], places: Sequence[float]) -> list[tuple[float, float]]:
    """Return the points of a curve at these places of the unit axis; gaps have none."""
    points: list[tuple[float, float]] = []
    for piece in curve:
        segment = 0
        for place in places:
            if not piece[0][0] <= place <= piece[-1][0]:
                continue
            while segment < len(piece) - 2 and piece[segment + 1][0] < place:
                segment += 1
            points.append((place, _height(piece, segment, place)))
    return points


def _height(piece: Piece, segment: int, place: float) -> float:
    x0, y0 = piece[segment]
    x1, y1 = piece[min(segment + 1, len(piece) - 1)]
    return y0 if x1 <= x0 else y0 + (y1 - y0) * (place - x0) / (x1 - x0)
