"""The cursor over the cells of maps."""

from __future__ import annotations

import pytest
from rich.console import Group

from inittui.results.state import RunState
from inittui.results.sweep_results import Grid, swept_grids
from inittui.views.frame import Frame
from inittui.views.map_cursor import Cursor, held, line_of, moved, said_of
from inittui.views.sweep_maps import Map, shown_grids, sweep_maps
from tests.support.rendering import render
from tests.support.runs import SCALE, Made, made_run, scale_by_depth

ACCURACIES: dict[tuple[float, int], float | None] = {
    (scale, depth): None if scale == 4 else 0.5
    for scale in (1.0, 2.0, 4.0)
    for depth in (2, 8)
    if (scale, depth) != (2.0, 8)
}


def trained(*rates: float) -> RunState:
    return made_run(
        [t for rate in rates for t in scale_by_depth(ACCURACIES, **{"training.lr": rate})]
        or scale_by_depth(ACCURACIES)
    )


def grids_of(state: RunState) -> tuple[Grid, ...]:
    return swept_grids(state, SCALE, "model.depth")


def test_it_begins_at_the_first_cell_and_stays_where_its_cell_is() -> None:
    grids = grids_of(trained())
    first = Cursor(0, (1.0, 8))
    assert held(grids, None) == first
    assert held(grids, Cursor(0, (4.0, 2))) == Cursor(0, (4.0, 2))
    assert held(grids, Cursor(0, (3.0, 2))) == first
    assert held(grids, Cursor(1, (4.0, 2))) == first
    assert held((), first) is None


@pytest.mark.parametrize(
    ("begin", "right", "down", "end"),
    [
        ((1.0, 8), 1, 0, (2.0, 8)),
        ((1.0, 8), 0, 1, (1.0, 2)),
        ((1.0, 8), -1, 0, (1.0, 8)),
        ((1.0, 8), 0, -1, (1.0, 8)),
        ((4.0, 2), 1, 0, (4.0, 2)),
        ((4.0, 2), 0, 1, (4.0, 2)),
    ],
)
def test_it_moves_by_cells_and_stays_at_the_edge(
    begin: tuple[float, int], right: int, down: int, end: tuple[float, int]
) -> None:
    assert moved(grids_of(trained()), Cursor(0, begin), right, down) == Cursor(0, end)


def test_below_a_map_lies_the_next_one() -> None:
    grids = grids_of(trained(0.1, 0.2))
    assert moved(grids, Cursor(0, (2.0, 2)), 0, 1) == Cursor(1, (2.0, 8))
    assert moved(grids, Cursor(1, (2.0, 8)), 0, -1) == Cursor(0, (2.0, 2))
    assert moved(grids, Cursor(1, (2.0, 2)), 0, 1) == Cursor(1, (2.0, 2))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("width", [20, 24, 80])
def test_the_chosen_cell_is_between_brackets_and_nothing_else_moves(
    width: int, plain: bool
) -> None:
    state = trained(0.1, 0.2)
    frame = Frame(width, plain)
    without = render(Group(*sweep_maps(state, frame)), width).splitlines()
    for number, grid in enumerate(shown_grids(state, Map())):
        for x in grid.x_values:
            for y in grid.y_values:
                cursor = Cursor(number, (x, y))
                lines = sweep_maps(state, frame, Map(cursor=cursor))
                place = line_of(lines)
                assert place is not None
                drawn = render(Group(*lines), width).splitlines()
                assert len(drawn) == len(without)
                assert [n for n, line in enumerate(drawn) if "[" in line] == [place]
                changed = drawn[place]
                before = without[place].ljust(len(changed))
                apart = [a for a, b in zip(changed, before, strict=True) if a != b]
                assert apart == ["[", "]"]
    assert line_of(sweep_maps(state, frame)) is None


def test_what_a_cell_says() -> None:
    state = trained()
    (grid,) = grids_of(state)
    begin = "scale of variance_scaling = "
    assert said_of(state, grid, (1.0, 2)) == (
        f"{begin}1, depth = 2: validation accuracy 50.00 %, loss 1.75, 1 seed"
    )
    assert said_of(state, grid, (4.0, 2)).endswith(": diverged")
    assert said_of(state, grid, (2.0, 8)) == f"{begin}2, depth = 8: not in this run"


def test_what_a_cell_of_several_seeds_says() -> None:
    trials = scale_by_depth({(1.0, 2): 0.5, (2.0, 2): 0.6})
    trials += scale_by_depth({(1.0, 2): 0.7, (2.0, 2): None}, seed=1)
    state = made_run(trials)
    (grid,) = grids_of(state)
    assert said_of(state, grid, (1.0, 2)).endswith(
        ": validation accuracy 60.00 ± 14.14 %, loss 1.5, 2 seeds"
    )
    assert said_of(state, grid, (2.0, 2)).endswith("1 of 2 seeds diverged")


def test_which_of_several_maps_is_said() -> None:
    state = trained(0.1, 0.2)
    first, _ = grids_of(state)
    assert said_of(state, first, (1.0, 2)).startswith("lr=0.1: scale of")


def test_a_cell_knows_its_contestant() -> None:
    trials = [Made("rule", 0.5, swept={"training.lr": lr, "model.depth": depth})
              for lr in (0.1, 0.2) for depth in (2, 3)]  # fmt: skip
    state = made_run(trials)
    (grid,) = swept_grids(state, "training.lr", "model.depth")
    for cell in grid.cells.values():
        assert len(state.of_scheme(cell.contestant)) == 1
