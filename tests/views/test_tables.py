"""Tables of contestants: in any width no name is cut, and what has no room is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inittui.results.summary import summarize
from inittui.views.frame import Frame
from inittui.views.tables import difference_tables, scheme_table
from tests.support.rendering import render
from tests.support.runs import Made, made_run, run_state

LEFT_OUT_FIRST = ("seconds", "val. loss", "first 100 loss", "train loss", "status")


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
    assert len(tables) == (1 if width >= 80 else 2)
    for table in tables:
        assert max(map(cell_len, render(table, width).splitlines())) <= width
