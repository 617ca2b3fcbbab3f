"""How deep networks train under each variance of their weights, beside theory's edge of chaos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inittui.events.wire_numbers import Number, to_wire
from inittui.experiment.phase import DEPTH
from inittui.lessons.questions import CANT_TELL, Answer, TrainableDepth
from inittui.results.phase import Phase, agreement, may_learn, phase_of, rank_correlation
from inittui.results.state import RunState
from inittui.text import joined, short

AT_THE_EDGE, AWAY = "at the edge", "away from it"


@dataclass(frozen=True, slots=True)
class Column:
    """One variance of the weights."""

    weight_variance: float
    trained: int
    """The greatest swept depth up to which all networks are trained; 0 where none is."""
    limit: float
    """Theory's, about: 6/|ln χ₁| layers."""


def answer_trainable_depth(question: TrainableDepth, state: RunState) -> Answer:
    """Say which variance trains the deepest networks, and whether that lies at the edge."""
    phase = phase_of(state)
    if phase is None or phase.grid.y != DEPTH:
        return Answer("trainable-depth", "Nothing was trained over variance and depth.")
    found = agreement(state, phase)
    if not found.learns:
        text = f"None can be told to do better than guessing: {CANT_TELL}."
        return Answer("trainable-depth", text, verdicts={"deepest": CANT_TELL})
    half = found.half
    columns = _columns(phase, half)
    greatest = max(theory.depth for theory in phase.theory.values())
    verdict, said = _verdict(columns, phase.edge)
    told = [
        f"σ_w² = {short(each.weight_variance)}: {_to(each.trained, greatest)} (theory "
        f"{_about(each.limit)})"
        for each in columns
    ]
    ranks = rank_correlation([c.limit for c in columns], [c.trained for c in columns])
    agree = "can't be told" if math.isnan(ranks) else short(ranks, 2)
    beside = f" (published: {question.published})" if question.published else ""
    text = "\n".join(
        [
            f"A network counts as trained from {100 * half:.1f} % on, half way from guessing to "
            "the best. Depth to which all are:",
            f"{'; '.join(told)}.",
            f"{said}{beside}.",
            f"Rank correlation of trained depth and theory's over {len(columns)} variances: "
            f"{agree}.",
        ]
    )
    measured: dict[str, tuple[Number | None, ...]] = {
        short(each.weight_variance): (float(each.trained), to_wire(each.limit)) for each in columns
    }
    judged = question.published and verdict != CANT_TELL
    return Answer(
        "trainable-depth",
        text,
        holds=verdict == question.published if judged else None,
        measured=measured,
        verdicts={"deepest": verdict},
    )


def _columns(phase: Phase, half: float) -> list[Column]:
    found = []
    for x in phase.grid.x_values:
        depth = 0
        for y in phase.grid.y_values:
            cell = phase.grid.cells.get((x, y))
            if cell is None or not may_learn(cell):
                break
            if cell.accuracy is None or cell.accuracy.mean < half:
                break
            depth = phase.theory[x, y].depth
        theory = next(each for (at, _), each in phase.theory.items() if at == x)
        found.append(Column(theory.weight_variance, depth, theory.gradient_limit))
    return found


def _verdict(columns: Sequence[Column], edge: float | None) -> tuple[str, str]:
    """Return whether the deepest trained networks are those nearest to the edge, in words too."""
    deepest = max(each.trained for each in columns)
    best = [each for each in columns if each.trained == deepest]
    if edge is None:
        return CANT_TELL, f"Theory's edge of chaos lies outside of these: {CANT_TELL}"
    at = f"theory's edge of chaos is {short(edge)}"
    if not deepest or len(best) == len(columns):
        return CANT_TELL, f"All come equally deep, {at}: {CANT_TELL}"
    nearest = min(columns, key=lambda each: abs(math.log(each.weight_variance / edge)))
    names = joined(short(each.weight_variance) for each in best)
    begin = f"The deepest are trained at σ_w² = {names}; {at}"
    if nearest in best:
        return AT_THE_EDGE, f"{begin}, and {short(nearest.weight_variance)} next to it: at the edge"
    return AWAY, f"{begin}, and {short(nearest.weight_variance)} next to it isn't one: away from it"


def _to(depth: int, greatest: int) -> str:
    if not depth:
        return "none"
    return f"{depth}, the greatest" if depth == greatest else str(depth)


def _about(limit: float) -> str:
    return "no limit" if math.isinf(limit) else f"about {short(limit, 2)}"
