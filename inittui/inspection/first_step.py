"""Which modules compute otherwise in the first training step than in an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.overrides import TorchFunctionMode

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
    """Return whether training the model drops anything, by torch's layers or others of the name."""
    return any(
        _drops_between_layers(module)
        or ("Dropout" in type(module).__name__
            and (getattr(module, "p", 0) or getattr(module, "probability", 0)) > 0)
        for module in model.modules()
    )  # fmt: skip


def _drops_between_layers(module: nn.Module) -> bool:
    """Whether torch's recurrent layers or attention drop by themselves, without such a layer."""
    if isinstance(module, nn.RNNBase):
        return module.dropout > 0 and module.num_layers > 1
    return isinstance(module, nn.MultiheadAttention) and module.dropout > 0


class DropoutCalls(TorchFunctionMode):
    """Notes whether a pass calls torch's dropout by a function, which drops nothing in it.

    Code asks for that as ``F.dropout(x, p, self.training)``; of what it doesn't call outside of
    training nothing is seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.are_met = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if "dropout" in getattr(func, "__name__", ""):
            probability = kwargs.get("p", args[1] if len(args) > 1 else 0.0)
            self.are_met |= isinstance(probability, int | float) and probability > 0
        return func(*args, **kwargs)


@contextmanager
def evaluating_with(
    model: nn.Module, fresh: Sequence[nn.Module], device: torch.device | None = None
) -> Iterator[None]:
    """Put a model into evaluation mode, but the modules ``fresh`` into training mode; and back."""
    with evaluating(model, device):
        for module in fresh:
            module.training = True
        yield
