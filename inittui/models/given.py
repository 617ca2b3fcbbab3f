"""Inputs and targets that Python code hands over, for a model to be inspected on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from inittui.errors import UsageError
from inittui.experiment.inputs import Input, parse_inputs
from inittui.experiment.seeds import derive_seed
from inittui.models.calling import needs_packing, pack
from inittui.models.inputs import draw_inputs

SAMPLES = 256
"""Drawn where inputs are given as texts."""


@dataclass(frozen=True)
class Given:
    """A batch for a model."""

    inputs: tuple[Input, ...]
    batch: torch.Tensor
    """[n, *shape] of the one input, or [n, values] packed."""
    targets: torch.Tensor | None
    """int64 [n, *positions]."""

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(map(str, self.inputs))

    @property
    def count(self) -> int:
        return len(self.batch)


def given_inputs(
    inputs: str | torch.Tensor | Sequence[str | torch.Tensor] | Mapping[str, torch.Tensor],
    targets: torch.Tensor | None,
    seed: int,
) -> Given:
    """Return inputs as one batch; whole numbers are ids.

    Raises:
        UsageError: they are no tensors or texts, not of one length, or the targets don't fit.
    """
    named = dict(inputs) if isinstance(inputs, Mapping) else {}
    several = [*named.values()] if named else inputs
    if isinstance(several, str | torch.Tensor):
        several = [several]
    texts = [each for each in several if isinstance(each, str)]
    tensors = [each for each in several if isinstance(each, torch.Tensor)]
    if len(texts) == len(several) > 0:
        asked = parse_inputs(texts)
        count = SAMPLES if targets is None else len(targets)
        tensors = draw_inputs(asked, count, derive_seed(seed, "noise"))
    elif len(tensors) == len(several) > 0:
        _check_lengths(tensors)
        names = list(named) or [""] * len(tensors)
        asked = tuple(_input(each, name) for each, name in zip(tensors, names, strict=True))
    else:
        raise UsageError("inputs must be tensors [n, …], or texts such as 3x224x224, and not none")
    batch = pack(tensors) if needs_packing(asked) else tensors[0].detach().float()
    if targets is not None:
        _check_targets(targets, len(batch))
    return Given(asked, batch.cpu(), targets)


def _input(tensor: torch.Tensor, name: str) -> Input:
    is_real = tensor.is_floating_point()
    ids = 0 if is_real else max(int(tensor.max()) + 1, 1)
    return Input(tuple(tensor.shape[1:]), ids=ids, name=name)


def _check_lengths(tensors: Sequence[torch.Tensor]) -> None:
    lengths = [len(each) if each.ndim else 0 for each in tensors]
    if min(lengths) == 0 or len({*lengths}) > 1:
        raise UsageError(f"inputs must have as many samples each, and some: not {lengths}")
    for each in tensors:
        if each.is_complex():
            raise UsageError("an input is complex; only real numbers can be given")


def _check_targets(targets: torch.Tensor, count: int) -> None:
    if not isinstance(targets, torch.Tensor) or targets.is_floating_point() or targets.ndim == 0:
        raise UsageError("targets must be a tensor of whole numbers, the class of each sample")
    if len(targets) != count:
        raise UsageError(f"there are {len(targets)} targets for {count} inputs")
