"""Batch orders and dropout masks: one derived seed each, nothing global.

A step's mask depends on (seed, epoch, step) alone, so every scheme under one seed drops the same
units, and a run that resumes in the middle repeats the uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from inittui.experiment.seeds import derive_seed

_LANES = 4
"""Masks are drawn as 64-bit words and compared in four 16-bit parts: a quarter of the draws."""
_LEVELS = 1 << 16


def batch_order(count: int, seed: int, epoch: int) -> torch.Tensor:
    """Return the permutation of ``count`` training images for one 0-based epoch, int64 [count]."""
    generator = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    return torch.randperm(count, generator=generator)


def drop_threshold(probability: float) -> int:
    """Return how many of the 2^16 levels mean "drop": p = 0.2 becomes 13107/65536 = 0.199997."""
    return round(probability * _LEVELS)


@dataclass(frozen=True)
class MaskPlan:
    """The dropout layers of a model: name, probability and units per sample of each."""

    names: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()


class Masks:
    """Draws the masks of some seeds: 0 where a unit is dropped, 1/(1 - p) where it is kept."""

    def __init__(
        self,
        plan: MaskPlan,
        seeds: Sequence[int],
        batch_size: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._plan = plan
        self._seeds = tuple(seeds)
        self._generator = torch.Generator(device)
        sizes = [batch_size * torch.Size(shape).numel() for shape in plan.shapes]
        self._words = [-(-size // _LANES) for size in sizes]
        self._drawn = torch.empty(len(seeds), sum(self._words), dtype=torch.int64, device=device)
        self._lanes = [
            part[:, :size].view(len(seeds), batch_size, *shape)
            for part, size, shape in zip(
                self._drawn.view(torch.int16).split([_LANES * n for n in self._words], dim=1),
                sizes,
                plan.shapes,
                strict=True,
            )
        ]
        self._kept = [torch.empty_like(lanes, dtype=torch.bool) for lanes in self._lanes]
        self._masks = [torch.empty_like(lanes, dtype=dtype) for lanes in self._lanes]

    def draw_words(self, epoch: int, step: int) -> None:
        """Draw the random words of one step, where `scaled` reads them."""
        if not self._masks:
            return
        for seed, words in zip(self._seeds, self._drawn, strict=True):
            self._generator.manual_seed(derive_seed(seed, "dropout", epoch, step))
            # The full range of 64 bits has to be asked for: random_() alone keeps the sign bit 0.
            words.random_(-(2**63), None, generator=self._generator)

    def scaled(self, rows: int) -> list[torch.Tensor]:
        """Return the drawn words' masks, each [seeds, rows, *units]; the next call reuses them."""
        for lanes, kept, mask, probability in zip(
            self._lanes, self._kept, self._masks, self._plan.probabilities, strict=True
        ):
            threshold = drop_threshold(probability)
            # Lanes are signed: level 0 is −2^15. What is kept is scaled by the p that the levels
            # really give, so that the mean over all levels is exactly 1.
            torch.ge(lanes, threshold - _LEVELS // 2, out=kept)
            torch.mul(kept, _LEVELS / (_LEVELS - threshold), out=mask)
        return [mask[:, :rows] for mask in self._masks]
