"""Curves that meet in a cell are all seen there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.views.chart.canvas import Axis, Canvas, Layer
from inittui.views.chart.cells import Cells
from inittui.views.frame import Marker

RED, BLUE = "#ff0000", "#0000ff"


def canvas(columns: int, rows: int, marker: Marker) -> Canvas:
    return Canvas(columns + 1, rows + 1, marker, Axis((0.0, 1.0), []), Axis((0.0, 1.0), []))


def colors(cells: Cells, row: int) -> list[str]:
    text = cells.row(row)
    return [next((str(s.style) for s in text.spans if s.start <= x < s.end), "")
            for x in range(len(text))]  # fmt: skip


def test_dots_of_both_lines_are_in_a_shared_cell() -> None:
    cells = Cells(canvas(10, 1, "braille"))
    cells.line(0, Layer([(0.0, 1.0), (1.0, 1.0)], "a", RED))
    assert cells.row(0).plain == "⠉" * 10
    cells.line(1, Layer([(0.0, 0.0), (1.0, 0.0)], "b", BLUE))
    assert cells.row(0).plain == "⣉" * 10
    assert colors(cells, 0) == [RED, BLUE] * 5


def test_a_leading_line_keeps_its_colour_and_the_others_show_beside_it() -> None:
    cells = Cells(canvas(10, 1, "braille"), leading=0)
    cells.line(0, Layer([(0.0, 1.0), (1.0, 1.0)], "a", RED))
    cells.line(1, Layer([(0.0, 0.0), (1.0, 0.0)], "b", BLUE))
    assert set(colors(cells, 0)) == {RED}
    assert cells.row(0).plain == "⣉" * 10


@pytest.mark.parametrize(("marker", "expected"), [("block", "█"), ("ascii", "ab")])
def test_other_markers_share_cells_too(marker: Marker, expected: str) -> None:
    cells = Cells(canvas(10, 1, marker))
    cells.line(0, Layer([(0.0, 1.0), (1.0, 1.0)], "a", RED))
    cells.line(1, Layer([(0.0, 0.0), (1.0, 0.0)], "b", BLUE))
    assert set(cells.row(0).plain) == set(expected)


def test_marks_stand_over_lines() -> None:
    cells = Cells(canvas(10, 3, "braille"))
    cells.line(0, Layer([(0.0, 0.5), (1.0, 0.5)], "a", RED))
    cells.put(Layer([(0.0, 0.5)], "●", BLUE))
    cells.put(Layer([(1.0, 0.0), (1.0, 1.0)], "│", RED, joined=True))
    assert cells.row(1).plain[0] == "●"
    assert [cells.row(row).plain[-1] for row in range(3)] == ["│"] * 3


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_line_has_no_holes(points: list[tuple[float, float]]) -> None:
    cells = Cells(canvas(30, 8, "ascii"))
    cells.line(0, Layer(sorted(points), "a", RED))
    filled = [x for x in range(30) if any(cells.row(y).plain[x] == "a" for y in range(8))]
    assert filled == list(range(filled[0], filled[-1] + 1))
