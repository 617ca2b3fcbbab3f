"""What every way of training offers to the engine, and how all of them are validated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from inittui.models.attributes import Value, changed_attributes, set_attributes
from inittui.training.batches import Batch, Batches


class Learner(ABC):
    """Some trials that train together; T of them are still in it, in a fixed order."""

    seed_rows: torch.Tensor
    """For each trial the row of `Batch` that is its seed's, int64 [T]."""

    is_capturable: bool = False
    """Whether a step does the same work whatever numbers it meets, and neither draws nor waits."""

    @abstractmethod
    def step(self, batch: Batch) -> torch.Tensor:
        """Take one step; return each trial's loss before it, [T], on the device.

        Its numbers are there after `settle`, or when the device has come to them.
        """

    right: torch.Tensor
    """Of how many of this epoch's training images so far each trial's logits named the class,
    dropout on, int64 [T]."""

    def rights(self) -> list[int]:
        """Return ``right`` of every trial."""
        return [int(count) for count in self.right.tolist()]

    def begin_epoch(self) -> None:
        """Count ``right`` anew."""
        self.right.zero_()

    def settle(self) -> None:  # noqa: B027 (most take a step before they return)
        """Wait until all steps have been taken, as far as this process takes them itself."""

    @abstractmethod
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Evaluate [seeds, rows, *shape] without dropout: [T, rows, classes]."""

    @abstractmethod
    def values_of(self, position: int) -> dict[str, torch.Tensor]:
        """Return one trial's parameters and buffers by name: views, which the next step changes."""

    @abstractmethod
    def keep(self, positions: Sequence[int]) -> None:
        """Go on with the trials at these positions only, their moments and counts unchanged."""

    @abstractmethod
    def state(self) -> dict[str, torch.Tensor]:
        """Return the tensors that the next step depends on; copying into them restores it."""

    def models(self) -> Sequence[nn.Module]:
        """Return the modules whose forward passes run, which may keep more than tensors."""
        return ()

    def attributes(self, usual: Mapping[str, Value]) -> list[dict[str, Value]]:
        """Return what each of `models` keeps beside its parameters and buffers, if not as usual."""
        return [changed_attributes(model, usual) for model in self.models()]

    def set_attributes(self, values: Sequence[Mapping[str, Value]]) -> None:
        """Give `models` what they kept; a checkpoint of before may not have it."""
        for model, kept in zip(self.models(), values, strict=False):
            set_attributes(model, kept)


@torch.no_grad()
def validate(learner: Learner, feed: Batches) -> tuple[list[float], list[float]]:
    """Return mean losses and accuracies over the validation part, T each; accuracies in [0, 1].

    Batches are added up in float64.
    """
    rows_of_trials = learner.seed_rows
    losses = torch.zeros(len(rows_of_trials), dtype=torch.float64, device=rows_of_trials.device)
    correct = torch.zeros_like(losses)
    count = 0
    for batch in feed.validation():
        logits = learner.logits(batch.images)
        labels = batch.labels[rows_of_trials]
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        losses += loss.view_as(labels).sum(1, dtype=torch.float64)
        correct += (logits.argmax(-1) == labels).sum(1)
        count += labels.shape[1]
    return (losses / count).tolist(), (correct / count).tolist()
