"""The cursor over the cells of maps: where it goes, and what the cell under it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from inittui.experiment.trials import format_setting
from inittui.results.comparison import percent
from inittui.results.state import RunState
from inittui.results.sweep_results import Cell, Grid, title_of
from inittui.text import number_of
from inittui.views.heat_map import CHOSEN, Place
from inittui.views.wording import number


@dataclass(frozen=True, slots=True)
class Cursor:
    map: int
    """Which of the maps that lie below each other, the topmost is 0."""
    place: Place


def held(grids: Sequence[Grid], cursor: Cursor | None) -> Cursor | None:
    """Return the cursor where its cell is still there, else the first one; None without maps."""
    if not grids:
        return None
    if cursor is not None and cursor.map < len(grids):
        x, y = cursor.place
        if x in grids[cursor.map].x_values and y in grids[cursor.map].y_values:
            return cursor
    return _at(grids, 0, 0, 0)


def moved(grids: Sequence[Grid], cursor: Cursor, right: int, down: int) -> Cursor:
    """Return the cursor so many cells further; below a map's last row lies the next map's first.

    At the edge of all maps it stays.
    """
    grid, (x, y) = grids[cursor.map], cursor.place
    column = grid.x_values.index(x) + right
    above = sum(len(each.rows) for each in grids[: cursor.map])
    row = max(above + grid.rows.index(y) + down, 0)
    for place, each in enumerate(grids):
        if row < len(each.rows):
            return _at(grids, place, column, row)
        row -= len(each.rows)
    return _at(grids, len(grids) - 1, column, len(grids[-1].rows) - 1)


def _at(grids: Sequence[Grid], place: int, column: int, row: int) -> Cursor:
    grid = grids[place]
    column = min(max(column, 0), len(grid.x_values) - 1)
    return Cursor(place, (grid.x_values[column], grid.rows[row]))


def line_of(lines: Iterable[Text]) -> int | None:
    """Return which of the lines has the chosen cell."""
    return next(
        (n for n, line in enumerate(lines) if any(span.style == CHOSEN for span in line.spans)),
        None,
    )


def said_of(state: RunState, grid: Grid, place: Place) -> str:
    """Say what a cell stands for and what came of it."""
    x, y = place
    values = ((title_of(grid.x), x), (title_of(grid.y), y))
    where = ", ".join(f"{title} = {format_setting(value)}" for title, value in values)
    cell = grid.cells.get(place)
    what = "not in this run" if cell is None else ", ".join(_results(state, cell))
    return f"{grid.name + ': ' if grid.name else ''}{where}: {what}"


def _results(state: RunState, cell: Cell) -> Iterable[str]:
    if cell.accuracy is not None:
        yield f"{state.evaluated_on} accuracy {percent(cell.accuracy)}"
    elif not cell.diverged:
        yield "not yet validated"
    if cell.loss is not None:
        yield f"loss {number(cell.loss.mean)}"
    seeds = number_of(cell.trials, "seed")
    if not cell.diverged:
        yield seeds
    else:
        yield "diverged" if cell.trials == 1 else f"{cell.diverged} of {seeds} diverged"
