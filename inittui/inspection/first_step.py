"""Which modules compute otherwise in the first training step than in an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.spectral_norm import SpectralNorm

from inittui.models.observe import evaluating


def fresh_modules(model: nn.Module, buffers: Mapping[str, torch.Tensor]) -> list[nn.Module]:
    """Return the modules that have not yet seen a batch, and take what they need from the first.

    These are norms whose running statistics are still those they were made with, and layers with
    the old spectral norm, whose vectors are still noise. ``buffers`` are used for the model's own.
    """
    return [
        module
        for name, module in model.named_modules()
        if _has_fresh_statistics(name, module, buffers) or _has_spectral_norm(module)
    ]


def _has_fresh_statistics(
    name: str, module: nn.Module, buffers: Mapping[str, torch.Tensor]
) -> bool:
    if not isinstance(module, _NormBase) or module.running_mean is None:
        return False
    counted = buffers.get(f"{name}.num_batches_tracked" if name else "num_batches_tracked")
    return counted is not None and int(counted) == 0


def _has_spectral_norm(module: nn.Module) -> bool:
    return any(isinstance(hook, SpectralNorm) for hook in module._forward_pre_hooks.values())


def has_dropout(model: nn.Module) -> bool:
    """Return whether training the model drops anything."""
    return any(isinstance(module, _DropoutNd) and module.p > 0 for module in model.modules())


@contextmanager
def evaluating_with(
    model: nn.Module, fresh: Sequence[nn.Module], device: torch.device | None = None
) -> Iterator[None]:
    """Put a model into evaluation mode, but the modules ``fresh`` into training mode; and back."""
    with evaluating(model, device):
        for module in fresh:
            module.training = True
        yield
