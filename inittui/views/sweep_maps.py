"""The maps of a run: of two sweeps that multiply, with theory's lines where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from rich.text import Text

from inittui.errors import UsageError, unknown
from inittui.results.phase import phase_of
from inittui.results.state import RunState
from inittui.results.sweep_results import Grid, swept_grids, swept_pairs
from inittui.views.frame import Frame
from inittui.views.heat_map import Metric, heat_map
from inittui.views.map_cursor import Cursor
from inittui.views.phase import phase_map

MAP = "map"
"""The meta data of a map's lines: its number."""

_MOST_MAPS = 6


@dataclass(frozen=True, slots=True)
class Map:
    """Which map of a run is drawn."""

    pair: tuple[str, str] | None = None
    """The sweeps across and upwards; None: the first two that multiply."""
    metric: Metric = "accuracy"
    with_lines: bool = True
    """Whether theory's lines are drawn over it; working them out takes a second or more."""
    cursor: Cursor | None = None
    first: int = 0
    """The number of the first of the maps that are drawn of it, which `MAP` counts from."""


def checked_metric(name: str) -> Metric:
    """Return what a map is of.

    Raises:
        UsageError: there is no such metric.
    """
    if name not in get_args(Metric):
        raise unknown("metric", name, get_args(Metric))
    metric: Metric = name  # type: ignore[assignment]  # checked above
    return metric


def chosen_map(state: RunState, pair: str | None, metric: str) -> Map:
    """Return the map of a pair of sweeps "X,Y", None for the first two.

    Raises:
        UsageError: the run has no such sweeps, or they never come together; or no such metric.
    """
    of = checked_metric(metric)
    if pair is None:
        return Map(None, of)
    pairs = swept_pairs(state)
    if not pairs:
        raise UsageError("the run has no two sweeps that multiply, so that there is no map of it")
    x, _, y = pair.partition(",")
    if (x, y) not in pairs and (y, x) not in pairs:
        raise unknown("pair of sweeps", pair, [",".join(each) for each in pairs])
    return Map((x, y), of)


def shown_grids(state: RunState, wanted: Map) -> tuple[Grid, ...]:
    """Return what is drawn, a map each; () where no sweeps multiply."""
    return _grids(state, wanted)[:_MOST_MAPS]


def _grids(state: RunState, wanted: Map) -> tuple[Grid, ...]:
    pair = wanted.pair or next(iter(swept_pairs(state)), None)
    return swept_grids(state, *pair) if pair else ()


def sweep_maps(state: RunState, frame: Frame, wanted: Map | None = None) -> list[Text]:
    """Return a map of two sweeps under each value of any others; [] where none multiply."""
    wanted = wanted or Map()
    grids = _grids(state, wanted)
    parts: list[Text] = []
    for place, grid in enumerate(grids[:_MOST_MAPS]):
        cursor = wanted.cursor
        chosen = cursor.place if cursor is not None and cursor.map == place else None
        phase = phase_of(state, grid) if wanted.with_lines else None
        if phase is None:
            lines = heat_map(state, grid, frame, wanted.metric, chosen=chosen)
        else:
            lines = phase_map(state, phase, frame, wanted.metric, chosen)
        for line in lines:
            line.apply_meta({MAP: wanted.first + place})
        parts += [*lines, Text()]
    if len(grids) > _MOST_MAPS:
        count = len(grids) - _MOST_MAPS
        more = f"+{count} more such map{'s' if count > 1 else ''}; --json has all of them"
        parts += [Text(more, "dim"), Text()]
    return parts
