"""Trials that train as one: their steps, their validation, and what is told of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from inittui.events.records import (
    EpochEnded,
    Event,
    Noted,
    StartValues,
    StepLosses,
    TrialEnded,
    TrialStarted,
    TrialStatus,
    Validated,
)
from inittui.events.wire_numbers import all_to_wire, to_wire
from inittui.training.batches import Batches
from inittui.training.checkpoints import Checkpoint, CheckpointStore, matches, most_bytes
from inittui.training.device_use import with_device_use
from inittui.training.graphs import Graphs
from inittui.training.hardware import synchronize
from inittui.training.learners.base import Learner, validate
from inittui.training.planning import Kind, make_learner
from inittui.training.prepared import Variant
from inittui.training.probing import Inspector
from inittui.training.steps import Steps

READ_SECONDS = 0.25
"""Losses stay on the device and are read this often."""

CHECK_STEPS = 100
"""Trials that diverged are looked for every so many steps: by step, never by the clock, because
dropping one changes the shapes, and so the rounding, of those that train beside it."""


class _Clock:
    """Counts training and validation; what happens between events isn't counted."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._since = 0.0

    def start(self) -> None:
        self._since = time.perf_counter()

    def stop(self) -> float:
        """Wait until the device has caught up; return the seconds since `start`."""
        synchronize(self._device)
        return time.perf_counter() - self._since


@dataclass
class _Trial:
    number: int
    start: tuple[StartValues, ...] = ()
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    """Of the current epoch, as far as they were read."""
    diverged_at: int | None = None
    """The step of the first loss that isn't finite."""


class Stack:
    """Trials that train as one, from their first step to their last."""

    def __init__(
        self,
        variant: Variant,
        kind: Kind,
        numbers: Sequence[int],
        should_stop: Callable[[], bool],
        checkpoints: CheckpointStore | None = None,
        logged: Mapping[int, tuple[int, int]] | None = None,
        graphs: Graphs | None = None,
    ) -> None:
        """Build the trials with these numbers, as their checkpoint left them if there is one.

        ``logged`` gives the steps and epochs of each trial that were kept without a gap: from a
        checkpoint beyond them the gap would stay, so that the stack begins anew. ``graphs`` record
        its steps; None: nothing does.
        """
        self._variant, self._kind = variant, kind
        self._training = variant.experiment.training
        self._numbers = tuple(numbers)
        self._should_stop = should_stop
        self._checkpoints = checkpoints
        self._epoch = self._step = 0
        self._seeds = list(dict.fromkeys(variant.trials[number].seed for number in numbers))
        self._feed: Batches = variant.feed(self._seeds)
        total = self._feed.steps_per_epoch * self._training.epochs
        self._inspector = Inspector(variant, total)
        checkpoint = None
        if checkpoints is not None:
            most = most_bytes(variant.template, len(numbers), self._feed.steps_per_epoch)
            checkpoint = checkpoints.load(numbers, most)
        self._gap = checkpoint is not None and not self._is_logged(checkpoint, logged)
        if self._gap:
            checkpoint = None
        self._build(checkpoint.alive if checkpoint else self._numbers)
        if checkpoint is not None and not self._fits(checkpoint):
            checkpoint = None
            self._build(self._numbers)
        self._losses: list[torch.Tensor] = []
        """Of the steps that are not reported yet, [T] each."""
        self._read = 0
        self._last_read = time.perf_counter()
        self._clock = _Clock(variant.data.device)
        self._interrupted = False
        if checkpoint is not None:
            self._restore(checkpoint)
        self._graphs = graphs or Graphs()
        self._steps = Steps(self._learner, self._feed, self._graphs)

    def _build(self, alive: Sequence[int]) -> None:
        plans = [self._variant.trials[number] for number in alive]
        start: list[tuple[StartValues, ...]] = []
        self._learner: Learner = make_learner(
            self._variant, self._kind, plans, self._seeds, start.append
        )
        self._trials = [_Trial(n, values) for n, values in zip(alive, start, strict=True)]

    def _is_logged(
        self, checkpoint: Checkpoint, logged: Mapping[int, tuple[int, int]] | None
    ) -> bool:
        """Whether all that was measured before a checkpoint is in the log."""
        if logged is None:
            return True
        steps = checkpoint.epoch * self._feed.steps_per_epoch + checkpoint.step
        known = [logged.get(number, (0, 0)) for number in checkpoint.alive]
        return all(each >= steps and epochs >= checkpoint.epoch for each, epochs in known)

    def _fits(self, checkpoint: Checkpoint) -> bool:
        """Whether a checkpoint is of these trials; one that isn't is as good as none."""
        within = (
            checkpoint.epoch < self._training.epochs
            and checkpoint.step < self._feed.steps_per_epoch
        )
        return within and matches(checkpoint.state, self._learner.state())

    def train(self) -> Iterator[Event]:
        """Take all steps that are left, of all epochs; yield what happens."""
        return with_device_use(self._train(), self._variant.data.device)

    def _train(self) -> Iterator[Event]:
        if self._gap:
            message = "the log lacks steps from before a checkpoint: these trials begin anew"
            yield Noted(at=time.time(), message=message)
        for trial in self._trials:
            yield TrialStarted(
                at=time.time(), trial=trial.number, step=self._taken, start=trial.start
            )
        if self._taken == 0:
            yield from self._inspect()
        while self._epoch < self._training.epochs and self._trials and not self._interrupted:
            yield from self._take_steps()
            if self._trials and not self._interrupted:
                yield from self._validate()
                self._begin_epoch(self._epoch + 1)
        for trial in self._trials:
            status: TrialStatus = "interrupted" if self._interrupted else "finished"
            yield _ended(trial, status, self._taken)
        if self._checkpoints and not self._interrupted:
            self._checkpoints.remove(self._numbers)

    @property
    def _taken(self) -> int:
        """Steps taken so far, of all epochs."""
        return self._epoch * self._feed.steps_per_epoch + self._step

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self._step = self._read = 0
        self._learner.begin_epoch()
        for trial in self._trials:
            trial.losses = []

    def _take_steps(self) -> Iterator[Event]:
        """Take the steps that are left of the epoch; report the losses now and then."""
        # What is due after a step happens in this order:
        # 1. report. Losses are read before anything else is told of their step, so that the log
        #    is in the order of the steps and what follows knows whose loss isn't finite.
        # 2. validate, inspect. Neither changes what is trained, and neither tells of a trial
        #    whose loss isn't finite.
        # 3. drop what diverged, every `CHECK_STEPS`.
        # 4. save. By then the log has all that the checkpoint goes on from, and nothing in the
        #    stack has diverged, see `_save`.
        # The epoch's own validation comes when its last step has been through all of this. Its
        # checkpoint is saved at the next epoch's beginning, so that a resumed run repeats neither.
        if self._epoch and not self._step:
            yield from self._save()
        last = self._feed.steps_per_epoch
        self._clock.start()
        while self._step < last:
            if self._should_stop():
                self._interrupted = True
                yield from self._report()
                # Saved before trials are dropped: were one dropped at this step, which the clock
                # has chosen, a resumed run would round otherwise than one never stopped. With a
                # diverged trial in it nothing is saved, and the last checkpoint stands.
                yield from self._save()
                yield from self._drop_diverged()
                return
            self._losses.append(self._steps.take(self._epoch, self._step))
            self._step += 1
            every = self._training.eval_every
            if every is not None and self._taken % every == 0 and self._step < last:
                yield from self._report()
                yield from self._validate_within()
                self._clock.start()
            if self._inspector.due(self._taken):
                yield from self._report()
                yield from self._inspect()
                self._clock.start()
            if self._step % CHECK_STEPS == 0 or self._step == last:
                yield from self._report()
                yield from self._drop_diverged()
                if not self._trials:
                    return
                yield from self._save_if_due()
                self._clock.start()
            elif time.perf_counter() - self._last_read >= READ_SECONDS:
                yield from self._report()
                yield from self._save_if_due()
                self._clock.start()

    def _inspect(self) -> Iterator[Event]:
        """Measure inside of the trials, where that is due now; their training doesn't notice."""
        when = self._inspector.due(self._taken)
        if when is None:
            return
        for position, trial in enumerate(self._trials):
            if trial.diverged_at is None:
                values = self._learner.values_of(position)
                yield self._inspector.measure(trial.number, when, self._taken, values)

    def _save_if_due(self) -> Iterator[Event]:
        """Save in the middle of an epoch, where the last save is long enough ago."""
        is_over = self._step == self._feed.steps_per_epoch
        if self._checkpoints and self._checkpoints.due() and not is_over:
            yield from self._save()

    def _save(self) -> Iterator[Event]:
        """Keep where the stack stands; a disk that doesn't take it stops nothing.

        Between a divergence and the step that drops the trial nothing is kept: resumed from there,
        the others would be without it earlier than if they had never stopped.
        """
        if self._checkpoints is None or not self._trials:
            return
        if any(trial.diverged_at is not None for trial in self._trials):
            return
        losses = torch.tensor([t.losses for t in self._trials], dtype=torch.float64)
        checkpoint = Checkpoint(
            alive=tuple(trial.number for trial in self._trials),
            epoch=self._epoch,
            step=self._step,
            seconds=tuple(trial.seconds for trial in self._trials),
            losses=losses,
            state=self._learner.state(),
            attributes=self._learner.attributes(self._variant.attributes),
        )
        store = self._checkpoints
        for message in store.trying(lambda: store.save(self._numbers, checkpoint)):
            yield Noted(at=time.time(), message=message, about="checkpoint")

    def _restore(self, checkpoint: Checkpoint) -> None:
        for name, tensor in self._learner.state().items():
            tensor.copy_(checkpoint.state[name])
        self._learner.set_attributes(checkpoint.attributes)
        self._epoch, self._step = checkpoint.epoch, checkpoint.step
        self._read = checkpoint.step
        for trial, seconds, losses in zip(
            self._trials, checkpoint.seconds, checkpoint.losses.tolist(), strict=True
        ):
            trial.seconds, trial.losses = seconds, losses

    def _report(self) -> Iterator[Event]:
        self._learner.settle()
        self._share(self._clock.stop())
        self._last_read = time.perf_counter()
        for message in self._graphs.notes():
            yield Noted(at=time.time(), message=message)
        if not self._losses:
            return
        columns: list[list[float]] = torch.stack(self._losses).T.tolist()
        self._losses.clear()
        first = self._epoch * self._feed.steps_per_epoch + self._read
        self._read = self._step
        for trial, column in zip(self._trials, columns, strict=True):
            if trial.diverged_at is None:
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
            self._steps.forget()

    def _validated(self) -> Iterator[tuple[_Trial, float, float]]:
        """Give each trial's loss and accuracy; parameters and generators stay as they are."""
        self._clock.start()
        losses, accuracies = validate(self._learner, self._feed)
        self._share(self._clock.stop())
        return zip(self._trials, losses, accuracies, strict=True)

    def _validate_within(self) -> Iterator[Event]:
        for trial, loss, accuracy in self._validated():
            if trial.diverged_at is None:
                yield Validated(
                    at=time.time(),
                    trial=trial.number,
                    step=self._taken,
                    val_loss=to_wire(loss),
                    val_accuracy=accuracy,
                )

    def _validate(self) -> Iterator[Event]:
        rights = self._learner.rights()
        for right, (trial, loss, accuracy) in zip(rights, self._validated(), strict=True):
            mean = sum(trial.losses) / len(trial.losses)
            yield EpochEnded(
                at=time.time(),
                trial=trial.number,
                epoch=self._epoch + 1,
                step=self._taken,
                train_loss=to_wire(mean),
                val_loss=to_wire(loss),
                val_accuracy=accuracy,
                train_accuracy=right / self._feed.images_per_epoch,
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
