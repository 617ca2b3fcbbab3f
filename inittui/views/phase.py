"""The lines of mean-field theory over a map of trained networks, and what both come to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from rich.text import Text

from inittui.experiment.phase import BIAS, DEPTH
from inittui.experiment.trials import Setting, format_setting
from inittui.results.phase import TIMES_SCALE, Phase, agreement, may_learn
from inittui.results.state import RunState
from inittui.results.sweep_results import Grid
from inittui.text import in_percent, short
from inittui.views.chart.layout import paragraph
from inittui.views.frame import Frame
from inittui.views.heat_map import Border, Metric, Place, Titles, heat_map

FEWEST_RANKED = 5
"""Cells from which on a rank correlation is told."""

NO_LINES = (
    "No lines over it: theory is worked out for plain perceptrons without dropout and batch norm, "
    "and not for every nonlinearity."
)

_SOURCE = "after Schoenholz et al. 2017; a guide, not a law"

_ACROSS = "σ_w² = fan_in × variance of the weights"
_UPWARDS = {DEPTH: "depth", BIAS: "std of the biases"}


def phase_map(
    state: RunState, phase: Phase, frame: Frame, metric: Metric, chosen: Place | None = None
) -> list[Text]:
    """Return the map with theory's lines, and sentences on both."""
    titles = Titles(_ACROSS, _UPWARDS.get(phase.grid.y, "learning rate"))
    lines = heat_map(state, phase.grid, frame, metric, borders(phase), titles, chosen)
    for said in conclusions(state, phase):
        lines += paragraph(frame.say(said), frame.columns)
    return lines


def borders(phase: Phase) -> list[Border]:
    """Return theory's lines: the gradients' limit, and where it differs the correlations'."""
    limit = f"about {TIMES_SCALE:g}/|ln χ₁|"
    if phase.grid.y == DEPTH:
        by_x = {x: theory for (x, _), theory in phase.theory.items()}
        solid = {x: theory.gradient_limit for x, theory in by_x.items()}
        dotted = {x: theory.correlation_limit for x, theory in by_x.items()}
        name = f"{limit} layers: above it gradients vanish or explode ({_SOURCE})"
        lines = [Border(name, tops=solid)]
        if any(_is_apart(phase.grid, solid[x], dotted[x]) for x in solid):
            name = f"about {TIMES_SCALE:g} ξ_c layers: above it correlations of images are lost"
            lines.append(Border(name, "┄", "-", tops=dotted))
        return lines
    inside = {place: theory.is_trainable for place, theory in phase.theory.items()}
    ordered = {place: theory.chi < 1 for place, theory in phase.theory.items()}
    edge = Border("edge of chaos, about: χ₁ = 1", side="┊", side_in_ascii=":",
                  sides=_flips(phase.grid, ordered))  # fmt: skip
    name = f"the depth is {limit}: beyond it gradients vanish or explode ({_SOURCE})"
    return [each for each in (Border(name, sides=_flips(phase.grid, inside)), edge) if each.sides]


def _is_apart(grid: Grid, solid: float, dotted: float) -> bool:
    """Whether the second of two lines is drawn, at another place than the first."""
    below, also = (sum(float(y) <= limit for y in grid.y_values) for limit in (solid, dotted))
    return below != also < len(grid.y_values)


def _flips(grid: Grid, holds: Mapping[tuple[Setting, Setting], bool]) -> dict[Setting, list[float]]:
    """Return, for each y, a place between every two neighbours of which one alone ``holds``."""
    found: dict[Setting, list[float]] = {}
    for y in grid.y_values:
        xs = [x for x in grid.x_values if (x, y) in holds]
        for x, after in itertools.pairwise(xs):
            if holds[x, y] != holds[after, y]:
                found.setdefault(y, []).append((float(x) + float(after)) / 2)
    return found


def conclusions(state: RunState, phase: Phase) -> Iterator[str]:
    """Yield sentences: where the edge is, and how prediction and measurement go together."""
    if phase.edge is not None:
        yield (
            f"Theory of infinitely wide networks: {phase.activation}'s edge of chaos lies at σ_w² "
            f"of about {short(phase.edge)}."
        )
    if highest := _highest(phase):
        yield highest
    found = agreement(state, phase)
    if found.cells and not found.learns:
        return
    if found.cells >= FEWEST_RANKED and not math.isnan(found.correlation):
        yield (
            f"Rank correlation of accuracy and theory's limit ÷ depth over {found.cells} cells: "
            f"{found.correlation:.2f}. Theory has {found.agreeing} of them right: trained, which "
            f"is {100 * found.half:.0f} % and more, half way from guessing to the best, or not."
        )


def _highest(phase: Phase) -> str:
    """Say where accuracy is highest: of the deepest networks, or else of all."""
    grid = phase.grid
    deepest = max(grid.y_values, key=float) if grid.y == DEPTH else None
    cells = {place: c for place, c in grid.cells.items() if deepest in (None, place[1])}
    known = {
        place: cell.accuracy.mean
        for place, cell in cells.items()
        if may_learn(cell) and cell.accuracy is not None
    }
    if not known:
        where = "" if deepest is None else f" at depth {format_setting(deepest)}"
        validated = any(cell.accuracy is not None for cell in cells.values())
        return f"None can be told to do better than guessing{where}." if validated else ""
    x, y = max(known, key=lambda place: known[place])
    where = f"σ_w² = {format_setting(x)}"
    if deepest is None:
        where += f" and a {_UPWARDS.get(grid.y, 'learning rate')} of {format_setting(y)}"
    at_depth = "" if deepest is None else f" at depth {format_setting(deepest)}"
    return f"Highest accuracy{at_depth}: {in_percent(known[x, y], 1)} % at {where}."
