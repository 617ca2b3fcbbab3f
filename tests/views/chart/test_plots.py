"""Plots: whatever the numbers, never an error, never a line too wide; and they show what is so."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from inittui.views.chart.palette import styles_for
from inittui.views.chart.plots import Chart, ChartSpec, histogram, line_chart
from inittui.views.chart.series import Series
from inittui.views.frame import Marker
from tests.support.torture import examples

NAMES = ("zeros", "ones", "uniform", "centered", "rule", "normal", "default")
NAN = math.nan

numbers = st.one_of(
    st.floats(),
    st.floats(-10, 10),
    st.sampled_from([0.0, NAN, math.inf, -math.inf, 5e-324, 1e99, 1e100, -1e308, 2.3026]),
)
windows = st.none() | st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))


def curves(*ys: list[float], names: tuple[str, ...] = NAMES) -> list[Series]:
    """Return one series per list, over steps from 1, each with its style."""
    styles = styles_for(names[: len(ys)])
    return [
        Series(name, range(1, len(y) + 1), y, styles[name])
        for name, y in zip(names, ys, strict=False)
    ]


@st.composite
def any_series(draw: st.DrawFn) -> list[Series]:
    names = draw(st.lists(st.text(max_size=30), max_size=9, unique=True))
    styles = styles_for(names)
    found = []
    for name in names:
        y = draw(st.lists(numbers, max_size=60))
        x = draw(st.sampled_from([range(1, len(y) + 1), draw(st.lists(numbers, max_size=60))]))
        band = (y, [2 * value for value in y]) if draw(st.booleans()) else None
        found.append(Series(name, x, y, styles[name], band))
    return found


FAR_APART = Series("a", [-1e308, 1e308], [1.0, 2.0], styles_for(["a"])["a"])
"""The distance of these is no float."""


def check_size(text: Text, width: int, height: int) -> None:
    lines = text.plain.split("\n")
    assert len(lines) == height
    assert max(map(cell_len, lines)) <= width


def plot(series: list[Series], **spec: Any) -> Text:
    return chart_of(series, **spec).text


def chart_of(series: list[Series], **spec: Any) -> Chart:
    return line_chart(series, ChartSpec(**spec))


@settings(max_examples=examples(100))
@given(
    series=any_series(),
    width=st.integers(1, 150),
    height=st.integers(1, 50),
    log_y=st.booleans(),
    marker=st.sampled_from(["braille", "block", "ascii"]),
    ascii_only=st.booleans(),
    x_window=windows,
    y_window=windows,
    title=st.text(max_size=200),
    legend=st.booleans(),
)
@example([], 80, 20, True, "braille", False, None, None, "", True)
@example([FAR_APART], 80, 20, False, "braille", False, None, None, "", True)
@example(curves([1e308] * 5, [NAN] * 5), 40, 9, False, "block", False, None, None, "t", True)
def test_no_numbers_break_a_plot(
    series: list[Series],
    width: int,
    height: int,
    log_y: bool,
    marker: Marker,
    ascii_only: bool,
    x_window: tuple[float, float] | None,
    y_window: tuple[float, float] | None,
    title: str,
    legend: bool,
) -> None:
    text = plot(
        series,
        width=width,
        height=height,
        log_y=log_y,
        marker=marker,
        ascii_only=ascii_only,
        x_window=x_window,
        y_window=y_window,
        title=title,
        x_label="step",
        legend=legend,
    )
    check_size(text, width, height)
    if ascii_only:
        assert text.plain.isascii()


@settings(max_examples=examples(60))
@given(
    counts=st.lists(numbers, min_size=1, max_size=80),
    low=st.floats(-1e99, 1e99),
    size=st.floats(0, 1e99),
    with_density=st.booleans(),
    width=st.integers(1, 150),
    height=st.integers(1, 40),
    ascii_only=st.booleans(),
)
def test_no_numbers_break_a_histogram(
    counts: list[float],
    low: float,
    size: float,
    with_density: bool,
    width: int,
    height: int,
    ascii_only: bool,
) -> None:
    edges = [low + size * i / len(counts) for i in range(len(counts) + 1)]
    text = histogram(
        counts,
        edges,
        width=width,
        height=height,
        density=counts[::-1] if with_density else None,
        ascii_only=ascii_only,
        title="values",
    )
    check_size(text, width, height)
    if ascii_only:
        assert text.plain.isascii()


@pytest.mark.parametrize("value", [1.0, 10.0, 100.0, 1e3, 1e4])
def test_a_log_axis_is_logarithmic(value: float) -> None:
    y = [1.0] + [value] * 98 + [1e4]
    lines = plot(curves(y), width=60, height=21, log_y=True, legend=False).plain.split("\n")
    label = next(
        row for row, line in enumerate(lines) if line.split("┤")[0].strip() == f"{value:g}"
    )
    assert "●" in lines[label]


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0, 3.0])
def test_a_linear_axis_is_linear(value: float) -> None:
    y = [0.0] + [value] * 98 + [3.0]
    lines = plot(curves(y), width=60, height=21, log_y=False, legend=False).plain.split("\n")
    label = next(i for i, line in enumerate(lines) if line.split("┤")[0].strip() == f"{value:.1f}")
    assert "●" in lines[label]


def test_the_canvas_is_where_the_chart_says() -> None:
    chart = chart_of(
        curves([3.0, 1.0, 2.0]), width=70, height=18, log_y=False, title="t", x_label="step"
    )
    lines = chart.text.plain.split("\n")
    canvas = lines[chart.top : chart.top + chart.rows]
    assert all(line[chart.left - 1] in "│┤" for line in canvas)
    assert lines[chart.top + chart.rows][chart.left - 1] == "└"
    assert len(lines[chart.top + chart.rows]) == chart.left + chart.columns == 70
    first, last = canvas[0][chart.left], canvas[-1][chart.left + chart.columns // 2]
    assert first != " "  # the highest value, 3, is the first
    assert last != " "  # the lowest, 1, is in the middle


def test_a_spike_of_one_step_is_seen_among_many() -> None:
    y = [1.0] * 50_000
    y[31_234] = 9.0
    chart = chart_of(curves(y), width=80, height=20, log_y=False, legend=False)
    top = chart.text.plain.split("\n")[chart.top][chart.left :]
    assert [column for column, c in enumerate(top) if c not in " ⠀"] == [
        pytest.approx(31_234 / 50_000 * chart.columns, abs=1)
    ]


def test_a_gap_stays_a_gap() -> None:
    y = [1.0] * 40 + [NAN] * 20 + [1.0] * 40
    chart = chart_of(curves(y), width=80, height=12, log_y=False, legend=False)
    line = next(one for one in chart.text.plain.split("\n")[chart.top :] if "●" in one)
    drawn = [c not in " ⠀" for c in line[chart.left :].ljust(chart.columns)]
    columns = chart.columns
    assert all(drawn[: int(0.38 * columns)])
    assert not any(drawn[int(0.42 * columns) : int(0.58 * columns)])
    assert all(drawn[int(0.62 * columns) : columns - 1])
    assert "20 NaN or infinite values not drawn" in chart.text.plain


@pytest.mark.parametrize(("ascii_only", "sign"), [(False, "✕"), (True, "x")])
@pytest.mark.parametrize("bad", [NAN, math.inf, 1e101])
def test_the_end_of_a_diverged_curve_is_marked(bad: float, ascii_only: bool, sign: str) -> None:
    y = [float(i) for i in range(1, 31)] + [bad] * 2
    chart = chart_of(curves(y, [5.0] * 62), width=80, height=20, log_y=False, ascii_only=ascii_only)
    lines = chart.text.plain.split("\n")
    row = next(i for i, line in enumerate(lines) if sign in line[chart.left :])
    column = lines[row].index(sign, chart.left) - chart.left
    assert row == chart.top  # 30 is the highest value
    assert column == pytest.approx(30 / 61 * chart.columns, abs=1)
    assert f"{sign} became NaN or infinite: zeros" in chart.text.plain


def test_what_a_log_axis_leaves_out_is_counted() -> None:
    text = plot(curves([1.0, 0.0, -1.0, 2.0]), width=80, height=12, log_y=True)
    assert "2 values of 0 or less not drawn (log axis)" in text.plain
    text = plot(curves([1.0, 0.0, 1.0, NAN, 2.0]), width=80, height=12, log_y=True)
    assert "1 NaN or infinite value not drawn; 1 value of 0 or less not drawn" in text.plain


@pytest.mark.parametrize("marker", ["braille", "block", "ascii"])
def test_equal_curves_all_show_their_marks(marker: Marker) -> None:
    series = curves(*([2.3 - i / 100 for i in range(100)] for _ in NAMES))
    text = plot(series, width=80, height=20, log_y=False, marker=marker, legend=False)
    for one in series:
        assert one.style.mark(marker == "ascii") in text.plain


def test_marks_stand_on_their_curve() -> None:
    """A flat line's marks are in the line's row, for any height of the line."""
    for level in range(1, 100):
        text = plot(
            curves([level / 100] * 99),
            width=40,
            height=12,
            log_y=False,
            legend=False,
            y_window=(0.0, 1.0),
        )
        (row,) = (line for line in text.plain.split("\n") if "●" in line)
        assert sum(0x2800 < ord(c) < 0x2900 for c in row) > 30


def test_bars_span_the_band() -> None:
    style = styles_for(["rule"])["rule"]
    y = [5.0] * 50
    series = [Series("rule", range(50), y, style, ([2.0] * 50, [8.0] * 50))]
    chart = chart_of(series, width=60, height=22, log_y=False, y_window=(0.0, 10.0), legend=False)
    inside = [
        row
        for row, line in enumerate(chart.text.plain.split("\n")[chart.top :][: chart.rows])
        if "│" in line[chart.left :]
    ]
    assert inside[0] == pytest.approx(0.2 * chart.rows, abs=1)
    assert inside[-1] == pytest.approx(0.8 * chart.rows, abs=1)


def test_legend_names_all_or_counts_the_rest() -> None:
    names = tuple(f"normal:std={i}" for i in range(70))
    few = plot(curves(*[[1.0, 2.0]] * 7), width=80, height=20, log_y=False).plain
    assert all(name in few for name in NAMES)
    many = plot(curves(*[[1.0, 2.0]] * 70, names=names), width=80, height=20, log_y=False).plain
    shown = sum(f" {name} " in f"{many} ".replace("\n", "  ") for name in names)
    assert 0 < shown < 70
    assert f"+{70 - shown} more" in many


def test_threads_draw_one_at_a_time() -> None:
    def draw(number: int) -> str:
        y = [number + i % 7 for i in range(100)]
        return plot(curves(y), width=60, height=15, log_y=False).plain

    alone = [draw(number) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(draw, list(range(8)) * 4))
    assert together == alone * 4


def test_histogram_shows_heights_and_expectation() -> None:
    text = histogram(
        [1, 2, 4, 8], [0, 1, 2, 3, 4], width=42, height=14, density=[8, 4, 2, 1], ascii_only=True
    ).plain
    bars = text.split("\n")[:-3]
    heights = [sum(line[2:][column : column + 1] == "#" for line in bars) for column in (5, 35)]
    assert heights[1] > 4 * heights[0] > 0
    assert "# measured" in text
    assert "o expected" in text
    marked = [next(i for i, line in enumerate(bars) if line[2:][c] == "o") for c in (5, 35)]
    assert marked[0] < marked[1]  # what is expected falls from left to right


@pytest.mark.parametrize("height", [6, 7, 8])
def test_a_chart_says_what_it_shows_in_as_many_lines_as_it_has(height: int) -> None:
    """Of small charts beside each other the title alone tells which is which."""
    title = "validation accuracy in %, mean of 2 seeds, bars from lowest to highest"
    spec = ChartSpec(width=38, height=height, log_y=False, title=title, legend=False)
    first, *others = line_chart(curves([1.0, 2.0, 3.0]), spec).text.plain.split("\n")
    assert len(others) == height - 1
    assert first == f"validation accuracy in %, mean of 2{'…' if height == 6 else ''}"


@pytest.mark.parametrize(("ascii_only", "sign"), [(False, "…"), (True, "...")])
def test_a_title_is_cut_with_the_sign_of_the_terminal(ascii_only: bool, sign: str) -> None:
    spec = ChartSpec(
        width=30, height=10, log_y=False, title="training loss " * 9, ascii_only=ascii_only
    )
    first = line_chart(curves([1.0, 2.0, 3.0]), spec).text.plain.split("\n")[0]
    assert first.endswith(sign)
    assert cell_len(first) <= 30
