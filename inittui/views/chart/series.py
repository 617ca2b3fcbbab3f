"""Curves with their bands and predictions, as the marks and lines that they are drawn of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.views.chart.canvas import Canvas, Layer, heights_at, mark_columns
from inittui.views.chart.cells import Cells
from inittui.views.chart.clipping import Piece, Points, pieces, prepare
from inittui.views.chart.palette import SeriesStyle
from inittui.views.frame import legible

if TYPE_CHECKING:
    from inittui.views.chart.clipping import Values

END_MARK = "✕"
"""Of a curve that became NaN or infinite."""

OUTSIDE_MARK = "✕"
"""Of a measured value outside of its predicted range."""

_LINE, _LOOSE_LINE, _SHADE = "─", "·", "░"
_IN_ASCII = {_LINE: "-", _LOOSE_LINE: ".", _SHADE: ":"}


@dataclass(frozen=True, slots=True)
class Expected:
    """A prediction, each field as long as the series."""

    y: Values
    low: Values
    high: Values
    """The range that most values are in; drawn as a shade, as a bar at the last point."""
    is_loose: Sequence[bool]
    """Where the range says little: the line is dotted there, without a shade."""
    is_outside: Sequence[bool]
    """Which measured values are outside of it."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: ``x`` (ascending) and ``y`` of one length; NaN and infinities are welcome."""

    name: str
    x: Values
    y: Values
    style: SeriesStyle
    band: tuple[Values, Values] | None = None
    """Lower and upper bound around ``y``, each as long as ``y``; drawn as bars at the marks."""
    every_point: bool = False
    """Whether every point is marked, rather than some places that other curves leave free."""
    expected: Expected | None = None
    """What was predicted of ``y``: then the line is that, and ``y`` is marks alone."""


def cells_of(
    series: Sequence[Series],
    points: Sequence[Points],
    bands: Sequence[Sequence[Points]],
    canvas: Canvas,
    leading: int | None,
    *,
    log_y: bool,
) -> Cells:
    """Draw the lines of series, over them the bars and marks, over these the ends."""
    plain = canvas.marker == "ascii"
    cells = Cells(canvas, leading)
    under: list[Layer] = []
    marks: list[Layer] = []
    ends: list[Layer] = []
    for index, (s, p, band) in enumerate(zip(series, points, bands, strict=True)):
        mark, color = s.style.mark(plain), s.style.color
        curve = _pieces(p, canvas)
        if s.expected is None:
            for piece in curve:
                cells.line(index, Layer(piece, mark, color))
        else:
            under += _expected(s, s.expected, canvas, log_y=log_y)
        columns = mark_columns(index, len(series), canvas.columns, dense=plain)
        marked = (
            [point for piece in curve for point in piece]
            if s.every_point
            else heights_at(curve, [canvas.middle(column) for column in columns])
        )
        marked = marked or [piece[-1] for piece in curve[-1:]]
        if band:
            marks += _bars(marked, [_pieces(bound, canvas) for bound in band], canvas, color)
        marks.append(Layer([canvas.in_cell(point) for point in marked], mark, color))
        if s.expected is not None:
            marks.append(_outside(marked, s, canvas, color))
        if s.expected is None:
            ends.append(_above(p, curve, canvas, color))
        if p.end is not None:
            ends.append(_end(p.end, canvas, color))
    for layer in (*under, *marks, *ends):
        cells.put(layer)
    return cells


def _expected(s: Series, expected: Expected, canvas: Canvas, *, log_y: bool) -> list[Layer]:
    """Return the shade of the range up to the last point but one, its bar there, and the line."""

    def curve(y: Values) -> list[Piece]:
        return _pieces(prepare(s.x, y, log_y=log_y), canvas)

    places = [canvas.x_axis.share(float(x)) for x in s.x]
    until = 0
    while until < len(places) and not expected.is_loose[until]:
        until += 1
    columns = [canvas.middle(column) for column in range(canvas.columns)]
    shaded = [
        x for x in columns if places[0] <= x <= places[max(min(until, len(places) - 1) - 1, 0)]
    ]
    bounds = [curve(expected.low), curve(expected.high)]
    layers = _bars([(x, 0.0) for x in shaded], bounds, canvas, s.style.color, _SHADE)
    if until == len(places):
        layers += _bars([(places[-1], 0.0)], bounds, canvas, s.style.color, _SHADE)
    heights = dict(heights_at(curve(expected.y), columns))
    firm = places[min(until, len(places) - 1)]
    for sign, xs in (
        (_LINE, [x for x in heights if x <= firm]),
        (_LOOSE_LINE, [x for x in heights if x > firm]),
    ):
        line = [canvas.in_cell((x, heights[x])) for x in xs]
        layers.append(Layer(line, _sign(sign, canvas), s.style.color))
    return layers


def _outside(marked: Sequence[tuple[float, float]], s: Series, canvas: Canvas, color: str) -> Layer:
    assert s.expected is not None
    outside = {
        canvas.x_axis.share(float(x))
        for x, is_it in zip(s.x, s.expected.is_outside, strict=True)
        if is_it
    }
    at = [canvas.in_cell(point) for point in marked if point[0] in outside]
    return Layer(at, legible(OUTSIDE_MARK, canvas.marker == "ascii"), color)


def _sign(sign: str, canvas: Canvas) -> str:
    return _IN_ASCII.get(sign, "|") if canvas.marker == "ascii" else sign


def _pieces(points: Points, canvas: Canvas) -> list[Piece]:
    return pieces(points, canvas.x_axis.window, canvas.y_axis.window, canvas.dot_columns)


def _bars(
    marked: Sequence[tuple[float, float]],
    bounds: Sequence[Sequence[Piece]],
    canvas: Canvas,
    color: str,
    sign: str = "│",
) -> list[Layer]:
    places = [x for x, _ in marked]
    low, high = (dict(heights_at(bound, places)) for bound in bounds)
    return [
        Layer(
            [canvas.in_cell((x, low.get(x, 0.0))), canvas.in_cell((x, high.get(x, 1.0)))],
            _sign(sign, canvas),
            color,
            joined=True,
        )
        for x in places
    ]


def above_mark(*, ascii_only: bool) -> str:
    """Return what stands where a curve comes from above the axis or goes there."""
    return "^" if ascii_only else "↑"


def is_cut(points: Points, y_window: tuple[float, float]) -> bool:
    """Whether a curve goes on above the axis."""
    return bool((points.y > y_window[1]).any())


def _above(points: Points, curve: Sequence[Piece], canvas: Canvas, color: str) -> Layer:
    """Return a mark wherever a curve comes from above the axis or goes there."""
    ends = [point for piece in curve for point in (piece[0], piece[-1]) if point[1] >= 1.0]
    at = [canvas.in_cell(point) for point in ends] if is_cut(points, canvas.y_axis.window) else []
    return Layer(at, above_mark(ascii_only=canvas.marker == "ascii"), color)


def _end(end: tuple[float, float], canvas: Canvas, color: str) -> Layer:
    """Return the mark of a curve that became NaN or infinite: at its last value, or on top."""
    x, y = canvas.x_axis.share(end[0]), canvas.y_axis.share(end[1])
    at = canvas.in_cell((x, 1.0 if math.isnan(y) else y))
    return Layer([at], legible(END_MARK, canvas.marker == "ascii"), color)
