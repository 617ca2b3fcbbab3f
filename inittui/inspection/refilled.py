"""A copy of a model with other start values, to be measured in its stead."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import nn

from inittui.models.observe import twin


def refilled(
    model: nn.Module, stds: Mapping[str, float], ones: Collection[str], zeros: Collection[str]
) -> nn.Module:
    """Return a deep copy whose named parameters are drawn anew from N(0, std²), or set to 1 or 0.

    All others, and the global generators, stay as they are.
    """
    copied = twin(model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in copied.named_parameters():
            if name in stds:
                drawn = torch.empty(parameter.shape).normal_(0, stds[name], generator=generator)
                parameter.copy_(drawn)
            elif name in ones or name in zeros:
                parameter.fill_(float(name in ones))
    return copied
