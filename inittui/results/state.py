"""What all events of a run so far add up to."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from inittui.events.records import (
    DeviceUsed,
    Event,
    Noted,
    ProbeMeasured,
    RunEnded,
    RunResumed,
    RunStarted,
    RunStatus,
    StacksPlanned,
    StepLosses,
    TrialStarted,
    ValuesDrawn,
)
from inittui.events.wire_numbers import Number, from_wire
from inittui.experiment.records import Evaluated
from inittui.experiment.trials import MOST_TRIALS
from inittui.results.trial_state import ENDED, TrialEvent, TrialState
from inittui.text import MAXIMUM_LENGTH

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


def _floats(values: tuple[Number, ...]) -> array[float]:
    try:
        return array("d", values)  # type: ignore[arg-type]  # in C, where all are finite
    except TypeError:
        return array("d", map(from_wire, values))


def fold(events: Iterable[Event]) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    return state
