"""Whether a trial's path depends on rounding: its first steps once more in the other precision."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from inittui.events.records import Event, RoundingCompared, StepLosses, TrialEnded
from inittui.events.wire_numbers import from_wire, to_wire
from inittui.training.learners.single import SingleLearner
from inittui.training.prepared import Prepared, Variant
from inittui.user_code import is_raised_here

STEPS = 10
"""Rounding that grows to a percent within so many steps has no end; 1e-6 is usual by then."""

_EXPLODES = 10.0
"""Times the loss of guessing: above it the path is looked at, too."""

_SHARE = 0.02
"""Of a run's training time that may be spent on all of this, or `_SECONDS` where that is more."""

_SECONDS = 5.0

_SLOWER = 4.0
"""How many times longer than in its stack a step takes alone and in double precision, about."""

_LONGEST = 20.0
"""Seconds: a trial whose steps would take longer is left out."""


class RoundingWatch:
    """Keeps the first losses of every contestant's first trial, and compares those in doubt.

    In doubt is who starts with equal units (any difference between them is rounding), or whose
    loss explodes.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._losses: dict[int, list[float]] = {}
        self._ended: dict[int, TrialEnded] = {}
        names: dict[str, int] = {}
        for number, plan in enumerate(prepared.trials):
            names.setdefault(plan.contestant, number)
        self._watched = set(names.values())

    def see(self, event: Event) -> None:
        if isinstance(event, StepLosses) and event.trial in self._watched:
            known = self._losses.setdefault(event.trial, [])
            if event.first == len(known) < STEPS:
                known += map(from_wire, event.values[: STEPS - len(known)])
        elif isinstance(event, TrialEnded) and event.status in ("finished", "diverged"):
            self._ended[event.trial] = event

    def compare(self) -> Iterator[RoundingCompared]:
        """Yield what came of the trials in doubt, as many as the time allows."""
        allowed = max(_SHARE * max((e.seconds for e in self._ended.values()), default=0), _SECONDS)
        until = time.monotonic() + allowed
        for trial, losses in self._losses.items():
            ended = self._ended.get(trial)
            if ended is None or len(losses) < min(STEPS, ended.step) or not losses:
                continue
            variant = self._prepared.variant_of(trial)
            if not (self._explodes(losses) or _has_equal_units(variant, trial)):
                continue
            if time.monotonic() > until:
                return
            if _SLOWER * len(losses) * ended.seconds / max(ended.step, 1) > _LONGEST:
                continue
            try:
                others = _other_losses(variant, trial, len(losses))
            except (RuntimeError, TypeError) as error:
                if is_raised_here(error):
                    raise
                continue  # somebody's own model that can't run in the other precision
            difference = _difference(losses, others)
            yield RoundingCompared(
                at=time.time(), trial=trial, steps=len(losses), difference=to_wire(difference)
            )

    def _explodes(self, losses: list[float]) -> bool:
        guessing = math.log(max(self._prepared.data.classes, 2))
        return any(not loss <= _EXPLODES * guessing for loss in losses)


def _has_equal_units(variant: Variant, trial: int) -> bool:
    """Whether a hidden weight other than 0 starts with all rows alike."""
    model, _ = variant.model(variant.trials[trial])
    weights = [p.detach().flatten(1) for p in model.parameters() if p.dim() > 1 and len(p) > 1]
    return any(bool((w == w[:1]).all()) and bool(w.any()) for w in weights[:-1])


def _other_losses(variant: Variant, trial: int, steps: int) -> list[float]:
    """Take a trial's first steps in double precision, or in single where the run has double."""
    training = variant.experiment.training
    training = msgspec.structs.replace(
        training, dtype="float64" if training.dtype == "float32" else "float32"
    )
    experiment = msgspec.structs.replace(variant.experiment, training=training)
    other = replace(variant, experiment=experiment)
    plan = variant.trials[trial]
    model, dropout = other.model(plan)
    learner = SingleLearner(model, dropout, training, other.rates(plan))
    feed = other.feed([plan.seed])
    places = (divmod(step, feed.steps_per_epoch) for step in range(steps))
    return [float(learner.step(feed.batch(epoch, step))) for epoch, step in places]


def _difference(one: list[float], other: list[float]) -> float:
    """Return the largest relative difference, up to where one alone is no finite number.

    That one alone overflows, a step after both were alike, is its range and not its rounding.
    """
    worst = 0.0
    for a, b in zip(one, other, strict=True):
        if math.isfinite(a) and math.isfinite(b):
            worst = max(worst, abs(a - b) / (max(abs(a), abs(b)) or 1.0))
        elif math.isfinite(a) != math.isfinite(b):
            break
    return worst
