"""Where the marks stand on curves, so that each curve can be told without colour."""

from __future__ import annotations

from collections.abc import Sequence

from inittui.views.chart.clipping import Piece

_APART = 14
"""Columns between two marks on one curve, unless there are more curves than columns."""


def mark_columns(index: int, curves: int, columns: int, *, dense: bool = False) -> list[int]:
    """Return the columns in which curve ``index`` of ``curves`` is marked.

    Each curve has columns of its own, so that equal curves show their marks in turn. ``dense``:
    every column belongs to some curve.
    """
    apart = max(curves if dense else max(_APART, curves), 1)
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
