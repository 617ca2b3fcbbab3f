"""Runs made up for tests: what was measured is written down here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inittui.events.records import (
    EpochEnded,
    Event,
    RunEnded,
    RunStarted,
    StartValues,
    StepLosses,
    TrialEnded,
    TrialStarted,
    TrialStatus,
)
from inittui.experiment.records import DataConfig, Evaluated, Experiment
from inittui.experiment.trials import Setting, TrialPlan
from inittui.results.state import RunState, fold


@dataclass(frozen=True)
class Made:
    """One trial and what it came to."""

    scheme: str
    accuracy: float | None = None
    seed: int = 0
    swept: Mapping[str, Setting] = field(default_factory=dict)
    family: str = ""
    losses: Sequence[float] = (2.0, 1.0)
    start: Sequence[tuple[str, str | None, str]] = ()
    """Parameter, initializer, digest."""
    is_cut_short: bool = False
    """Whether it ended before its last step, by an interrupt."""


def made_run(trials: Sequence[Made], *, on: Evaluated = "validation") -> RunState:
    """Return the state of a run of ten classes; it is interrupted where one trial is."""
    plans = tuple(TrialPlan(t.scheme, t.seed, dict(t.swept), t.family) for t in trials)
    seeds = tuple(dict.fromkeys(t.seed for t in trials))
    experiment = Experiment(seeds=seeds, data=DataConfig(evaluate_on=on))
    events: list[Event] = [
        RunStarted(
            run="20260101-000000-000-abcdef",
            experiment=experiment,
            trials=plans,
            steps_per_epoch=2,
            device="cpu",
            classes=10,
            validated=1_000,
        )
    ]
    for number, trial in enumerate(trials):
        start = tuple(StartValues(*values) for values in trial.start)
        events.append(TrialStarted(trial=number, start=start))
        events.append(StepLosses(trial=number, first=0, values=tuple(trial.losses)))
        steps = len(trial.losses)
        if trial.accuracy is not None:
            events.append(
                EpochEnded(
                    trial=number,
                    epoch=1,
                    step=steps,
                    train_loss=1.5,
                    val_loss=1.0,
                    val_accuracy=trial.accuracy,
                    seconds=1.0,
                )
            )
        ended: TrialStatus = "interrupted" if trial.is_cut_short else "finished"
        events.append(TrialEnded(trial=number, status=ended, step=steps, seconds=1.0))
    whole = not any(trial.is_cut_short for trial in trials)
    events.append(
        RunEnded(status="finished" if whole else "interrupted", seconds=1.0, wall_seconds=2.0)
    )
    return fold(events)


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
