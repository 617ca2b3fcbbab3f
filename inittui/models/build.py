"""From a model's configuration to a torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import nn

from inittui.errors import UsageError, unknown
from inittui.experiment.models import MODELS, TORCHVISION, is_own
from inittui.experiment.records import ModelConfig
from inittui.models.networks import conv1d, lenet, mlp
from inittui.text import sanitize
from inittui.user_code import seeded

_BUILDERS: Mapping[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "deep_mlp": mlp,
    "sigmoid_mlp": mlp,
    "lenet": lenet,
    "conv1d": conv1d,
}
"""(input_shape, classes, **options of the description) -> module."""

assert _BUILDERS.keys() == MODELS.keys()


def build(config: ModelConfig, input_shape: Sequence[int], classes: int) -> nn.Module:
    """Build the configured model for inputs [batch, *input_shape], on the CPU in float32.

    A model of one's own or of torchvision is imported, which runs its code. The global random
    generators are left as they were found.

    Raises:
        UsageError: no such model, or an option that the model doesn't take, or its code fails.
    """
    with seeded(0):
        if config.name.startswith(TORCHVISION):
            from inittui.models.vision import vision_model

            _only_arguments(config)
            name = config.name.removeprefix(TORCHVISION)
            return vision_model(name, config.arguments, classes)
        if is_own(config.name):
            from inittui.models.own import own_model

            _only_arguments(config)
            return own_model(config.name, config.arguments, input_shape, classes)
        if config.name not in MODELS:
            raise _unknown(config.name)
        settings = MODELS[config.name].settings(config)
        return _BUILDERS[config.name](input_shape, classes, **settings)


def _only_arguments(config: ModelConfig) -> None:
    """Refuse the options of our own models for others."""
    for option in ("hidden", "depth", "width", "activation", "dropout", "batch_norm"):
        if getattr(config, option) is not None:
            raise UsageError(
                f"option '{option}' is for inittui's own models; "
                f"'{sanitize(config.name, 80)}' takes arguments: --model-arg {option}=…"
            )


def _unknown(name: str) -> UsageError:
    if name.endswith(".py"):
        return UsageError(
            f"model '{sanitize(name, 80)}': name a class or a function in that file, {name}:NAME"
        )
    return unknown("model", sanitize(name, 80), MODELS)
