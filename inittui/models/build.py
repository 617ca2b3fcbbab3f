"""From a model's configuration to a torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import torch
from torch import nn

from inittui.errors import UsageError, unknown
from inittui.experiment import ModelConfig
from inittui.models.mlp import mlp

Builder = Callable[[ModelConfig, Sequence[int], int], nn.Module]

MODELS: Mapping[str, tuple[Builder, frozenset[str]]] = {
    "mlp": (mlp, frozenset({"hidden", "activation", "dropout", "depth", "width", "batch_norm"})),
}
"""Each model's builder and the options of `ModelConfig` that it takes."""


def build(config: ModelConfig, input_shape: Sequence[int], classes: int) -> nn.Module:
    """Build the configured model for inputs [batch, *input_shape], on the CPU in float32.

    The global random generator is left as it was found.

    Raises:
        UsageError: no such model, or an option that the model doesn't take.
    """
    if config.name not in MODELS:
        raise unknown("model", config.name, MODELS)
    builder, options = MODELS[config.name]
    _check_options(config, options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return builder(config, input_shape, classes)


def _check_options(config: ModelConfig, accepted: frozenset[str]) -> None:
    default = ModelConfig()
    for field in msgspec.structs.fields(ModelConfig):
        option = field.name
        given = getattr(config, option) != getattr(default, option)
        if given and option not in accepted | {"name", "input"}:
            takes = ", ".join(sorted(accepted)) or "no options"
            raise UsageError(f"model '{config.name}' has no option '{option}'; it takes {takes}")
    if config.hidden is not None and (config.depth is not None or config.width is not None):
        raise UsageError("give either hidden or depth and width, not both")
