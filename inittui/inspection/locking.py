"""A model's tensors in numbers, for a lockfile: one pass over each."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

import torch
from torch import nn

from inittui.events.lock import Lock, LockedTensor
from inittui.events.wire_numbers import to_wire
from inittui.inspection.provenance import law_of
from inittui.inspection.statistics import PART, mean_and_variance


def lock_of(
    model: nn.Module, name: str, seed: int, fans: Mapping[str, tuple[int, int]] | None = None
) -> Lock:
    """Return what a lockfile keeps of a model's parameters and buffers.

    ``fans`` are those of the operations that parameters are used in, by their names.
    """
    known = fans or {}
    tensors = {
        name: _locked(value, known.get(name))
        for name, value in (*model.named_parameters(), *model.named_buffers())
    }
    return Lock(name, str(torch.__version__), seed, tensors)


def _locked(value: torch.Tensor, fans: tuple[int, int] | None) -> LockedTensor:
    tensor = value.detach()
    dtype = str(tensor.dtype).removeprefix("torch.")
    facts = tuple(tensor.shape), dtype, value.requires_grad
    if tensor.is_meta or tensor.is_quantized or tensor.layout is not torch.strided:
        return LockedTensor(*facts, "NaN", "NaN", "NaN", "other", (), "")
    tensor = tensor.cpu().contiguous()
    real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    mean, std, kurtosis = moments(real.flatten())
    numbers = (to_wire(mean), to_wire(std), to_wire(kurtosis))
    law = law_of(tensor, fans)
    return LockedTensor(*facts, *numbers, law.family, law.names, _checksum(real))


def moments(flat: torch.Tensor) -> tuple[float, float, float]:
    """Return mean, standard deviation and kurtosis, which is 1 where all values are equal."""
    if not flat.numel():
        return math.nan, math.nan, math.nan
    mean, variance = mean_and_variance(flat)
    if not variance > 0:
        return mean, math.sqrt(variance), 1.0 if variance == 0 else math.nan
    fourth = sum(float((part.double() - mean).pow(4).sum()) for part in flat.split(PART))
    return mean, math.sqrt(variance), fourth / flat.numel() / variance**2


def _checksum(tensor: torch.Tensor) -> str:
    values = tensor.reshape(-1).view(torch.uint8).numpy()
    return hashlib.blake2b(values.tobytes(), digest_size=8).hexdigest()
