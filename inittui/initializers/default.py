"""The module's own initialization, as PyTorch runs it when a module is built."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from inittui.initializers.description import initializer
from inittui.initializers.distributions import Uniform
from inittui.initializers.layer import LayerContext, inverse_sqrt
from inittui.user_code import torch_seeded

if TYPE_CHECKING:
    import torch
    from torch import nn


@initializer(
    formula="U(−y, y), y = 1/√fan_in, also for the bias",
    source="reset_parameters of torch.nn.Linear and Conv (kaiming_uniform_ with a = √5)",
    on_bias=True,
    own_reset=True,
)
def default(layer: LayerContext) -> Uniform:
    """What the module does by itself: for Linear and Conv the general rule, plus a random bias."""
    y = inverse_sqrt(layer.fan_in)
    return Uniform(-y, y)


def own_values(module: nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Return what the module's own reset gives its direct parameters under a seed, in float32.

    The module itself is left alone, and so is the global generator. Parameters that the reset
    doesn't write are left out, as are all if there is none.
    """
    import torch

    twin = copy.deepcopy(module).to("cpu", torch.float32)
    reset = getattr(twin, "reset_parameters", None) or getattr(twin, "_reset_parameters", None)
    if reset is None:
        return {}
    direct = dict(twin.named_parameters(recurse=False))
    with torch.no_grad(), torch_seeded(seed):
        for parameter in direct.values():
            parameter.fill_(torch.nan)
        reset()
    return {name: value.data for name, value in direct.items() if not value.isnan().any()}
