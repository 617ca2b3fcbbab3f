"""Runs for tests: made up, as the engine would write them, or recorded from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from inittui.events.records import (
    EpochEnded,
    Event,
    Noted,
    RunEnded,
    RunStarted,
    RunStatus,
    StartValues,
    StepLosses,
    TrialEnded,
    TrialStarted,
    TrialStatus,
    decode,
    encode,
)
from inittui.events.wire_numbers import Number, all_to_wire
from inittui.experiment.records import DataConfig, Evaluated, Experiment, TrainingConfig
from inittui.experiment.trials import Setting, TrialPlan
from inittui.results.state import RunState, fold
from inittui.runs import RunDirectory, create_run
from inittui.runs.chain import BEGIN, add_checksum

NOTE = Noted(at=1.0, message="one")
OTHER = Noted(at=2.0, message="two ☃ \x1b\n")

LOGS = Path(__file__).with_name("logs")
"""What the engine really wrote, small; `record_logs.py` writes it anew."""

RUNNING_LINES = 160
"""Lines of the classic run that its unfinished twin has."""


def log_events(name: str) -> list[Event]:
    """Return what a recorded log holds."""
    return [decode(line) for line in (LOGS / f"{name}.jsonl").read_bytes().splitlines()]


def under_seeds(events: Sequence[Event], seeds: int) -> list[Event]:
    """Return the log of a run whose trials went alike under each of several seeds."""
    started, *others = events
    assert isinstance(started, RunStarted)
    count, plans = len(started.trials), started.trials
    plans = tuple(structs.replace(plan, seed=seed) for seed in range(seeds) for plan in plans)
    experiment = structs.replace(started.experiment, seeds=tuple(range(seeds)))
    found: list[Event] = [structs.replace(started, trials=plans, experiment=experiment)]
    for event in others:
        if (trial := getattr(event, "trial", None)) is None:
            found.append(event)
        else:
            found += [structs.replace(event, trial=trial + n * count) for n in range(seeds)]
    return found


def run_state(name: str) -> RunState:
    """Return a recorded run: classic, seeds, diverged, inspected, interrupted, running or empty."""
    if name == "empty":
        return RunState()
    return fold(log_events("classic")[:RUNNING_LINES] if name == "running" else log_events(name))


@dataclass(frozen=True)
class Made:
    """One trial and what it came to."""

    scheme: str
    accuracy: float | Sequence[float] | None = None
    """After its only epoch, or after each."""
    seed: int = 0
    swept: Mapping[str, Setting] = field(default_factory=dict)
    family: str = ""
    losses: Sequence[float] = (2.0, 1.0)
    start: Sequence[tuple[Any, ...]] = ()
    """Parameter, initializer, digest; and how many values, and a note."""
    is_cut_short: bool = False
    """Whether it ended before its last step, by an interrupt."""
    status: TrialStatus = "finished"
    reason: str = ""
    val_loss: Number = 1.0
    train_loss: Number = 1.5
    """Of every epoch."""

    @property
    def accuracies(self) -> Sequence[float]:
        """One for each epoch that was validated."""
        if self.accuracy is None:
            return ()
        return self.accuracy if isinstance(self.accuracy, Sequence) else (self.accuracy,)

    def events(self, number: int, steps_per_epoch: int, losses_per_line: int) -> Iterator[Event]:
        """Yield what is written of it, epoch by epoch."""
        start = tuple(StartValues(*values) for values in self.start)
        yield TrialStarted(at=2.0, trial=number, start=start)
        epochs = max(len(self.accuracies), math.ceil(len(self.losses) / steps_per_epoch))
        for epoch in range(1, epochs + 1):
            end = epoch * steps_per_epoch
            for first in range(end - steps_per_epoch, end, losses_per_line):
                values = self.losses[first : min(first + losses_per_line, end)]
                if values:
                    yield StepLosses(at=3.0, trial=number, first=first, values=all_to_wire(values))
            if epoch <= len(self.accuracies):
                yield EpochEnded(
                    at=4.0, trial=number, epoch=epoch, step=end, train_loss=self.train_loss,
                    val_loss=self.val_loss, val_accuracy=self.accuracies[epoch - 1],
                    seconds=float(epoch),
                )  # fmt: skip
        status = "interrupted" if self.is_cut_short else self.status
        if status not in ("waiting", "running"):
            steps = len(self.losses)
            yield TrialEnded(
                at=5.0, trial=number, status=status, step=steps, seconds=1.0, reason=self.reason
            )


def made_events(
    trials: Sequence[Made],
    *,
    steps_per_epoch: int = 2,
    losses_per_line: int = 1_000,
    note: str = "",
    ended: RunStatus | None = "finished",
    reason: str = "",
    **started: Any,
) -> list[Event]:
    """Return the log of a run of ten classes; ``started`` are fields of its first event."""
    plans = tuple(TrialPlan(t.scheme, t.seed, dict(t.swept), t.family) for t in trials)
    first = {
        "run": "20260101-000000-000-abcdef",
        "experiment": Experiment(seeds=tuple(dict.fromkeys(t.seed for t in trials))),
        "device": "cpu",
        "classes": 10,
        "validated": 1_000,
    }
    events: list[Event] = [
        RunStarted(at=1.0, trials=plans, steps_per_epoch=steps_per_epoch, **first | started)
    ]
    for number, trial in enumerate(trials):
        events += trial.events(number, steps_per_epoch, losses_per_line)
    if note:
        events.append(Noted(at=5.0, message=note))
    if ended:
        events.append(RunEnded(at=6.0, status=ended, seconds=1.0, wall_seconds=2.0, reason=reason))
    return events


def made_run(trials: Sequence[Made], *, on: Evaluated = "validation", **options: Any) -> RunState:
    """Return the state of such a run; it is interrupted where one trial was cut short."""
    seeds = tuple(dict.fromkeys(trial.seed for trial in trials))
    options.setdefault("experiment", Experiment(seeds=seeds, data=DataConfig(evaluate_on=on)))
    if any(trial.is_cut_short for trial in trials):
        options["ended"] = "interrupted"
    return fold(made_events(trials, **options))


STD = "trunc_normal:std"


def std_sweep(accuracies: Mapping[float, Sequence[float]], **others: float) -> RunState:
    """Return a sweep of one parameter, an accuracy per seed; and contestants beside it."""
    family = "trunc_normal:std=…"
    trials = [
        Made(f"trunc_normal:std={value}", accuracy, seed, {STD: value}, family)
        for value, of in accuracies.items()
        for seed, accuracy in enumerate(of)
    ]
    trials += [Made(scheme, accuracy) for scheme, accuracy in others.items()]
    return made_run(trials)


SCALE = "variance_scaling:scale"


def scale_by_depth(
    accuracies: Mapping[tuple[float, int], float | None], seed: int = 0, **others: Setting
) -> list[Made]:
    """Return trials of two sweeps, an accuracy for each scale and depth; None diverged."""
    return [
        Made(
            f"{SCALE}={scale:g}", accuracy, seed, {SCALE: scale, "model.depth": depth, **others},
            f"{SCALE}=…", status="finished" if accuracy is not None else "diverged",
            val_loss=round(3.0 - 2.5 * (accuracy or 0.0), 3),
        )
        for (scale, depth), accuracy in accuracies.items()
    ]  # fmt: skip


STEPS_PER_EPOCH = 20
EXPERIMENT = Experiment(
    schemes=("zeros", "rule", "normal:std=0.05"), training=TrainingConfig(epochs=2)
)


def loss(trial: int, step: int) -> float:
    """The loss that every run of :func:`record` has at this place."""
    return 2.5 / (1 + 0.1 * trial) * math.exp(-0.05 * step)


def accuracy(trial: int, epoch: int) -> float:
    return 0.5 + 0.1 * trial + 0.01 * epoch


def recorded_events(run: str = "r", experiment: Experiment = EXPERIMENT) -> list[Event]:
    """All events of a run that ended in order; its last trial diverges in the second epoch."""
    epochs = range(experiment.training.epochs)
    steps = range(len(epochs) * STEPS_PER_EPOCH)
    plans = [(scheme, seed) for seed in experiment.seeds for scheme in experiment.schemes]
    *trials, last = (
        Made(
            scheme,
            [accuracy(number, epoch) for epoch in epochs],
            seed,
            losses=[loss(number, step) for step in steps],
        )
        for number, (scheme, seed) in enumerate(plans)
    )
    diverged = replace(
        last,
        accuracy=last.accuracies[:1],
        losses=[*last.losses[: STEPS_PER_EPOCH + 1], math.nan],
        status="diverged",
    )
    return made_events(
        [*trials, diverged], run=run, experiment=experiment, steps_per_epoch=STEPS_PER_EPOCH,
        losses_per_line=5,
    )  # fmt: skip


def record(root: Path, experiment: Experiment = EXPERIMENT, **options: float) -> RunDirectory:
    """Make a run directory that holds a whole run, its log without checksums as old ones are."""
    run = create_run(root, experiment, **options)
    run.log.write_bytes(b"".join(map(encode, recorded_events(run.id, experiment))))
    return run


def record_checked(
    root: Path, experiment: Experiment = EXPERIMENT, **options: float
) -> RunDirectory:
    """Make a run directory that holds a whole run with its checksums."""
    run, last = create_run(root, experiment, **options), BEGIN
    with run.log.open("wb") as log:
        for event in recorded_events(run.id, experiment):
            line, last = add_checksum(encode(event), last)
            log.write(line)
    return run
