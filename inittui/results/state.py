"""What all events of a run so far add up to."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inittui.events.probes import When
from inittui.events.records import (
    DeviceUsed,
    EpochEnded,
    Event,
    Noted,
    ProbeMeasured,
    RoundingCompared,
    RunEnded,
    RunResumed,
    RunStarted,
    RunStatus,
    StacksPlanned,
    StartValues,
    StepLosses,
    TrialEnded,
    TrialStarted,
    TrialStatus,
    Validated,
    ValuesDrawn,
)
from inittui.events.wire_numbers import Number, from_wire
from inittui.experiment.records import Evaluated
from inittui.experiment.trials import MOST_TRIALS, TrialPlan
from inittui.results.ordered import InOrder
from inittui.text import MAXIMUM_LENGTH

TrialEvent = TrialStarted | Validated | EpochEnded | ProbeMeasured | RoundingCompared | TrialEnded
ENDED: tuple[TrialStatus, ...] = ("finished", "diverged")
"""How a trial ends for good: it is never trained again."""

FIRST_STEPS = 100
"""The steps whose mean is `TrialState.first_loss`: where initializations differ."""

MOST_MISSING = 1_000_000
"""Lost steps that a run's losses are filled up for; a larger gap is a lie of its log."""

MOST_LOSSES = 2**26
"""Losses that are kept of one run: 512 MB."""

MOST_PROBED_LAYERS = 2**15
"""Layers of all probes that are kept of one run: about 300 MB."""

MOST_NOTES = 1_000

MOST_PLACES = 1_000
"""Of which the use of a GPU is kept."""

MOST_VISITS = 2**23
"""Trials and events that are looked at once more because a run is said to have ended, gone on or
lost what it measured: as many as 80 ends and resumes of `MOST_TRIALS`. About a second."""


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


@dataclass(slots=True)
class RunState:
    """The fold over a run's events; the only thing views draw from."""

    started: RunStarted | None = None
    ended: RunEnded | None = None
    stacks: StacksPlanned | None = None
    trials: list[TrialState] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    devices: dict[str, DeviceUsed] = field(default_factory=dict)
    """The newest on each GPU, by the place of its process."""
    drawn: ValuesDrawn | None = None
    """The values of a lesson's histogram, which is no training."""
    last_at: float = 0.0
    """When the newest event happened."""
    version: int = 0
    """Grows with every event: what was drawn at the same version is still right."""
    _repeats: bool = field(default=True, init=False, repr=False, compare=False)
    """Whether what a resumed run measures again is what it had measured before."""
    _missing_left: int = field(default=MOST_MISSING, init=False, repr=False, compare=False)
    _losses_left: int = field(default=MOST_LOSSES, init=False, repr=False, compare=False)
    _layers_left: int = field(default=MOST_PROBED_LAYERS, init=False, repr=False, compare=False)
    _visits_left: int = field(default=MOST_VISITS, init=False, repr=False, compare=False)
    _noted: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    _about: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The note about each thing that has one."""
    _groups: dict[str, list[TrialState]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _grouped: int = field(default=0, init=False, repr=False, compare=False)
    """How many trials `_groups` has."""

    @property
    def status(self) -> RunStatus:
        return self.ended.status if self.ended else "running"

    @property
    def total_steps(self) -> int:
        if self.started is None:
            return 0
        return self.started.steps_per_epoch * self.started.experiment.training.epochs

    @property
    def evaluated_on(self) -> Evaluated:
        return self.started.experiment.data.evaluate_on if self.started else "validation"

    @property
    def schemes(self) -> list[str]:
        """The contestants, in the order of the experiment."""
        return list(self._by_scheme())

    def of_scheme(self, scheme: str) -> list[TrialState]:
        return list(self._by_scheme().get(scheme, ()))

    def _by_scheme(self) -> dict[str, list[TrialState]]:
        """Return the trials of each scheme; trials are only ever added."""
        for trial in self.trials[self._grouped :]:
            self._groups.setdefault(trial.scheme, []).append(trial)
        self._grouped = len(self.trials)
        return self._groups

    def apply(self, event: Event) -> None:
        """Take one more event into account; events of unknown trials are ignored."""
        self.version += 1
        self.last_at = event.at
        if isinstance(event, StepLosses):  # first, for nearly all events are of this kind
            if 0 <= event.trial < len(self.trials):
                self._record(self.trials[event.trial], event)
        elif isinstance(event, TrialEvent):
            if 0 <= event.trial < len(self.trials):
                self._apply_to(self.trials[event.trial], event)
        elif isinstance(event, RunStarted):
            self._start(event)
        elif isinstance(event, RunEnded):
            self.ended = event
            if event.status == "finished":
                self._drop_note("checkpoint")  # there is nothing to go on with
            self._close_open_trials(event)
        elif isinstance(event, Noted):
            self._replace_note(event)
        elif isinstance(event, StacksPlanned):
            self.stacks = event
        elif isinstance(event, DeviceUsed):
            self._use(event)
        elif isinstance(event, ValuesDrawn):
            self.drawn = event
        else:
            self._reopen(event)

    def _apply_to(self, trial: TrialState, event: TrialEvent) -> None:
        if isinstance(event, TrialStarted) and not self._repeats:
            if self._visit(trial.measured):
                trial.forget(event.step)
        elif isinstance(event, ProbeMeasured):
            if len(event.probe.layers) > self._layers_left:
                self._note("more probes than can be kept in memory: the last are left out")
                return
            self._layers_left -= len(event.probe.layers)
        trial.apply(event)

    def _start(self, event: RunStarted) -> None:
        if self.started is None:
            self.trials = [
                TrialState(index, plan.contestant, plan.seed, plan=plan)
                for index, plan in enumerate(event.trials[:MOST_TRIALS])
            ]
            if len(event.trials) > MOST_TRIALS:
                self._note(
                    f"only the first {MOST_TRIALS:,} of {len(event.trials):,} trials are kept"
                )
        self.started = event
        self.ended = None

    def _reopen(self, event: RunResumed) -> None:
        """Wait again for the trials that had not come to an end of their own."""
        self.ended = None
        self._drop_note("checkpoint")  # it goes on, from whatever there was
        self._repeats = not event.differences
        for difference in event.differences:
            self._note(f"it went on although {difference}")
        if not self._visit(len(self.trials)):
            return
        for trial in self.trials:
            if trial.status not in ENDED:
                trial.status = "waiting"
                trial.reason = ""

    def _use(self, event: DeviceUsed) -> None:
        if event.place in self.devices or len(self.devices) < MOST_PLACES:
            self.devices[event.place] = event

    def _visit(self, count: int) -> bool:
        self._visits_left -= count
        if self._visits_left < 0:
            self._note("it is said to have gone on more often than can be followed")
        return self._visits_left >= 0

    def _record(self, trial: TrialState, event: StepLosses) -> None:
        values = _floats(event.values)
        missing = event.first - len(trial.losses)
        if event.first < 0 or missing > self._missing_left or len(values) > self._losses_left:
            self._note("losses that can't belong to this run were left out")
            return
        if missing > 0:
            self._missing_left -= missing
        self._losses_left -= len(values)
        trial.record(event.first, values)

    def _replace_note(self, event: Noted) -> None:
        """Note what is new, in the place of what was noted about the same."""
        if event.about:
            self._drop_note(event.about)
            self._about[event.about] = event.message[:MAXIMUM_LENGTH]
        self._note(event.message)

    def _drop_note(self, about: str) -> None:
        earlier = self._about.pop(about, None)
        if earlier in self._noted and earlier not in self._about.values():
            self._noted.remove(earlier)
            self.notes.remove(earlier)

    def _note(self, message: str) -> None:
        message = message[:MAXIMUM_LENGTH]
        if message not in self._noted and len(self.notes) < MOST_NOTES:
            self._noted.add(message)
            self.notes.append(message)

    def _close_open_trials(self, event: RunEnded) -> None:
        if not self._visit(len(self.trials)):
            return
        for trial in self.trials:
            if trial.status in ("waiting", "running"):
                trial.status = "failed" if event.status == "failed" else "interrupted"


def _all_finite(values: Iterable[float]) -> bool:
    return all(map(math.isfinite, values))


def _floats(values: tuple[Number, ...]) -> array[float]:
    try:
        return array("d", values)  # type: ignore[arg-type]  # in C, where all are finite
    except TypeError:
        return array("d", map(from_wire, values))


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


def fold(events: Iterable[Event]) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    return state
