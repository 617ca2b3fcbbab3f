"""Which images train and which validate."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from inittui.errors import UsageError
from inittui.experiment.records import DataConfig
from inittui.experiment.seeds import derive_seed
from inittui.text import number_of


@dataclass(frozen=True, slots=True)
class Split:
    """Indices into a data set's training images; the two have none in common."""

    train: torch.Tensor
    """int64 [images that train]."""
    validation: torch.Tensor
    """int64 [images that validate]."""


def split(count: int, seed: int, config: DataConfig) -> Split:
    """Divide ``count`` images as ``config`` says; the same for every scheme under a seed.

    Raises:
        UsageError: more images are asked for than there are, or one part would be empty.
    """
    limit, validation = config.limit, config.validation
    if limit is not None and limit > count:
        raise UsageError(f"the limit is {limit:,} images, but the data have {count:,}")
    used = count if limit is None else limit
    held = round(used * validation) if validation < 1 else int(validation)
    if not 0 <= held < used or (held == 0 and config.evaluate_on == "validation"):
        raise UsageError(_impossible(used, held, config))
    if config.split is not None:
        # As torch.utils.data.random_split does it: one permutation, the training part first.
        own_seed = int(config.split.removeprefix("torch:"))
        chosen = torch.randperm(count, generator=torch.Generator().manual_seed(own_seed))[:used]
        return Split(chosen[: used - held].clone(), chosen[used - held :].clone())
    generator = torch.Generator().manual_seed(derive_seed(seed, "split"))
    chosen = torch.randperm(count, generator=generator)[:used]
    return Split(train=chosen[held:].clone(), validation=chosen[:held].clone())


def test_part(part: Split, count: int, tests: int) -> Split:
    """Return the split validated on ``tests`` images that stand behind ``count`` others."""
    return Split(part.train, torch.arange(count, count + tests))


def _impossible(used: int, held: int, config: DataConfig) -> str:
    validation = config.validation
    images = number_of(used, "image")
    if held > used:
        there = "the data have" if config.limit is None else "the limit is"
        return f"validation wants {held:,} images, but {there} {used:,}"
    share = f"a validation share of {validation:g}" if validation < 1 else f"validation of {held:,}"
    return f"{share} of {images} leaves none to {'train' if held else 'validate'}"
