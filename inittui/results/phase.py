"""What mean-field theory predicts for the cells of a phase diagram, beside what was measured.

Theory knows plain perceptrons of independent weights without mean: a run whose two sweeps are
anything else has no diagram. The depth to which a network is trainable is taken to be six times
the depth scale of the signal, the 6 of Schoenholz et al. (2017), Deep information propagation, by
either of two scales: that of correlations, ξ_c, and that of gradients, 1/|ln χ₁|. In the ordered
phase the two are one; in the chaotic one gradients explode before all correlation is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from inittui.errors import UsageError
from inittui.experiment.derived import PERCEPTRONS
from inittui.experiment.models import MODELS
from inittui.experiment.phase import BIAS, DEPTH, RATE, SCALE
from inittui.experiment.scheme import Call, parse_syntax
from inittui.experiment.trials import Setting
from inittui.results.learning import chance_of
from inittui.results.state import RunState
from inittui.results.sweep_results import Cell, Grid, swept_grids

TIMES_SCALE = 6.0
"""Depth scales to which a network is trainable (Schoenholz et al. 2017)."""

MOST_LAYERS = 1_000_000
LARGEST_VARIANCE = 1e6
"""What lies beyond is in a log by mistake."""


@dataclass(frozen=True, slots=True)
class Theory:
    """What is predicted for one cell."""

    weight_variance: float
    """σ_w²: fan_in × the variance of the weights."""
    bias_variance: float
    depth: int
    """Hidden layers."""
    chi: float
    """χ₁: what a layer multiplies the mean squared gradient by; 1 at the edge of chaos."""
    gradient_limit: float
    """6/|ln χ₁|, in layers; infinite at the edge of chaos."""
    correlation_limit: float
    """6 ξ_c, in layers."""

    @property
    def reach(self) -> float:
        """How many times its depth a network could have, by the gradient's limit."""
        return self.gradient_limit / self.depth

    @property
    def is_trainable(self) -> bool:
        return self.reach >= 1


@dataclass(frozen=True, slots=True)
class Agreement:
    """How prediction and measurement go together, over all cells that were trained."""

    cells: int
    correlation: float
    """Spearman's, of reach and accuracy; NaN where either is the same everywhere."""
    agreeing: int
    """Cells that are trained where they should be and aren't where they shouldn't."""
    half: float
    """The accuracy from which on a cell counts as trained: half way from guessing to the best."""
    learns: bool
    """Whether any cell can be told to do better than guessing; if not, none counts as trained."""


@dataclass(frozen=True, slots=True)
class Phase:
    grid: Grid
    activation: str
    theory: Mapping[tuple[Setting, Setting], Theory]
    """By the values of x and y, as the grid's cells."""
    edge: float | None
    """The σ_w² of the map at which χ₁ is 1; None where there is none, or biases are swept."""


def phase_of(state: RunState, grid: Grid | None = None) -> Phase | None:
    """Return the diagram of a run that is one, or of one of its grids; None where it is none."""
    if grid is None:
        found = [swept_grids(state, SCALE, y) for y in (DEPTH, BIAS, RATE)]
        grid = next((grids[0] for grids in found if len(grids) == 1), None)
    activation = _activation(state)
    if grid is None or not activation or grid.x != SCALE or grid.y not in (DEPTH, BIAS, RATE):
        return None
    theory: dict[tuple[Setting, Setting], Theory] = {}
    for trial in state.trials:
        plan = trial.plan
        if plan is None or not {grid.x, grid.y} <= plan.swept.keys():
            continue
        variances, depth = _variances(plan.scheme), plan.swept.get(DEPTH, _depth(state))
        if variances is None or not isinstance(depth, int) or not 0 < depth <= MOST_LAYERS:
            return None
        try:
            predicted = _theory(activation, *variances, depth)
        except UsageError:  # not worked out for this nonlinearity
            return None
        theory[plan.swept[grid.x], plan.swept[grid.y]] = predicted
    return Phase(grid, activation, theory, _edge(activation, theory.values()))


def agreement(state: RunState, phase: Phase) -> Agreement:
    """Compare prediction and measurement over the cells that are validated, or diverged.

    What diverged is as good as guessing.
    """
    guessing = chance_of(state) or 0.0
    known = [
        (theory.reach, accuracy, theory.is_trainable)
        for place, cell in phase.grid.cells.items()
        if (accuracy := _accuracy(cell, guessing)) is not None
        for theory in [phase.theory[place]]
    ]
    accuracies = [accuracy for _, accuracy, _ in known]
    half = (guessing + max(accuracies, default=0.0)) / 2
    learns = any(map(may_learn, phase.grid.cells.values()))
    return Agreement(
        len(known),
        rank_correlation([reach for reach, _, _ in known], accuracies),
        sum((learns and accuracy >= half) == should for _, accuracy, should in known),
        half,
        learns,
    )


def may_learn(cell: Cell) -> bool:
    """Whether a cell does better than guessing; of an old log that can't tell, any may."""
    is_sound = cell.accuracy is not None and cell.diverged < cell.trials
    return is_sound and (cell.learning is None or cell.learning.improves)


def _accuracy(cell: Cell, guessing: float) -> float | None:
    if cell.diverged == cell.trials:
        return guessing
    return cell.accuracy.mean if cell.accuracy is not None else None


def rank_correlation(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN where it has none."""
    first, second = _ranks(ones), _ranks(others)
    mean = (len(ones) + 1) / 2
    products = math.fsum((a - mean) * (b - mean) for a, b in zip(first, second, strict=True))
    squares = [math.fsum((rank - mean) ** 2 for rank in ranks) for ranks in (first, second)]
    return products / math.sqrt(math.prod(squares)) if min(squares) > 0 else math.nan


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: place for place, value in reversed(list(enumerate(ordered, 1)))}
    return [first[value] + (ordered.count(value) - 1) / 2 for value in values]


def _activation(state: RunState) -> str:
    """Return the nonlinearity of a model that theory is derived for; "" for any other."""
    if state.started is None:
        return ""
    experiment = state.started.experiment
    model = experiment.model
    swept = {key for trial in state.trials if trial.plan for key in trial.plan.settings}
    if model.name not in PERCEPTRONS or swept - {DEPTH, RATE, "model.width"}:
        return ""
    try:
        settings = MODELS[model.name].settings(model)
    except UsageError:  # a log may say anything
        return ""
    plain = not settings["batch_norm"] and not settings["dropout"] and not experiment.layers
    return str(settings["activation"]) if plain else ""


def _depth(state: RunState) -> int:
    assert state.started is not None
    hidden = MODELS[state.started.experiment.model.name].settings(state.started.experiment.model)
    sizes = hidden["hidden"]
    return len(sizes) if isinstance(sizes, tuple) else 1


def _variances(scheme: str) -> tuple[float, float] | None:
    """Return σ_w² and σ_b² of a scheme; None where theory doesn't know them."""
    try:
        parsed = parse_syntax(scheme)
    except UsageError:  # a log may say anything
        return None
    weights = dict(parsed.weights.parameters)
    if parsed.layers or parsed.weights.name != "variance_scaling":
        return None
    if weights.get("mode", "fan_in") != "fan_in":
        return None
    scale, std = _number(weights.get("scale", 1.0)), _bias_std(parsed.bias)
    if scale is None or std is None or scale <= 0:
        return None
    return scale, std**2


def _bias_std(bias: Call | None) -> float | None:
    if bias is None or bias.name == "zeros":
        return 0.0
    given = dict(bias.parameters)
    if bias.name != "normal" or given.get("mean", 0.0) != 0:
        return None
    return _number(given.get("std"))


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and 0 <= value <= LARGEST_VARIANCE
    return float(value) if known and isinstance(value, int | float) else None


@lru_cache(maxsize=4_096)
def _theory(activation: str, weight: float, bias: float, depth: int) -> Theory:
    from inittui.theory.scales import scales

    found = scales(activation, weight, bias)
    limits = TIMES_SCALE * found.xi_gradient, TIMES_SCALE * found.xi_correlation
    return Theory(weight, bias, depth, found.chi, *limits)


def _edge(activation: str, cells: Iterable[Theory]) -> float | None:
    """Return where χ₁ is 1, if it is within the map and one for all of it."""
    from inittui.theory.scales import critical_weight_variance

    weights = [cell.weight_variance for cell in cells]
    biases = {cell.bias_variance for cell in cells}
    edge = critical_weight_variance(activation, biases.pop()) if len(biases) == 1 else None
    return edge if edge is not None and min(weights) <= edge <= max(weights) else None
