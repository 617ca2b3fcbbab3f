"""Tables of contestants: in any width no name is cut, and what has no room is named."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inittui.results.summary import summarize
from inittui.views.frame import Frame
from inittui.views.tables import difference_tables, scheme_table
from tests.support.rendering import render
from tests.support.runs import Made, made_run, run_state

LEFT_OUT_FIRST = ("seconds", "status", "val. loss", "first 100 loss", "train loss")
"""Of a run all of whose trials have finished: what says the same in every row goes first."""


LETTERS = "ΓΔΘΛΞΠΣΦΨΩ"
"""What nothing else in a table is written with."""


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=50), min_size=1, max_size=6, unique=True),
    st.integers(20, 140),
    st.integers(1, 4),
)
def test_names_wrap_and_nothing_is_cut(names: list[str], width: int, seeds: int) -> None:
    state = made_run([Made(n, 0.5 + seed / 10, seed) for n in names for seed in range(seeds)])
    summaries = summarize(state)
    text = render(scheme_table(state, summaries, Frame(width)), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert [c for c in text if c in LETTERS] == list("".join(one.scheme for one in summaries))


NAMES = (
    "normal:std=0.0125", "trunc_normal:std=1e-05,mean=0.125/constant:value=0.375",
    "rule@fc*=he_uniform/ones", "variance_scaling:scale=12.5,mode=fan_out depth=16",
)  # fmt: skip


@given(st.integers(40, 200), st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_a_name_begins_beside_its_mark_and_no_number_is_broken(
    width: int, names: list[str]
) -> None:
    state = made_run([Made(name, 0.5 + place / 10) for place, name in enumerate(names)])
    text = render(scheme_table(state, summarize(state), Frame(width)), width)
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= width
    rows = lines[next(place for place, line in enumerate(lines) if "──" in line) + 1 :]
    marked = [row for row in rows if row[:1].strip() and row[1:2] == " "]
    assert len(marked) >= len(names)
    assert all(row[2:3].strip() for row in marked)
    for name in names:
        for number in re.findall(r"=([\d.e-]*\d)", name):
            assert any(number in row for row in rows), number


@pytest.mark.parametrize("width", range(20, 100))
def test_columns_go_in_their_order(width: int) -> None:
    state = run_state("classic")
    text = " ".join(render(scheme_table(state, summarize(state), Frame(width)), width).split())
    _, _, named = text.partition("no room for: ")
    gone = [title for title in LEFT_OUT_FIRST if title in named]
    assert gone == list(LEFT_OUT_FIRST[: len(gone)])
    assert "accuracy" in text


@pytest.mark.parametrize("width", [20, 50, 60, 80, 120])
def test_differences_are_there_in_one_table_or_in_two(width: int) -> None:
    state = run_state("seeds")
    tables = difference_tables(state, summarize(state), Frame(width))
    assert len(tables) == (1 if width >= 60 else 2)
    for table in tables:
        assert max(map(cell_len, render(table, width).splitlines())) <= width


@pytest.mark.parametrize("width", [30, 36, 40, 44, 50])
def test_what_has_no_room_is_named_in_lines_that_are_filled(width: int) -> None:
    """The table, which may be narrower than what it stands in, wraps them, and nothing else."""
    state = run_state("classic")
    lines = render(scheme_table(state, summarize(state), Frame(width)), width).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("no room for:"))
    said = [line.strip() for line in lines[start:] if line.strip()]
    table = max(map(cell_len, map(str.rstrip, lines[:start])))
    assert max(map(cell_len, said)) <= table
    for line, following in itertools.pairwise(said):
        assert cell_len(f"{line} {following.split()[0]}") > table
