"""Curves and histograms as rich `Text`; the only file that knows plotext.

plotext draws on one global figure and fails on NaN, infinities and far-off points. So all calls
go through one lock, and it is only given cleaned points in the unit square and our own ticks.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.text import Text

from inittui.text import LARGEST, in_ascii, number_of
from inittui.views.chart.canvas import Axis, Canvas, Layer
from inittui.views.chart.cells import Cells
from inittui.views.chart.clipping import Points, Window, columns_of, prepare, widened, window_of
from inittui.views.chart.layout import legend_lines, one_line, paragraph, shortened, surroundings
from inittui.views.chart.palette import BARS, MARKS
from inittui.views.chart.series import END_MARK, Series, above_mark, cells_of, is_cut
from inittui.views.chart.ticks import Tick, linear_ticks, log_ticks
from inittui.views.frame import Marker, ellipsis_for, legible

_lock = threading.Lock()

_DOT_MARKERS: dict[Marker, str] = {"braille": "braille", "block": "hd"}
"""What plotext calls them; curves in ASCII are drawn with their letters."""

_LEAST_WIDTH, _LEAST_HEIGHT = 16, 4
"""Columns and lines below which a chart can't be read."""

_NOTHING = Layer([(0.0, 0.0)], " ", "#000000")
"""Without a point plotext draws no ticks."""


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
    lines = [prepare(s.x, s.expected.y, log_y=log_y) for s in series if s.expected]
    y_range = _y_range([*points, *itertools.chain(*bands), *lines], spec.y_window, log_y)
    above = y_range if spec.y_window else None
    sign, cut = above_mark(ascii_only=ascii_only), ellipsis_for(ascii_only)
    x_label = legible(spec.x_label, ascii_only)
    frame = surroundings(
        width,
        height,
        title=_title(spec.title, spec.y_label, width, ascii_only),
        x_label=one_line(x_label, width, "dim", sign=cut, centred=True),
        legend=legend_lines(names, width, most, ascii_only=marker == "ascii", sign=cut),
        notes=paragraph(legible(_not_drawn(series, points, above, sign), ascii_only), width, "dim"),
        sign=cut,
    )
    x_range = widened(*(spec.x_window or window_of(p.x for p in points)))
    x_ticks = spec.x_ticks
    if x_ticks is None:
        x_ticks = _x_ticks(x_range, width, whole=spec.whole_x)
    canvas = _canvas(width, frame.chart_height, marker, x_range, y_range, x_ticks, log_y=log_y)
    cells = cells_of(series, points, bands, canvas, spec.leading, log_y=log_y)
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
    sign = ellipsis_for(ascii_only)
    frame = surroundings(
        width,
        height,
        title=one_line(legible(title, ascii_only), width, "bold", sign=sign),
        x_label=[],
        legend=legend_lines(shown, width, 1, ascii_only=ascii_only, sign=sign) if density else [],
        notes=[],
        sign=sign,
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


def _not_drawn(
    series: Sequence[Series], points: Sequence[Points], y_range: Window | None, sign: str
) -> str:
    ended = [s.name for s, p in zip(series, points, strict=True) if p.end is not None]
    gaps = sum(p.not_finite for p in points if p.end is None)
    not_positive = sum(p.not_positive for p in points)
    cut = [s.name for s, p in zip(series, points, strict=True) if y_range and is_cut(p, y_range)]
    parts = [
        f"{sign} higher than the axis: {', '.join(cut)}" if cut else "",
        f"{END_MARK} became NaN or infinite: {', '.join(ended)}" if ended else "",
        f"{number_of(gaps, 'NaN or infinite value')} not drawn" if gaps else "",
        f"{number_of(not_positive, 'value')} of 0 or less not drawn (log axis)"
        if not_positive
        else "",
    ]
    return "; ".join(filter(None, parts))


def _title(title: str, y_label: str, width: int, ascii_only: bool) -> list[Text]:
    text = legible(" · ".join(filter(None, (title, y_label))), ascii_only)
    lines = paragraph(text, width, "bold")
    if len(lines) <= 2:
        return lines
    return one_line(text, width, "bold", sign=ellipsis_for(ascii_only))


def _too_small(width: int, height: int) -> Text:
    lines = [shortened("too small to draw", max(width, 0), ""), *[""] * (height - 1)]
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
