"""How the best value of one sweep moves along another: the best learning rate with the width."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inittui.events.wire_numbers import all_to_wire
from inittui.experiment.trials import format_setting
from inittui.lessons.questions import CANT_TELL, Answer, BestMoves
from inittui.results.comparison import LEVEL, Measure, half_interval, measure
from inittui.results.state import RunState
from inittui.results.sweep_results import title_of
from inittui.text import short

STAYS = 0.25
"""An exponent up to this, either way, is called none: over 16 times the width a factor of 2."""


SURELY_STAYS = 0.5
"""What the interval of an exponent may not reach where it is said to stay: under the standard
parametrization the best rate moves as width^-½ or faster."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the best values of one contestant lie, and how they move."""

    best: tuple[float, ...]
    """Geometric means over the seeds, for each value of the other sweep."""
    exponent: Measure
    """b of value^b from the first to the last, over the seeds."""
    is_within: bool
    """Whether no best value is at an end of its sweep, where a better one may lie beyond."""

    @property
    def margin(self) -> float:
        """Half of the 95 % interval over the seeds (Student's t); infinite for one."""
        return half_interval(self.exponent, LEVEL) if self.exponent.n > 1 else math.inf

    @property
    def verdict(self) -> str:
        if not self.is_within:
            return CANT_TELL
        size = abs(self.exponent.mean)
        if size <= STAYS:
            return "stays" if size + self.margin < SURELY_STAYS else CANT_TELL
        return "moves" if size > self.margin else CANT_TELL


def answer_best_moves(question: BestMoves, state: RunState) -> Answer:
    """Say for each contestant where its best values lie, and how they move."""
    losses = _losses(question, state)
    places = {place for seeds in losses.values() for of in seeds.values() for place in of}
    along = sorted(places)
    found = {name: moved for name, of in losses.items() if (moved := _moved(of, along)) is not None}
    said = [_said(question, name, moved, along) for name, moved in found.items()]
    verdicts = {name: moved.verdict for name, moved in found.items()}
    told = [
        verdict == question.published[name]
        for name, verdict in verdicts.items()
        if name in question.published and verdict != CANT_TELL
    ]
    return Answer(
        "best-moves",
        "\n".join(said) or "Nothing was trained at two values of each sweep.",
        measured={name: all_to_wire(moved.best) for name, moved in found.items()},
        verdicts=verdicts,
        holds=all(told) if told else None,
    )


def _said(question: BestMoves, name: str, moved: Moved, along: Sequence[float]) -> str:
    of, by = title_of(question.of), title_of(question.along)
    places = [f"{short(best, 2)} at {format_setting(at)}" for best, at in
              zip(moved.best, along, strict=True)]  # fmt: skip
    over = f" ± {moved.margin:.2f}" if moved.exponent.n > 1 else " under one seed"
    law = f"{by}^{round(moved.exponent.mean, 2) + 0.0:.2f}{over}"
    verdict = {"stays": "it stays", "moves": "it moves"}.get(moved.verdict, CANT_TELL)
    if not moved.is_within:
        verdict = f"a better one may lie beyond the swept ones: {CANT_TELL}"
    published = question.published.get(name)
    beside = f" (published: it {published})" if published else ""
    best = f"{name}: the {of} of the lowest training loss is {', '.join(places)}"
    return f"{best}: {law}; {verdict}{beside}."


Losses = Mapping[int, Mapping[float, Mapping[float, float]]]
"""Training loss by seed, by the value along, by the value whose best is looked for."""


def _losses(question: BestMoves, state: RunState) -> Mapping[str, Losses]:
    """Return the losses by contestant: the scheme, and what else is swept."""
    found: dict[str, dict[int, dict[float, dict[float, float]]]] = {}
    for trial in state.trials:
        plan = trial.plan
        if plan is None or not {question.of, question.along} <= plan.swept.keys():
            continue
        value, place = (float(plan.swept[name]) for name in (question.of, question.along))
        others = (
            f"{name.rpartition('.')[2]}={format_setting(other)}"
            for name, other in plan.settings.items()
            if name not in (question.of, question.along)
        )
        name = " ".join([plan.scheme, *others])
        loss = trial.train_loss if trial.status != "diverged" else math.inf
        if loss is not None:
            of_seed = found.setdefault(name, {}).setdefault(trial.seed, {})
            of_seed.setdefault(place, {})[value] = loss
    return found


def _moved(losses: Losses, along: Sequence[float]) -> Moved | None:
    """Return how the best values move; None where one is missing."""
    of_seeds: list[list[float]] = []
    is_within = True
    for by_place in losses.values():
        best = [_best(by_place.get(place, {})) for place in along]
        if any(each is None for each in best):
            return None
        of_seeds.append([each[0] for each in best if each is not None])
        is_within &= all(each[1] for each in best if each is not None)
    if not of_seeds or len(along) < 2:
        return None
    octaves = math.log2(along[-1] / along[0])
    exponent = measure(math.log2(best[-1] / best[0]) / octaves for best in of_seeds)
    assert exponent is not None
    means = (math.prod(of) ** (1 / len(of_seeds)) for of in zip(*of_seeds, strict=True))
    return Moved(tuple(means), exponent, is_within)


def _best(losses: Mapping[float, float]) -> tuple[float, bool] | None:
    """Return the value of the lowest loss, and whether it lies within the sweep.

    Between three values it is the lowest point of the parabola through them, both axes
    logarithmic, so that it isn't bound to the grid.
    """
    known = sorted((value, loss) for value, loss in losses.items() if math.isfinite(loss))
    if len(losses) < 3 or not known:
        return None
    place = min(range(len(known)), key=lambda n: known[n][1])
    if place in (0, len(known) - 1):
        # What diverged beyond it is no better: the lowest before it is the best there is.
        is_end = known[place][0] in (min(losses), max(losses))
        return known[place][0], not is_end
    (x0, y0), (x1, y1), (x2, y2) = (
        (math.log(value), math.log(loss)) for value, loss in known[place - 1 : place + 2]
    )
    rise, fall = (y2 - y1) / (x2 - x1), (y1 - y0) / (x1 - x0)
    bend = (rise - fall) / (x2 - x0)
    if bend <= 0:
        return math.exp(x1), True
    return math.exp((x0 + x1) / 2 - fall / (2 * bend)), True
