"""The cells of a chart: marks stand in the cell of their dot, whatever the size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.views.chart.canvas import DOTS, Axis, Canvas, nearest
from inittui.views.chart.ticks import Tick
from inittui.views.frame import Marker

MARKERS = st.sampled_from(list(DOTS))
SHARES = st.floats(0, 1)


def canvas(columns: int, rows: int, marker: Marker) -> Canvas:
    """Return a chart of so many cells, with labels and ticks around them."""
    x_axis = Axis((1.0, 100.0), [Tick(20.0, "20"), Tick(40.0, "40")])
    y_axis = Axis((0.0, 2.5), [Tick(0.5, "0.5"), Tick(1.0, "1.0")])
    return Canvas(columns + 4, rows + 2, marker, x_axis, y_axis)


@given(st.integers(2, 200), st.integers(2, 60), MARKERS, SHARES, SHARES)
def test_a_mark_stands_in_the_cell_of_its_dot(
    columns: int, rows: int, marker: Marker, x: float, y: float
) -> None:
    chart = canvas(columns, rows, marker)
    assert (chart.columns, chart.rows) == (columns, rows)
    across, down = DOTS[marker]
    dot = nearest(x * (columns * across - 1)), nearest(y * (rows * down - 1))
    mark = chart.in_cell((x, y))
    cell = nearest(mark[0] * (columns - 1)), nearest(mark[1] * (rows - 1))
    assert cell == (dot[0] // across, dot[1] // down)


@given(st.integers(2, 200), MARKERS, st.data())
def test_the_middle_of_a_column_is_in_it(columns: int, marker: Marker, data: st.DataObject) -> None:
    column = data.draw(st.integers(0, columns - 1))
    chart = canvas(columns, 5, marker)
    place = chart.middle(column) * (chart.dot_columns - 1)
    assert column == int(place + 1e-9) // DOTS[marker][0]  # 55 may have become 54.99999999999999


@pytest.mark.parametrize(("value", "share"), [(-9.0, 0.0), (0.0, 0.0), (1.25, 0.5), (9.0, 1.0)])
def test_what_is_outside_of_an_axis_is_at_its_nearer_end(value: float, share: float) -> None:
    assert Axis((0.0, 2.5), []).share(value) == share
