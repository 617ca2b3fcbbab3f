"""Curves and histograms as rich `Text`; the only file that knows plotext.

plotext draws on one global figure and fails on NaN, infinities and far-off points. So all calls
go through one lock, and it is only given cleaned points in the unit square and our own ticks.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.color import Color
from rich.text import Text

from inittui.text import LARGEST, in_ascii
from inittui.views.chart.canvas import Axis, Canvas, Layer, heights_at, mark_columns
from inittui.views.chart.cells import Cells
from inittui.views.chart.clipping import (
    Piece,
    Points,
    Window,
    columns_of,
    pieces,
    prepare,
    widened,
    window_of,
)
from inittui.views.chart.layout import legend_lines, one_line, paragraph, shortened, surroundings
from inittui.views.chart.palette import BARS, MARKS, SeriesStyle
from inittui.views.chart.ticks import Tick, linear_ticks, log_ticks
from inittui.views.frame import Marker, legible

if TYPE_CHECKING:
    from inittui.views.chart.clipping import Values

_lock = threading.Lock()

_DOT_MARKERS: dict[Marker, str] = {"braille": "braille", "block": "hd"}
"""What plotext calls them; curves in ASCII are drawn with their letters."""

_LEAST_WIDTH, _LEAST_HEIGHT = 16, 4
"""Columns and lines below which a chart can't be read."""

_END_MARK = "✕"

_NOTHING = Layer([(0.0, 0.0)], " ", "#000000")
"""Without a point plotext draws no ticks."""
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


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and where its canvas is, for those who point into it."""

    text: Text
    left: int
    """Columns before the canvas: labels and axis."""
    top: int
    """Lines above the canvas."""
    columns: int
    rows: int
    x_window: Window
    y_window: Window
    """In log10 of the values on a log axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """How curves are drawn: in ``height`` lines of at most ``width`` columns."""

    width: int
    height: int
    log_y: bool
    x_label: str = ""
    y_label: str = ""
    title: str = ""
    marker: Marker = "braille"
    ascii_only: bool = False
    x_window: Window | None = None
    """In the units of the data, as the other; without one the axis shows all there is."""
    y_window: Window | None = None
    x_ticks: Sequence[Tick] | None = None
    """By default at round values."""
    whole_x: bool = False
    """Whether round values are whole ones."""
    legend: bool = True
    leading: int | None = None
    """The place of the series whose colour the cells have that it shares with others."""


def line_chart(series: Sequence[Series], spec: ChartSpec) -> Chart:
    """Draw curves, each with its colour and its mark.

    The legend and what could not be drawn stand below.
    """
    width, height, log_y, ascii_only = spec.width, spec.height, spec.log_y, spec.ascii_only
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        return Chart(_too_small(width, height), 0, 0, 0, 0, (0.0, 1.0), (0.0, 1.0))
    marker = "ascii" if ascii_only else spec.marker
    points = [prepare(s.x, s.y, log_y=log_y, x_window=spec.x_window) for s in series]
    bands = [
        [prepare(s.x, bound, log_y=log_y, x_window=spec.x_window) for bound in s.band or ()]
        for s in series
    ]
    names = [(legible(s.name, ascii_only, 200), s.style) for s in series if spec.legend]
    most = max(height // 5, 1)
    frame = surroundings(
        height,
        title=_title(spec.title, spec.y_label, width, ascii_only),
        x_label=one_line(legible(spec.x_label, ascii_only), width, "dim", centred=True),
        legend=legend_lines(names, width, most, ascii_only=marker == "ascii"),
        notes=paragraph(legible(_not_drawn(series, points), ascii_only), width, "dim"),
    )
    x_range = widened(*(spec.x_window or window_of(p.x for p in points)))
    lines = [prepare(s.x, s.expected.y, log_y=log_y) for s in series if s.expected]
    y_range = _y_range([*points, *itertools.chain(*bands), *lines], spec.y_window, log_y)
    x_ticks = spec.x_ticks
    if x_ticks is None:
        x_ticks = _x_ticks(x_range, width, whole=spec.whole_x)
    canvas = _canvas(width, frame.chart_height, marker, x_range, y_range, x_ticks, log_y=log_y)
    cells = _curves(series, points, bands, canvas, spec.leading, log_y=log_y)
    return Chart(
        frame.around(_draw(canvas, [_NOTHING], cells)),
        left=canvas.left,
        top=len(frame.above),
        columns=canvas.columns,
        rows=canvas.rows,
        x_window=x_range,
        y_window=y_range,
    )


def histogram(
    counts: Sequence[float],
    edges: Sequence[float],
    *,
    width: int,
    height: int,
    density: Sequence[float] | None = None,
    density_name: str = "expected",
    ascii_only: bool = False,
    title: str = "",
) -> Text:
    """Draw bars in ``height`` lines of at most ``width`` columns, and marks for a density.

    The ``edges`` ascend and are one more than the ``counts``; ``density`` is what is expected of
    each bin, or what else ``density_name`` says, in the unit of the counts. Where bins are narrower
    than columns, the highest is seen.
    """
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        return _too_small(width, height)
    marker: Marker = "ascii" if ascii_only else "block"
    shown = [("measured", BARS)] if density is None else [("measured", BARS), (density_name, MARKS)]
    frame = surroundings(
        height,
        title=one_line(legible(title, ascii_only), width, "bold"),
        x_label=[],
        legend=legend_lines(shown, width, 1, ascii_only=ascii_only) if density else [],
        notes=[],
    )
    levels = [value for value in (*counts, *(density or ())) if 0 < value < LARGEST]
    x_range = widened(edges[0], edges[-1])
    y_range = widened(0.0, max(levels)) if levels else (0.0, 1.0)
    x_ticks = _x_ticks(x_range, width)
    canvas = _canvas(width, frame.chart_height, marker, x_range, y_range, x_ticks, log_y=False)
    heights = columns_of(counts, edges, x_range, y_range, canvas.dot_columns)
    bars = Layer(heights, _DOT_MARKERS.get(marker, BARS.letter), BARS.color, filled=True)
    expected = columns_of(density or (), edges, x_range, y_range, canvas.columns)
    seen = [canvas.in_cell(point) for point in expected if point[1] * canvas.rows >= 0.5]
    marks = Layer(seen, MARKS.mark(ascii_only), MARKS.color)
    return frame.around(_draw(canvas, [bars, marks]))


def _y_range(points: Sequence[Points], y_window: Window | None, log_y: bool) -> Window:
    if y_window is None:
        return window_of(p.y for p in points)
    shown = prepare((0.0, 1.0), y_window, log_y=log_y).y
    return window_of([shown])


def _x_ticks(x_range: Window, width: int, *, whole: bool = False) -> list[Tick]:
    return linear_ticks(*x_range, max(width // 10, 2), whole=whole)


def _canvas(
    width: int,
    height: int,
    marker: Marker,
    x_range: Window,
    y_range: Window,
    x_ticks: Sequence[Tick],
    *,
    log_y: bool,
) -> Canvas:
    y_ticks = (log_ticks if log_y else linear_ticks)(*y_range, max((height - 2) // 2, 2))
    return Canvas(
        width,
        height,
        marker,
        Axis(x_range, list(x_ticks)),
        Axis(y_range, [tick for tick in y_ticks if len(tick.label) <= width // 3]),
    )


def _curves(
    series: Sequence[Series],
    points: Sequence[Points],
    bands: Sequence[Sequence[Points]],
    canvas: Canvas,
    leading: int | None,
    *,
    log_y: bool,
) -> Cells:
    """Draw the lines, over them the bars and marks, over these the ends."""
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


def _end(end: tuple[float, float], canvas: Canvas, color: str) -> Layer:
    """Return the mark of a curve that became NaN or infinite: at its last value, or on top."""
    x, y = canvas.x_axis.share(end[0]), canvas.y_axis.share(end[1])
    at = canvas.in_cell((x, 1.0 if math.isnan(y) else y))
    return Layer([at], legible(_END_MARK, canvas.marker == "ascii"), color)


def _not_drawn(series: Sequence[Series], points: Sequence[Points]) -> str:
    ended = [s.name for s, p in zip(series, points, strict=True) if p.end is not None]
    gaps = sum(p.not_finite for p in points if p.end is None)
    not_positive = sum(p.not_positive for p in points)
    parts = [
        f"{_END_MARK} became NaN or infinite: {', '.join(ended)}" if ended else "",
        f"{gaps} NaN or infinite values not drawn" if gaps else "",
        f"{not_positive} values of 0 or less not drawn (log axis)" if not_positive else "",
    ]
    return "; ".join(filter(None, parts))


def _title(title: str, y_label: str, width: int, ascii_only: bool) -> list[Text]:
    text = legible(" · ".join(filter(None, (title, y_label))), ascii_only)
    lines = paragraph(text, width, "bold")
    return lines if len(lines) <= 2 else one_line(text, width, "bold")


def _too_small(width: int, height: int) -> Text:
    lines = [shortened("too small to draw", max(width, 0)), *[""] * (height - 1)]
    return Text("\n".join(lines[: max(height, 0)]), "dim")


def _draw(canvas: Canvas, layers: Iterable[Layer], cells: Cells | None = None) -> Text:
    """Let plotext draw axes and layers, the later over the earlier, and read its escape codes.

    ``cells``, if given, are what stands inside.
    """
    import plotext

    with _lock:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plot_size(canvas.width, canvas.height)
        plotext.xaxes(True, False)
        plotext.yaxes(True, False)
        plotext.xlim(0.0, 1.0)
        plotext.ylim(0.0, 1.0)
        x_ticks, y_ticks = _ticks(canvas)
        plotext.xticks(*x_ticks)
        plotext.yticks(*y_ticks)
        for layer in layers:
            _add(layer)
        drawn = plotext.build()
        plotext.clear_figure()
    if canvas.marker == "ascii":
        drawn = in_ascii(drawn, keep_width=True)
    text = Text.from_ansi(drawn)
    lines = [line[: canvas.width] for line in text.split("\n")[: canvas.height]]
    if cells is not None:
        for row in range(canvas.rows):
            lines[row] = lines[row][: canvas.left].append_text(cells.row(row))
    return Text("\n").join(lines)


def _ticks(canvas: Canvas) -> tuple[tuple[list[float], list[str]], ...]:
    """Return place and label of the ticks of both axes, each in the middle of a cell."""
    x = [canvas.in_cell((canvas.x_axis.share(t.at), 0.0))[0] for t in canvas.x_axis.ticks]
    y = [canvas.in_cell((0.0, canvas.y_axis.share(t.at)))[1] for t in canvas.y_axis.ticks]
    return (
        (x, [t.label for t in canvas.x_axis.ticks]),
        (y, [t.label for t in canvas.y_axis.ticks]),
    )


def _add(layer: Layer) -> None:
    import plotext

    if layer.points:
        x, y = map(list, zip(*layer.points, strict=True))
        add = plotext.plot if layer.joined else plotext.scatter
        color = tuple(Color.parse(layer.color).get_truecolor())
        add(x, y, marker=layer.marker, color=color, fillx=layer.filled)
