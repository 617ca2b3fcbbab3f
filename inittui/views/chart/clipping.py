"""From raw numbers to lines that can be drawn.

Losses explode by design: they become NaN, infinite or 1e30 away from the rest. What leaves this
file is finite, inside the unit square, and no more than a few points per column.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.text import LARGEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Values = Sequence[float] | Floats

_SMALLEST = 1e-100
"""A value smaller than this counts as zero on a linear axis."""

Window = tuple[float, float]
"""The lowest and the highest value that an axis shows; they differ."""

Piece = list[tuple[float, float]]
"""Points in the unit square, to be joined by a line."""


@dataclass(frozen=True, slots=True)
class Points:
    """One series as it is drawn: y is log10 on a log axis, NaN where nothing can be drawn."""

    x: Floats
    y: Floats
    not_finite: int
    """Values that are NaN, infinite or of size `LARGEST` and more."""
    not_positive: int
    """Values that a log axis can't show."""
    end: tuple[float, float] | None
    """(x of the first value of a tail of NaN or infinity, y of the last one before it)."""


def prepare(x: Values, y: Values, *, log_y: bool, x_window: Window | None = None) -> Points:
    """Sort out what can't be drawn and take log10 where the axis is logarithmic.

    ``x`` and ``y`` are of one length; with an ``x_window``, what lies outside it is left out but
    for one neighbour on each side, which the line to the edge needs.
    """
    import numpy as np

    count = min(len(x), len(y))
    xs = np.array(x[:count], dtype=np.float64)
    ys = np.array(y[:count], dtype=np.float64)
    keep = np.abs(xs) < LARGEST
    xs, ys = xs[keep], ys[keep]
    if np.any(xs[1:] < xs[:-1]):
        order = np.argsort(xs, kind="stable")
        xs, ys = xs[order], ys[order]
    if x_window is not None:
        first = max(int(np.searchsorted(xs, x_window[0], "left")) - 1, 0)
        last = int(np.searchsorted(xs, x_window[1], "right")) + 1
        xs, ys = xs[first:last], ys[first:last]
    finite = np.abs(ys) < LARGEST
    drawn = finite & (ys > 0) if log_y else finite
    values = np.full(ys.shape, np.nan)
    values[drawn] = np.log10(ys[drawn]) if log_y else _flushed(ys[drawn])
    return Points(
        xs,
        values,
        not_finite=int(np.count_nonzero(~finite)),
        not_positive=int(np.count_nonzero(finite & ~drawn)),
        end=_end(xs, values, finite),
    )


def _flushed(values: Floats) -> Floats:
    import numpy as np

    return np.where(np.abs(values) < _SMALLEST, 0.0, values)


def _end(xs: Floats, values: Floats, finite: NDArray[np.bool_]) -> tuple[float, float] | None:
    import numpy as np

    if finite.size == 0 or finite[-1]:
        return None
    before = np.flatnonzero(finite)
    first = int(before[-1]) + 1 if before.size else 0
    level = float(values[first - 1]) if first else float("nan")
    return float(xs[first]), level


def window_of(values: Iterable[Floats]) -> Window:
    """Return the range of all values that aren't NaN.

    A single value gets a window around it; no values at all get (0, 1).
    """
    import numpy as np

    kept = [array[~np.isnan(array)] for array in values]
    kept = [array for array in kept if array.size]
    if not kept:
        return 0.0, 1.0
    low = min(float(array.min()) for array in kept)
    high = max(float(array.max()) for array in kept)
    return widened(low, high)


def widened(low: float, high: float) -> Window:
    """Return a window that can be divided by: not empty, whatever ``low`` and ``high`` are."""
    low, high = min(low, high), max(low, high)
    size = max(abs(low), abs(high))
    if high - low <= max(size * 1e-9, _SMALLEST):
        around = size * 0.05 if size > _SMALLEST else 0.5
        return low - around, high + around
    return low, high


def pieces(points: Points, x_window: Window, y_window: Window, buckets: int) -> list[Piece]:
    """Return the lines to draw: decimated to ``buckets`` columns and clipped to the windows.

    Of each bucket the first, the lowest, the highest and the last value stay, so that a spike
    of one step survives. Gaps stay gaps.
    """
    import numpy as np

    drawn: list[Piece] = []
    gaps = np.flatnonzero(np.isnan(points.y))
    for start, stop in zip([0, *(gaps + 1)], [*gaps, points.y.size], strict=True):
        if stop > start:
            x, y = _decimated(points.x[start:stop], points.y[start:stop], x_window, buckets)
            drawn += _clipped(x, y, x_window, y_window)
    return drawn


def columns_of(
    values: Sequence[float],
    edges: Sequence[float],
    x_window: Window,
    y_window: Window,
    columns: int,
) -> Piece:
    """Return the height of a histogram in each of ``columns``: that of the highest bin there.

    ``edges`` ascend and are one more than ``values``; columns without a finite height above 0
    are left out.
    """
    drawn: Piece = []
    width = (x_window[1] - x_window[0]) / columns
    for column in range(columns):
        left = x_window[0] + column * width
        first = max(bisect_right(edges, left) - 1, 0)
        last = max(bisect_left(edges, left + width), first + 1)
        found = [value for value in values[first:last] if 0 < value < LARGEST]
        if found and edges[first] < left + width and left < edges[-1]:
            drawn.append((column / max(columns - 1, 1), _share(max(found), y_window)))
    return drawn


def _decimated(
    x: Floats, y: Floats, x_window: Window, buckets: int
) -> tuple[list[float], list[float]]:
    import numpy as np

    if x.size > 4 * buckets:
        place = (x - x_window[0]) * (buckets / (x_window[1] - x_window[0]))
        bucket = np.clip(np.floor(place), -1, buckets).astype(np.int64)
        first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
        last = np.append(first[1:], x.size) - 1
        by_height = np.lexsort((y, bucket))
        kept = np.unique(np.concatenate([first, last, by_height[first], by_height[last]]))
        x, y = x[kept], y[kept]
    return x.tolist(), y.tolist()


def _clipped(x: list[float], y: list[float], x_window: Window, y_window: Window) -> list[Piece]:
    """Cut a polyline to the windows and move it to the unit square."""

    def unit(px: float, py: float) -> tuple[float, float]:
        return _share(px, x_window), _share(py, y_window)

    if len(x) == 1:
        return [[unit(x[0], y[0])]] if _within(x[0], x_window) and _within(y[0], y_window) else []
    drawn: list[Piece] = []
    continues = False
    for x0, y0, x1, y1 in zip(x, y, x[1:], y[1:], strict=False):
        span = _visible_part((x0, y0), (x1, y1), x_window, y_window)
        if span is None:
            continues = False
            continue
        start, stop = span
        dx, dy = x1 - x0, y1 - y0
        if not continues:
            drawn.append([unit(x0 + start * dx, y0 + start * dy)])
        drawn[-1].append(unit(x0 + stop * dx, y0 + stop * dy))
        continues = stop == 1.0
    return drawn


def _visible_part(
    a: tuple[float, float], b: tuple[float, float], x_window: Window, y_window: Window
) -> tuple[float, float] | None:
    """Return from where to where on the way from ``a`` to ``b`` a line is seen (Liang–Barsky)."""
    start, stop = 0.0, 1.0
    for p, q, (low, high) in ((a[0], b[0], x_window), (a[1], b[1], y_window)):
        if q == p:
            if not low <= p <= high:
                return None
            continue
        enters, leaves = sorted(((low - p) / (q - p), (high - p) / (q - p)))
        start, stop = max(start, enters), min(stop, leaves)
    return (start, stop) if start <= stop else None


def _within(value: float, window: Window) -> bool:
    return window[0] <= value <= window[1]


def _share(value: float, window: Window) -> float:
    return min(max((value - window[0]) / (window[1] - window[0]), 0.0), 1.0)
