"""What leaves the cleaning can be drawn, and shows what a slow and plain reading shows."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.views.chart.clipping import columns_of, pieces, prepare, widened, window_of

NAN = math.nan
any_float = st.floats(allow_subnormal=True)


@given(
    y=st.lists(any_float, max_size=300),
    log_y=st.booleans(),
    ends=st.tuples(any_float, any_float),
    heights=st.tuples(any_float, any_float),
    buckets=st.integers(2, 50),
)
def test_all_points_are_in_the_unit_square(
    y: list[float],
    log_y: bool,
    ends: tuple[float, float],
    heights: tuple[float, float],
    buckets: int,
) -> None:
    finite = [value if abs(value) < 1e100 else 0.0 for value in (*ends, *heights)]
    x_window, y_window = widened(*finite[:2]), widened(*finite[2:])
    points = prepare(range(len(y)), y, log_y=log_y, x_window=x_window)
    for piece in pieces(points, x_window, y_window, buckets):
        assert piece
        assert all(0 <= px <= 1 and 0 <= py <= 1 for px, py in piece)
        assert all(a[0] <= b[0] for a, b in pairwise(piece))


@given(y=st.lists(any_float, max_size=50), log_y=st.booleans())
def test_every_value_is_drawn_or_counted(y: list[float], log_y: bool) -> None:
    points = prepare(range(len(y)), y, log_y=log_y)
    drawn = int(np.count_nonzero(~np.isnan(points.y)))
    assert drawn + points.not_finite + points.not_positive == len(y)
    assert points.not_finite == sum(not abs(value) < 1e100 for value in y)
    if not log_y:
        assert points.not_positive == 0


@given(
    y=st.lists(st.floats(-100, 100), min_size=1, max_size=400),
    buckets=st.integers(2, 20),
)
def test_every_bucket_keeps_its_extremes(y: list[float], buckets: int) -> None:
    """Compare with a plain loop over the buckets."""
    points = prepare(range(len(y)), y, log_y=False)
    x_window, y_window = widened(0.0, len(y) - 1), widened(-100.0, 100.0)
    drawn = [
        (px * (x_window[1] - x_window[0]) + x_window[0], 200 * py - 100)
        for piece in pieces(points, x_window, y_window, buckets)
        for px, py in piece
    ]
    assert len(drawn) <= max(4 * (buckets + 2), len(y))
    kept = {(round(px), round(py, 6)) for px, py in drawn}
    scale = buckets / (x_window[1] - x_window[0])
    inside: dict[int, list[tuple[int, float]]] = {}
    for step, value in enumerate(y):
        bucket = min(math.floor((step - x_window[0]) * scale), buckets)
        inside.setdefault(bucket, []).append((step, value))
    for members in inside.values():
        values = [value for _, value in members]
        near = {value for step, value in kept if members[0][0] <= step <= members[-1][0]}
        for wanted in (min(values), max(values), values[0], values[-1]):
            assert any(value == pytest.approx(wanted, abs=1e-5) for value in near)


@given(
    y=st.lists(st.floats(-10, 10), min_size=2, max_size=20),
    low=st.floats(-8, 0),
    high=st.floats(0.5, 8),
)
def test_clipping_keeps_what_is_inside(y: list[float], low: float, high: float) -> None:
    """Compare with np.interp at many places: what is inside is drawn, what is outside isn't."""
    last = len(y) - 1
    window = (0.3, max(last - 0.3, 0.6))
    found = pieces(prepare(range(len(y)), y, log_y=False), window, (low, high), 1000)
    for place in np.linspace(*window, 40):
        value = float(np.interp(place, range(len(y)), y))
        share = (place - window[0]) / (window[1] - window[0])
        covering = [p for p in found if p[0][0] <= share <= p[-1][0]]
        if low + 1e-6 < value < high - 1e-6:
            heights = [float(np.interp(share, *zip(*piece, strict=True))) for piece in covering]
            expected = (value - low) / (high - low)
            assert any(height == pytest.approx(expected, abs=1e-6) for height in heights)
        elif value < low - 1e-6 or value > high + 1e-6:
            assert not [p for p in covering if p[0][0] < share - 1e-9 and p[-1][0] > share + 1e-9]


def test_log10_is_taken_of_what_is_positive() -> None:
    points = prepare(range(4), [100.0, 0.0, -1.0, 1e-3], log_y=True)
    assert points.y[[0, 3]].tolist() == [2.0, -3.0]
    assert np.isnan(points.y[[1, 2]]).all()
    assert points.not_positive == 2


@pytest.mark.parametrize(
    ("y", "end"),
    [
        ([1.0, 2.0, NAN], (2.0, 2.0)),
        ([1.0, 2.0, math.inf, NAN], (2.0, 2.0)),
        ([1.0, NAN, 3.0], None),
        ([], None),
    ],
)
def test_a_tail_of_nan_is_an_end(y: list[float], end: tuple[float, float] | None) -> None:
    assert prepare(range(len(y)), y, log_y=False).end == end


def test_nothing_but_nan_ends_where_it_begins() -> None:
    end = prepare([5, 6], [NAN, NAN], log_y=False).end
    assert end is not None
    assert end[0] == 5
    assert math.isnan(end[1])


@given(low=any_float, high=any_float)
def test_a_window_can_be_divided_by(low: float, high: float) -> None:
    low, high = (value if abs(value) < 1e100 else 1.0 for value in (low, high))
    bottom, top = widened(low, high)
    assert math.isfinite(1 / (top - bottom))
    assert bottom <= min(low, high)
    assert top >= max(low, high)


def test_window_of_nothing() -> None:
    assert window_of([]) == (0.0, 1.0)
    assert window_of([np.array([NAN])]) == (0.0, 1.0)


def test_columns_show_the_highest_bin() -> None:
    counts = [1.0, 5.0, 2.0, 0.0, 3.0, NAN, 4.0, 1.0]
    edges = [float(i) for i in range(9)]
    drawn = columns_of(counts, edges, (0.0, 8.0), (0.0, 5.0), 4)
    assert drawn == [(0, 1.0), (pytest.approx(1 / 3), 0.4), (pytest.approx(2 / 3), 0.6), (1, 0.8)]
    fine = columns_of(counts, edges, (0.0, 8.0), (0.0, 5.0), 16)
    assert [height for _, height in fine[:4]] == [0.2, 0.2, 1.0, 1.0]
