"""Trials that train as one: their steps, their validation, and what is told of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from inittui.events import EpochEnded, Event, StepLosses, TrialEnded, TrialStarted, TrialStatus
from inittui.numbers import all_to_wire, to_wire
from inittui.training.device import synchronize
from inittui.training.feed import Feed
from inittui.training.learner import Learner, validate
from inittui.training.materials import Materials
from inittui.training.planning import Kind, make_learner

READ_SECONDS = 0.25
"""Losses stay on the device and are read this often."""

CHECK_STEPS = 100
"""Trials that diverged are looked for every so many steps: by step, never by the clock, because
dropping one changes the shapes, and so the rounding, of those that train beside it."""


class Clock:
    """Counts training and validation; what happens between events isn't counted."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._since = 0.0
        self.seconds = 0.0

    def start(self) -> None:
        """Go on counting."""
        self._since = time.perf_counter()

    def stop(self) -> float:
        """Stop counting once the device has caught up; return the seconds since `start`."""
        synchronize(self._device)
        spent = time.perf_counter() - self._since
        self.seconds += spent
        return spent


@dataclass
class _Trial:
    """A trial while it trains."""

    number: int
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    """Of the current epoch, as far as they were read."""
    diverged_at: int | None = None
    """The step of the first loss that isn't finite."""


class Stack:
    """Trials that train as one, from their first step to their last."""

    def __init__(
        self,
        materials: Materials,
        kind: Kind,
        numbers: Sequence[int],
        clock: Clock,
        should_stop: Callable[[], bool],
    ) -> None:
        """Build the start weights of the trials with these numbers."""
        plans = materials.trials
        self._training = materials.experiment.training
        self._trials = [_Trial(number) for number in numbers]
        self._should_stop = should_stop
        seeds = list(dict.fromkeys(plans[number].seed for number in numbers))
        self._feed: Feed = materials.feed(seeds)
        self._learner: Learner = make_learner(
            materials, kind, [plans[number] for number in numbers]
        )
        shape = (self._feed.steps_per_epoch, len(numbers))
        self._losses = torch.empty(shape, device=materials.device, dtype=materials.dtype)
        self._read = 0
        self._last_read = time.perf_counter()
        self._clock = clock
        self._interrupted = False
        self._reached = 0

    def train(self) -> Iterator[Event]:
        """Take all steps of all epochs; yield what happens."""
        for trial in self._trials:
            yield TrialStarted(at=time.time(), trial=trial.number)
        for epoch in range(self._training.epochs):
            yield from self._epoch(epoch)
            if self._interrupted or not self._trials:
                break
        step = self._feed.steps_per_epoch * self._training.epochs
        for trial in self._trials:
            status: TrialStatus = "interrupted" if self._interrupted else "finished"
            reached = step if not self._interrupted else self._reached
            yield _ended(trial, status, reached)

    def _epoch(self, epoch: int) -> Iterator[Event]:
        """Take one epoch's steps and validate."""
        before = epoch * self._feed.steps_per_epoch
        self._read = 0
        for trial in self._trials:
            trial.losses = []
        self._clock.start()
        for step in range(self._feed.steps_per_epoch):
            if self._should_stop():
                self._interrupted = True
                self._reached = before + step
                yield from self._report(before, step)
                return
            self._losses[step, : len(self._trials)] = self._learner.step(
                self._feed.batch(epoch, step)
            )
            taken = step + 1
            last = taken == self._feed.steps_per_epoch
            if taken % CHECK_STEPS == 0 or last:
                yield from self._report(before, taken)
                yield from self._drop_diverged()
                if not self._trials:
                    return
                self._clock.start()
            elif time.perf_counter() - self._last_read >= READ_SECONDS:
                yield from self._report(before, taken)
                self._clock.start()
        yield from self._validate(epoch)

    def _report(self, before: int, taken: int) -> Iterator[Event]:
        """Stop the clock and read the losses since the last time."""
        self._share(self._clock.stop())
        self._last_read = time.perf_counter()
        columns = self._losses[self._read : taken, : len(self._trials)].T.tolist()
        first = before + self._read
        self._read = taken
        for trial, column in zip(self._trials, columns, strict=True):
            if trial.diverged_at is None and column:
                values = _until_not_finite(column)
                if not math.isfinite(values[-1]):
                    trial.diverged_at = first + len(values) - 1
                trial.losses += values
                yield StepLosses(
                    at=time.time(), trial=trial.number, first=first, values=all_to_wire(values)
                )

    def _drop_diverged(self) -> Iterator[Event]:
        """End the trials whose loss is no number any more; the others go on without them."""
        kept = [i for i, trial in enumerate(self._trials) if trial.diverged_at is None]
        if len(kept) == len(self._trials):
            return
        for trial in self._trials:
            if trial.diverged_at is not None:
                reason = f"the loss became {to_wire(trial.losses[-1])}"
                yield _ended(trial, "diverged", trial.diverged_at + 1, reason)
        self._trials = [self._trials[i] for i in kept]
        if kept:
            self._learner.keep(kept)

    def _validate(self, epoch: int) -> Iterator[Event]:
        self._clock.start()
        losses, accuracies = validate(self._learner, self._feed)
        self._share(self._clock.stop())
        step = (epoch + 1) * self._feed.steps_per_epoch
        for trial, loss, accuracy in zip(self._trials, losses, accuracies, strict=True):
            mean = sum(trial.losses) / len(trial.losses)
            yield EpochEnded(
                at=time.time(),
                trial=trial.number,
                epoch=epoch + 1,
                step=step,
                train_loss=to_wire(mean),
                val_loss=to_wire(loss),
                val_accuracy=accuracy,
                seconds=trial.seconds,
            )

    def _share(self, seconds: float) -> None:
        """Divide the time of a joint computation equally among those that took part."""
        for trial in self._trials:
            trial.seconds += seconds / len(self._trials)


def _until_not_finite(values: list[float]) -> list[float]:
    """Cut the losses after the first that is NaN or infinite, which is kept."""
    for position, value in enumerate(values):
        if not math.isfinite(value):
            return values[: position + 1]
    return values


def _ended(trial: _Trial, status: TrialStatus, step: int, reason: str = "") -> TrialEnded:
    return TrialEnded(
        at=time.time(),
        trial=trial.number,
        status=status,
        step=step,
        seconds=trial.seconds,
        reason=reason,
    )
