"""Small runs as the engine would record them, for tests."""

from __future__ import annotations

import math
from pathlib import Path

from inittui.events.records import (
    EpochEnded,
    Event,
    RunEnded,
    RunStarted,
    StepLosses,
    TrialEnded,
    TrialStarted,
    encode,
)
from inittui.events.wire_numbers import all_to_wire
from inittui.experiment.records import Experiment, TrainingConfig
from inittui.experiment.trials import TrialPlan
from inittui.runs import RunDirectory, create_run

STEPS_PER_EPOCH = 20
LOSSES_PER_LINE = 5
EXPERIMENT = Experiment(
    schemes=("zeros", "rule", "normal:std=0.05"), training=TrainingConfig(epochs=2)
)


def loss(trial: int, step: int) -> float:
    """The loss that every recorded run has at this place."""
    return 2.5 / (1 + 0.1 * trial) * math.exp(-0.05 * step)


def accuracy(trial: int, epoch: int) -> float:
    return 0.5 + 0.1 * trial + 0.01 * epoch


def recorded_events(run: str = "r", experiment: Experiment = EXPERIMENT) -> list[Event]:
    """All events of a run that ended in order; its last trial diverges in the second epoch."""
    trials = tuple(TrialPlan(s, seed) for seed in experiment.seeds for s in experiment.schemes)
    last = len(trials) - 1
    events: list[Event] = [
        RunStarted(
            at=1.0,
            run=run,
            experiment=experiment,
            trials=trials,
            steps_per_epoch=STEPS_PER_EPOCH,
            device="cpu",
        )
    ]
    for trial in range(len(trials)):
        events.append(TrialStarted(at=2.0, trial=trial))
        for epoch in range(experiment.training.epochs):
            begin = epoch * STEPS_PER_EPOCH
            for first in range(begin, begin + STEPS_PER_EPOCH, LOSSES_PER_LINE):
                values = [loss(trial, first + i) for i in range(LOSSES_PER_LINE)]
                if trial == last and epoch == 1:
                    values = [values[0], math.nan]
                events.append(
                    StepLosses(at=3.0, trial=trial, first=first, values=all_to_wire(values))
                )
                if trial == last and epoch == 1:
                    break
            else:
                events.append(
                    EpochEnded(
                        at=4.0,
                        trial=trial,
                        epoch=epoch + 1,
                        step=begin + STEPS_PER_EPOCH,
                        train_loss=1.0,
                        val_loss=1.0,
                        val_accuracy=accuracy(trial, epoch),
                        seconds=1.0 + epoch,
                    )
                )
        status = "diverged" if trial == last else "finished"
        events.append(TrialEnded(at=5.0, trial=trial, status=status, step=40, seconds=2.0))
    events.append(RunEnded(at=6.0, status="finished", seconds=6.0, wall_seconds=7.0))
    return events


def record(root: Path, experiment: Experiment = EXPERIMENT, **options: float) -> RunDirectory:
    """Make a run directory that holds a whole run."""
    run = create_run(root, experiment, **options)
    run.log.write_bytes(b"".join(map(encode, recorded_events(run.id, experiment))))
    return run
