"""Whatever a table holds: nothing is wider than asked, and what tells most stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from inittui.results.summary import summarize
from inittui.runs import RunDirectory
from inittui.tui.chart_options import ChartOptions, contestants
from inittui.tui.leaderboard import standings
from inittui.tui.open_run import OpenRun
from inittui.views.chart.layout import end_of, shortened, truncated
from inittui.views.columns import (
    GAP,
    LEAST_NAME,
    Column,
    fit,
    heading,
    left_out,
    row_line,
    where_they_differ,
)
from inittui.views.frame import Frame
from inittui.views.tables import difference_tables, scheme_table
from tests.support.rendering import render
from tests.support.runs import run_state

Row = tuple[str, ...]
WIDTHS = st.integers(20, 200)
TITLES = "abcdefg"


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column[Row]], list[Row]]:
    """A name that stays, and columns of which each can be left out."""
    count = draw(st.integers(1, len(TITLES)))
    rows = draw(st.lists(st.tuples(*[st.text(max_size=40)] * count), max_size=5))
    columns: list[Column[Row]] = [
        Column(
            TITLES[place],
            lambda row, place=place: row[place],
            rank=place,
            least=draw(st.integers(1, 12)) if place == 0 or draw(st.booleans()) else None,
            share=draw(st.sampled_from([0.5, 1.0])),
            right=draw(st.booleans()),
            cut=draw(st.sampled_from([shortened, end_of])),
        )
        for place in range(count)
    ]
    return columns, rows


@given(table=tables(), width=WIDTHS, sign=st.sampled_from(["", "~", "…"]))
def test_nothing_is_wider_than_asked(
    table: tuple[list[Column[Row]], list[Row]], width: int, sign: str
) -> None:
    columns, rows = table
    shown = fit(columns, rows, width)
    total = sum(one.width for one in shown) + GAP * (len(shown) - 1)
    assert total <= width
    for line in (heading(shown, sign), *(row_line(shown, row, sign) for row in rows)):
        assert line.cell_len <= total


@given(table=tables(), width=WIDTHS)
def test_what_is_left_out_has_the_highest_ranks(
    table: tuple[list[Column[Row]], list[Row]], width: int
) -> None:
    columns, rows = table
    shown = fit(columns, rows, width)
    assert [one.title for one in shown] == list(TITLES[: len(shown)])
    whole = max(map(cell_len, ["a", *(row[0] for row in rows)]))
    assert shown[0].width >= min(LEAST_NAME, columns[0].least or 0, whole)
    note = left_out(columns, shown, 1000)
    missing = list(TITLES[len(shown) : len(columns)][::-1])
    assert (note.plain if note else "") == (f"no room for: {', '.join(missing)}" if missing else "")


@given(table=tables(), width=WIDTHS)
def test_what_is_shown_has_at_least_what_it_needs(
    table: tuple[list[Column[Row]], list[Row]], width: int
) -> None:
    columns, rows = table
    whole = {one.title: one.width for one in fit(columns, rows, 10_000)}
    for one in fit(columns, rows, width)[1:]:
        least = whole[one.title] if one.least is None else min(one.least, whole[one.title])
        assert least <= one.width <= whole[one.title]


def test_room_is_shared_as_the_columns_say() -> None:
    row = ("n" * 30, "s" * 50)
    name: Column[Row] = Column("name", lambda x: x[0], least=12, share=0.5)
    schemes: Column[Row] = Column("schemes", lambda x: x[1], least=8)

    def widths(room: int, *columns: Column[Row]) -> list[int]:
        return [one.width for one in fit(columns, [row], room)]

    assert widths(42, name, schemes) == [22, 18]
    assert widths(42, replace(name, share=1.0), schemes) == [30, 10]
    assert widths(20, name, replace(schemes, rank=1)) == [20]
    assert widths(90, name, schemes) == [30, 50]


def test_a_cell_is_cut_where_its_column_says() -> None:
    columns: list[Column[Row]] = [
        Column("front", lambda x: x[0], width=5),
        Column("end", lambda x: x[0], width=5, cut=end_of),
        Column("text", lambda x: Text(x[0], "bold"), width=5),
    ]
    assert row_line(columns, ("abcdefgh",), "~").plain == "abcd~  ~efgh  abcd~"
    assert row_line(columns, ("abcdefgh",)).plain == "ab...  ...gh  abcd…"


@pytest.mark.parametrize("name", ["classic", "seeds", "diverged", "interrupted"])
@given(width=WIDTHS, ascii_only=st.booleans())
def test_tables_of_a_run(name: str, width: int, ascii_only: bool) -> None:
    state = run_state(name)
    summaries = summarize(state)
    frame = Frame(width, ascii_only=ascii_only)
    tables = [scheme_table(state, summaries, frame), *difference_tables(state, summaries, frame)]
    for table in tables:
        lines = render(table, 1000).splitlines()
        assert max(map(cell_len, lines)) <= width


@given(
    width=WIDTHS,
    ascii_only=st.booleans(),
    step=st.sampled_from([None, 30]),
    labels=st.lists(st.text(min_size=1, max_size=60), min_size=7, max_size=7),
)
def test_contestants_keep_their_marks(
    width: int, ascii_only: bool, step: int | None, labels: list[str]
) -> None:
    run = OpenRun(RunDirectory(Path("run")), state=run_state("classic"))
    named = [
        replace(one, label=label) for one, label in zip(contestants([run]), labels, strict=True)
    ]
    head, *lines = standings(named, ChartOptions(), width, step=step, ascii_only=ascii_only)
    assert head.plain.startswith("contestant")
    for one, line in zip(named, lines, strict=True):
        assert line.plain.startswith(f"{one.style.mark(ascii_only)} ")
    assert max(line.cell_len for line in (head, *lines)) <= width


def test_no_contestants_are_a_heading() -> None:
    (head,) = standings([], ChartOptions(), 20)
    assert head.plain.startswith("contestant")


def test_long_names_are_cut_where_they_are_the_same() -> None:
    assert where_they_differ(["short", "a long name that is alone"], 10) == ["short", "a long na…"]
    apart = where_they_differ(["a long name, 1", "a long name, 2", "other"], 10)
    assert apart == ["a lo…me, 1", "a lo…me, 2", "other"]
    assert where_they_differ(["same and long"] * 2, 8) == ["same an…"] * 2


SWEPT = st.builds(
    "variance_scaling:scale={}/normal:mean=0.25,std={} depth={}".format,
    st.sampled_from([1, 2, 4, 1.75]), st.sampled_from([0.1, 0.2236]), st.integers(1, 64),
)  # fmt: skip
ANYTHING = st.text("ab :=/,1", min_size=1, max_size=60)


@given(st.lists(SWEPT | ANYTHING, max_size=12), st.integers(12, 60), st.sampled_from(["…", "..."]))
def test_different_names_read_different(names: list[str], width: int, sign: str) -> None:
    told = where_they_differ(names, width, sign)
    assert max(map(cell_len, told), default=0) <= width
    assert len(set(told)) == len(set(names))


def test_names_that_differ_twice_show_both() -> None:
    name = "variance_scaling:scale={}/normal:std=0.2236 depth={}".format
    names = [name(scale, depth) for scale in (2, 4) for depth in (2, 32)]
    assert where_they_differ(names, 24) == [
        "vari…cale=2/norm…epth=2",
        "vari…cale=2/norm…epth=32",
        "vari…cale=4/norm…epth=2",
        "vari…cale=4/norm…epth=32",
    ]
    for width in range(20, 60):
        told = where_they_differ(names, width)
        assert all("ale=2" in each for each in told[:2])
        assert all(each.endswith("th=32") for each in told[1::2])


def test_a_sign_of_what_is_cut_stands_once() -> None:
    for sign in ("…", "..."):
        assert (
            truncated(Text(f"best sc{sign}  took"), 8 + len(sign), sign).plain == f"best sc{sign}"
        )


def test_room_that_nobody_behind_can_use_goes_to_the_first() -> None:
    columns: list[Column[Row]] = [
        Column("a", lambda row: row[0], least=4, width=30, share=0.5),
        Column("b", lambda row: row[1], least=4, width=6),
    ]
    assert [one.width for one in fit(columns, [("x" * 30, "y" * 6)], 40)] == [30, 6]
    assert [one.width for one in fit(columns, [("x" * 30, "y" * 6)], 30)] == [22, 6]
