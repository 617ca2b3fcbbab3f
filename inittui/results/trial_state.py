"""What the events of one trial so far add up to."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inittui.events.probes import When
from inittui.events.records import (
    EpochEnded,
    ProbeMeasured,
    RoundingCompared,
    StartValues,
    TrialEnded,
    TrialStarted,
    TrialStatus,
    Validated,
)
from inittui.events.wire_numbers import from_wire
from inittui.experiment.trials import TrialPlan
from inittui.results.ordered import InOrder

TrialEvent = TrialStarted | Validated | EpochEnded | ProbeMeasured | RoundingCompared | TrialEnded
ENDED: tuple[TrialStatus, ...] = ("finished", "diverged")
"""How a trial ends for good: it is never trained again."""

FIRST_STEPS = 100
"""The steps whose mean is `TrialState.first_loss`: where initializations differ."""


@dataclass(slots=True)
class TrialState:
    """One scheme under one seed, as far as it has come."""

    index: int
    scheme: str
    """What the trial is called: its scheme and, where settings are swept, these too."""
    seed: int
    status: TrialStatus = "waiting"
    losses: array[float] = field(default_factory=lambda: array("d"))
    """Loss of every step so far; NaN where a line of the log was lost."""
    plan: TrialPlan | None = None
    start: tuple[StartValues, ...] = ()
    """Who wrote the start values of each parameter; () where the log doesn't say."""
    rounding: RoundingCompared | None = None
    """What its first steps come to in the other precision, where that was tried."""
    place: str = ""
    """Which of several processes trained it last; "" where there was one."""
    seconds: float = 0.0
    reason: str = ""
    _epochs: InOrder[EpochEnded] = field(default_factory=lambda: InOrder(_number))
    _probes: InOrder[ProbeMeasured] = field(default_factory=lambda: InOrder(_moment))
    _validations: InOrder[Validated] = field(default_factory=lambda: InOrder(_step))

    @property
    def epochs(self) -> list[EpochEnded]:
        return self._epochs.all()

    @property
    def probes(self) -> list[ProbeMeasured]:
        return self._probes.all()

    @probes.setter
    def probes(self, probes: list[ProbeMeasured]) -> None:
        self._probes.replace(probes)

    @property
    def validations(self) -> list[Validated]:
        return self._validations.all()

    @property
    def measured(self) -> int:
        """How many epochs, validations and probes there are, or are put in order yet."""
        return len(self._epochs) + len(self._validations) + len(self._probes)

    @property
    def steps(self) -> int:
        return len(self.losses)

    @property
    def last_epoch(self) -> EpochEnded | None:
        """The last validated one."""
        epochs = self._epochs.all()
        return epochs[-1] if epochs else None

    @property
    def val_accuracy(self) -> float | None:
        """Validation accuracy after the last validated epoch, as a fraction."""
        last = self.last_epoch
        return last.val_accuracy if last else None

    @property
    def val_loss(self) -> float | None:
        """Validation loss after the last validated epoch."""
        last = self.last_epoch
        return from_wire(last.val_loss) if last else None

    @property
    def train_accuracy(self) -> float | None:
        """Training accuracy of the last validated epoch, dropout on, a fraction."""
        last = self.last_epoch
        return last.train_accuracy if last else None

    @property
    def train_loss(self) -> float | None:
        """Mean of the step losses of the last validated epoch."""
        last = self.last_epoch
        return from_wire(last.train_loss) if last else None

    @property
    def first_loss(self) -> float | None:
        """Mean loss of the first `FIRST_STEPS` steps (of all, where there are fewer)."""
        first = self.losses[:FIRST_STEPS]
        if not first:
            return None
        try:
            return math.fsum(first) / len(first)
        except (OverflowError, ValueError):  # so large that the sum is not; or inf beside -inf
            return (
                math.fsum(loss / len(first) for loss in first) if _all_finite(first) else math.nan
            )

    @property
    def validated(self) -> list[Validated | EpochEnded]:
        """Every validation, within and after epochs, by the steps before it."""
        known: dict[int, Validated | EpochEnded] = {e.step: e for e in self.validations}
        known |= {event.step: event for event in self.epochs}
        return [known[step] for step in sorted(known)]

    def probe(self, when: When) -> ProbeMeasured | None:
        return next((p for p in reversed(self.probes) if p.when == when), None)

    def record(self, first: int, values: array[float]) -> None:
        """Put losses at their steps; what a resumed run repeats replaces what was there."""
        missing = first - len(self.losses)
        if missing > 0:
            self.losses.extend([math.nan] * missing)
        if missing >= 0:
            self.losses.extend(values)
        else:
            self.losses[first : first + len(values)] = values

    def forget(self, step: int) -> None:
        """Drop what was measured after a step, where it will not come again as it was."""
        del self.losses[max(step, 0) :]
        self._epochs.replace([event for event in self.epochs if event.step <= step])
        self._validations.replace([event for event in self.validations if event.step <= step])
        self._probes.replace([event for event in self.probes if event.step <= step])

    def apply(self, event: TrialEvent) -> None:
        """Take one more of its events into account; a repeated one replaces what was there."""
        match event:
            case EpochEnded():
                self._epochs.put(event)
                self.seconds = event.seconds
            case Validated():
                self._validations.put(event)
            case TrialStarted():
                self.start = event.start or self.start
                self.place = event.place
                if self.status not in ENDED:
                    self.status = "running"
            case TrialEnded():
                self.status = event.status
                self.seconds = event.seconds
                self.reason = event.reason
            case ProbeMeasured():
                self._probes.put(event)
            case RoundingCompared():
                self.rounding = event


def _number(event: EpochEnded) -> tuple[int, ...]:
    return (event.epoch,)


def _step(event: Validated) -> tuple[int, ...]:
    return (event.step,)


def _moment(event: ProbeMeasured) -> tuple[int, ...]:
    return event.step, ("before", "step", "after").index(event.when)


def _all_finite(values: Iterable[float]) -> bool:
    return all(map(math.isfinite, values))


def share_done(trials: Sequence[TrialState], total_steps: int) -> float:
    """Return which share of their steps trials have taken; one that is over counts in full."""
    if not trials or not total_steps:
        return 0.0
    done = [
        min(t.steps / total_steps, 1.0)
        if t.status in ("running", "waiting", "interrupted")
        else 1.0
        for t in trials
    ]
    return math.fsum(done) / len(done)
