"""Batches as tensors: images stay uint8 on the device and are gathered by index."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from inittui.data.splits import Split
from inittui.experiment.seeds import derive_seed
from inittui.training.randomness import MaskPlan, Masks, batch_order

VALIDATION_ROWS = 250
"""Images validated at once: large enough for full matrix speed, small enough for any stack."""

_MOST_ON_CUDA, _BYTES_ON_CUDA = 4_000, 64 * 2**20
"""On a GPU, which takes about as long for few as for many: images, and bytes of each trial."""


def scale_pixels(pixels: torch.Tensor, mean: float, std: float) -> torch.Tensor:
    """Turn bytes 0…255, given as floats, into pixels in [0, 1], then standardise; in place."""
    pixels.div_(255)
    return pixels if (mean, std) == (0, 1) else pixels.sub_(mean).div_(std)


def inputs_of(rows: torch.Tensor, dtype: torch.dtype, mean: float, std: float) -> torch.Tensor:
    """Return rows of a set as a model takes them: bytes as pixels, floats as they are."""
    if rows.is_floating_point():
        return rows.to(dtype)
    return scale_pixels(rows.to(dtype), mean, std)


def rows_on_cuda(row_bytes: int) -> int:
    """Return how many images are validated at once, where one gives so many bytes in a model."""
    return min(max(_BYTES_ON_CUDA // max(row_bytes, 1), VALIDATION_ROWS), _MOST_ON_CUDA)


@dataclass(frozen=True)
class Batch:
    """One step's inputs under every seed; the first dimension counts the seeds."""

    images: torch.Tensor
    """[seeds, rows, *shape], in [0, 1] unless they are standardised."""
    labels: torch.Tensor
    """[seeds, rows], int64."""
    masks: Sequence[torch.Tensor] = ()
    """Per dropout layer [seeds, rows, *units]."""
    noise: Sequence[int] = ()
    """A seed per seed, for models that draw random numbers of their own in this step."""


class Batches:
    """Gives the batches of some seeds, epoch by epoch, in buffers that are reused."""

    def __init__(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        splits: Sequence[Split],
        seeds: Sequence[int],
        *,
        batch_size: int,
        masks: MaskPlan,
        dtype: torch.dtype,
        mean: float = 0.0,
        std: float = 1.0,
        validated_at_once: int = VALIDATION_ROWS,
    ) -> None:
        """Take images [n, *shape] and labels int64 [n] on the device, a split per seed.

        Images are uint8, or floats that are inputs as they are. ``validated_at_once`` is at least
        a batch.
        """
        self._images = images.flatten(1)
        self._labels = labels
        self._shape = images.shape[1:]
        self._seeds = tuple(seeds)
        self._mean, self._std = mean, std
        self._train = [split.train for split in splits]
        device = images.device
        self._validation = torch.stack([split.validation for split in splits]).to(device)
        self._batch_size = min(batch_size, len(self._train[0]))
        self._masks = Masks(masks, seeds, self._batch_size, device, dtype)
        self._order = torch.empty(len(seeds), len(self._train[0]), dtype=torch.int64, device=device)
        self._placed = self._order.new_empty(len(seeds), self._batch_size)
        self._rows = min(max(batch_size, validated_at_once), self._validation.shape[1])
        rows = max(self._batch_size, self._rows)
        features = math.prod(self._shape)
        self._bytes = torch.empty(len(seeds) * rows, features, dtype=images.dtype, device=device)
        self._pixels = torch.empty(len(seeds) * rows, features, dtype=dtype, device=device)
        self._epoch = -1

    @property
    def images_per_epoch(self) -> int:
        return len(self._train[0])

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, the last one perhaps smaller."""
        return -(-self._order.shape[1] // self._batch_size)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return one batch of a 0-based epoch; the next call overwrites its tensors."""
        count = self.place(epoch, step)
        noise = [derive_seed(seed, "noise", epoch, step) for seed in self._seeds]
        return replace(self.load(count), noise=noise)

    def is_whole(self, step: int) -> bool:
        """Whether a batch is as large as the others; the last one may be smaller."""
        return (step + 1) * self._batch_size <= self.images_per_epoch

    def place(self, epoch: int, step: int) -> int:
        """Put all that is a step's own, rows and random words, where `load` reads it.

        Returns:
            how many rows.
        """
        if epoch != self._epoch:
            self._shuffle(epoch)
        start = step * self._batch_size
        rows = self._order[:, start : start + self._batch_size]
        self._placed[:, : rows.shape[1]].copy_(rows)
        self._masks.draw_words(epoch, step)
        return rows.shape[1]

    def load(self, count: int) -> Batch:
        """Return the batch that was placed, of so many rows; it does the same in every step."""
        rows = self._placed[:, :count]
        return Batch(self._gather(rows), self._labels[rows], self._masks.scaled(count))

    def validation(self) -> Iterator[Batch]:
        """Yield the whole validation part in order; each batch overwrites the one before."""
        for rows in self._validation.split(self._rows, dim=1):
            yield Batch(self._gather(rows), self._labels[rows])

    def _shuffle(self, epoch: int) -> None:
        for row, seed, train in zip(self._order, self._seeds, self._train, strict=True):
            row.copy_(train[batch_order(len(train), seed, epoch)])
        self._epoch = epoch

    def _gather(self, rows: torch.Tensor) -> torch.Tensor:
        count = rows.numel()
        index = rows.reshape(-1)
        torch.index_select(self._images, 0, index, out=self._bytes[:count])
        pixels = self._pixels[:count].copy_(self._bytes[:count])
        if not self._images.is_floating_point():
            scale_pixels(pixels, self._mean, self._std)
        return pixels.view(*rows.shape, *self._shape)
