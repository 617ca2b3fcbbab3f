"""Batch norm of T models at once: to PyTorch's kernels every unit of every trial is a channel.

Per channel, over the n rows of the batch, with μ and σ² their mean and (biased) variance:

    x̂ = (x − μ) / √(σ² + ε)        y = γ x̂ + β
    ∂L/∂β = Σ g        ∂L/∂γ = Σ g x̂
    ∂L/∂x = γ / √(σ² + ε) · (g − mean(g) − x̂ · mean(g x̂))

The two means are what x does by way of μ and σ². Source: Ioffe and Szegedy (2015), section 3,
simplified by Σ x̂ = 0. Running variances are unbiased, n / (n − 1) · σ², as PyTorch has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

import torch
from torch import nn

_aten = torch.ops.aten

Stacked = Mapping[str, torch.Tensor]


def can_stack(module: nn.Module) -> TypeGuard[nn.BatchNorm1d]:
    """Whether `StackedNorm` computes what the module does."""
    return type(module) is nn.BatchNorm1d and module.momentum is not None


class StackedNorm:
    """One batch norm layer in T models; values are [T, rows, units], in memory [rows, T, units].

    In that order T·units channels lie side by side without a copy.
    """

    def __init__(self, name: str, module: nn.BatchNorm1d, buffers: Stacked) -> None:
        """Take the layer's running statistics out of the models' ``buffers``, [T, …] each."""
        assert module.momentum is not None
        self._momentum, self._epsilon = module.momentum, module.eps
        self._name = name
        self.buffers = {n: b for n, b in buffers.items() if n.startswith(f"{name}.")}
        """Running mean, running variance and count of batches, by their names in the model."""
        self._statistics: tuple[torch.Tensor, torch.Tensor]

    def keep(self, positions: Sequence[int]) -> None:
        self.buffers = {name: buffer[list(positions)] for name, buffer in self.buffers.items()}

    def forward(
        self, parameters: Stacked, values: torch.Tensor, out: torch.Tensor, training: bool
    ) -> None:
        """Normalise ``values``: by the batch's statistics in training, else by the running ones."""
        mean, variance = self._of(self.buffers, "running_mean", "running_var")
        weight, bias = self._of(parameters, "weight", "bias")
        by_batch = training or mean is None
        self._statistics = (values.new_empty(0), values.new_empty(0))
        torch.native_batch_norm(
            _channels(values), weight, bias, mean, variance, by_batch, self._momentum,
            self._epsilon, out=(_channels(out), *self._statistics),
        )  # fmt: skip
        if training and mean is not None:
            self.buffers[f"{self._name}.num_batches_tracked"].add_(1)

    def backward(
        self,
        parameters: Stacked,
        gradients: Stacked,
        gradient: torch.Tensor,
        values: torch.Tensor,
    ) -> torch.Tensor:
        """Return the gradient by ``values``; write those by weight and bias to ``gradients``.

        It belongs to the last `forward`, which was in training.
        """
        weight, _ = self._of(parameters, "weight", "bias")
        affine = weight is not None
        by_values, by_weight, by_bias = _aten.native_batch_norm_backward(
            _channels(gradient), _channels(values), weight, None, None, *self._statistics,
            True, self._epsilon, [True, affine, affine],
        )  # fmt: skip
        if affine:
            for place, found in zip(
                self._of(gradients, "weight", "bias"), (by_weight, by_bias), strict=True
            ):
                assert place is not None
                place.copy_(found)
        trials, rows, units = gradient.shape
        result: torch.Tensor = by_values.view(rows, trials, units).transpose(0, 1)
        return result

    def _of(self, tensors: Stacked, *names: str) -> list[torch.Tensor | None]:
        """Return tensors of this layer as [T·units], None for what it doesn't have."""
        found = (tensors.get(f"{self._name}.{name}") for name in names)
        return [None if tensor is None else tensor.view(-1) for tensor in found]


def _channels(values: torch.Tensor) -> torch.Tensor:
    """Return [T, rows, units], in memory [rows, T, units], as [rows, T·units]."""
    return values.transpose(0, 1).view(values.shape[1], -1)
