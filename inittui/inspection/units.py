"""A weight layer's units: which dimension of its output counts them, and what each is made of."""

from __future__ import annotations

import torch
from torch import nn

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def unit_dim(layer: nn.Module) -> int:
    """Return the dimension of a layer's output that counts its units: features or channels."""
    return -1 if isinstance(layer, nn.Linear) else 1


def tensors(layer: nn.Module) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return a layer's weight and bias as they are at the moment, whoever put them there."""
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, torch.Tensor)
    return weight, bias if isinstance(bias, torch.Tensor) else None


def unit_rows(layer: nn.Module) -> torch.Tensor:
    """Return [units, values]: each unit's incoming weights, its bias, and its group of inputs.

    Two units with equal rows compute the same function of the same inputs.
    """
    weight, bias = tensors(layer)
    weight = weight.detach()
    groups = int(getattr(layer, "groups", 1))
    if isinstance(layer, _TRANSPOSED):
        # [in, out/groups, *kernel] -> [out, in/groups, *kernel]
        weight = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
    rows = weight.flatten(1)
    parts = [rows]
    if bias is not None:
        parts.append(bias.detach().unsqueeze(1))
    if groups > 1:
        group = torch.arange(groups, device=rows.device, dtype=rows.dtype)
        parts.append(group.repeat_interleave(len(rows) // groups).unsqueeze(1))
    return torch.cat(parts, 1)
