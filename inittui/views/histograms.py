"""Small histograms, many on a screen: one to two distributions each, over one another.

The first is drawn as bars, the second as marks, so that they can be told apart without colour.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from inittui.events.probes import Histogram
from inittui.text import LARGEST, short
from inittui.views.chart.clipping import widened
from inittui.views.chart.layout import shortened
from inittui.views.chart.palette import BARS, MARKS
from inittui.views.density import density_curve
from inittui.views.frame import ellipsis_for

LEAST_WIDTH = 18
"""Columns: the labels of both ends of the axis fit."""

_EIGHTHS, _IN_ASCII = " ▁▂▃▄▅▆▇█", " .##"
"""From an empty to a full bar, as fine as the characters allow."""


def small_histogram(
    histograms: Sequence[Histogram | None],
    *,
    title: str,
    width: int,
    rows: int,
    density: bool = False,
    ascii_only: bool = False,
    apart: bool = False,
) -> list[Text]:
    """Draw at most two histograms on one axis in ``rows`` + 2 lines of ``width`` columns.

    The title's line says how high the highest column is: values per column, or with ``density``
    their share per unit, and a smooth curve goes over a single one. None stands for a distribution
    that isn't known. With ``apart`` each has half of the rows, the second below the first, so that
    neither hides the other.
    """
    sign = ellipsis_for(ascii_only)
    drawn = [h for h in histograms if h is not None and _is_sound(h)]
    if not drawn:
        head = Text(shortened(title, width, sign), "bold")
        return _padded([head, Text("not finite", "dim")], rows + 2)
    low, high = widened(min(h.low for h in drawn), max(h.high for h in drawn))
    columns = [
        _columns(h, low, high, width) if h is not None and _is_sound(h) else None
        for h in histograms
    ]
    most = _highest(histograms, columns)
    scale = _per_unit(drawn, (high - low) / width) if density else 1.0
    head = _ends(title, f"{'' if ascii_only else '↑'}{short(most * scale, 2)}", width, sign)
    head.stylize("bold", 0, cell_len(title))
    if density and len(drawn) == 1 and drawn[0].high > drawn[0].low:
        columns = [columns[0] or columns[-1], _smooth(drawn[0], low, high, width)]
    if apart and len(columns) > 1:
        above, below = rows - rows // 2, rows // 2
        cells = _cells(columns[:1], most, above, ascii_only)
        cells += _cells(columns[1:], most, below, ascii_only, MARKS.color)
        cells = [cell if cell.cell_len else Text(" " * width) for cell in cells]
    else:
        cells = _cells(columns, most, rows, ascii_only)
    foot = _ends(short(low), short(high), width, sign)
    foot.stylize("dim")
    return [head, *cells, foot]


def side_by_side(panels: Sequence[Sequence[Text]], width: int, gap: int) -> Text:
    """Join panels of equal height, each ``width`` columns wide."""
    lines = []
    for parts in zip(*panels, strict=True):
        line = Text()
        for number, part in enumerate(parts):
            line.append_text(part)
            if number < len(parts) - 1:
                line.append(" " * (width - part.cell_len + gap))
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)


def _is_sound(histogram: Histogram) -> bool:
    """Whether it can be drawn: a log may hold anything."""
    return (
        bool(histogram.counts)
        and -LARGEST < histogram.low <= histogram.high < LARGEST
        and min(histogram.counts) >= 0
    )


def _columns(histogram: Histogram, low: float, high: float, columns: int) -> list[float]:
    """Share the counts out to columns from ``low`` to ``high``, by how far they overlap."""
    bins = len(histogram.counts)
    step = (high - low) / columns
    shared = [0.0] * columns
    size = (histogram.high - histogram.low) / bins
    for number, count in enumerate(histogram.counts):
        start = (histogram.low + number * size - low) / step
        stop = start + size / step
        first = min(max(int(start), 0), columns - 1)
        last = min(max(int(stop), first), columns - 1)
        if last == first:
            shared[first] += count
            continue
        for column in range(first, last + 1):
            part = min(stop, column + 1) - max(start, column)
            shared[column] += count * max(part, 0.0) / (stop - start)
    return shared


def _smooth(histogram: Histogram, low: float, high: float, columns: int) -> list[float]:
    """Return the density curve at the middle of each column, in values per column."""
    step = (high - low) / columns
    at = [low + (column + 0.5) * step for column in range(columns)]
    counted = sum(histogram.counts)
    return [counted * step * y for y in density_curve(histogram.counts, histogram.edges, at)]


def _highest(
    histograms: Sequence[Histogram | None], columns: Sequence[Sequence[float] | None]
) -> float:
    """Return the highest column: of what is spread, where something is.

    Equal values all stand in one column, beside which the spread of others could not be seen.
    """
    both = [(h, c) for h, c in zip(histograms, columns, strict=True) if h is not None and c]
    spread = [c for h, c in both if h.high > h.low] or [c for _, c in both]
    return max((max(c) for c in spread), default=0.0) or 1.0


def _per_unit(drawn: Sequence[Histogram], column: float) -> float:
    total = max(sum(h.counts) + h.under + h.over for h in drawn)
    return 1 / (total * column) if total > 0 and column > 0 else 0.0


def _cells(
    columns: Sequence[Sequence[float] | None],
    most: float,
    rows: int,
    ascii_only: bool,
    color: str = BARS.color,
) -> list[Text]:
    bars, *over = [[min(x / most, 1.0) * rows for x in c] if c else [] for c in columns]
    dots = over[0] if over else []
    width = max(len(bars), len(dots))
    levels = _IN_ASCII if ascii_only else _EIGHTHS
    lines = []
    for row in reversed(range(rows)):
        line = Text()
        for place in range(width):
            bar = levels[_level(bars[place], row, len(levels) - 1)] if bars else " "
            marked = bool(dots) and dots[place] > 0 and row == _top(dots[place])
            if marked:
                line.append(MARKS.mark(ascii_only), MARKS.color)
            else:
                line.append(bar, color if bar != " " else "")
        lines.append(line)
    return lines


def _level(height: float, row: int, levels: int) -> int:
    """Return how full one cell of a bar is, in ``levels``; whatever is there is seen."""
    inside = min(max(height - row, 0.0), 1.0)
    return max(round(inside * levels), 1) if inside > 0 and row == 0 else round(inside * levels)


def _top(height: float) -> int:
    return max(round(height) - 1, 0)


def _ends(left: str, right: str, width: int, sign: str) -> Text:
    room = width - cell_len(right) - 1
    left = shortened(left, max(room, 0), sign)
    return Text(left + " " * max(width - cell_len(left) - cell_len(right), 1) + right)


def _padded(lines: list[Text], count: int) -> list[Text]:
    return [*lines, *(Text() for _ in range(count - len(lines)))]
