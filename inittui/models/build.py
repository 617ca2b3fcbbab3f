"""From a model's configuration to a torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.models import MODELS, TORCHVISION, check_model, is_own
from inittui.experiment.records import ModelConfig
from inittui.models.calling import fit_calls, needs_packing
from inittui.models.networks import conv1d, lenet, mlp
from inittui.models.observe import has_lazy_layers, materialize
from inittui.text import sanitize
from inittui.user_code import seeded, theirs

_BUILDERS: Mapping[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "deep_mlp": mlp,
    "sigmoid_mlp": mlp,
    "lenet": lenet,
    "conv1d": conv1d,
}
"""(input_shape, classes, **options of the description) -> module."""

assert _BUILDERS.keys() == MODELS.keys()


def build(
    config: ModelConfig,
    input_shape: Sequence[int],
    classes: int,
    *,
    seed: int = 0,
    example: torch.Tensor | None = None,
) -> nn.Module:
    """Build the configured model for inputs [batch, *input_shape], on the CPU in float32.

    A model of one's own or of torchvision is imported, which runs its code. Its start values are
    bitwise those that its code gives after ``torch.manual_seed(seed)``, ``random.seed(seed)`` and
    ``np.random.seed(seed % 2**32)``. The global random generators are left as they were found.
    Lazy layers get their shapes from ``example`` [n, *input_shape], and draw right after that.

    Raises:
        UsageError: no such model, or an option that the model doesn't take, or its code fails.
    """
    with seeded(seed):
        model = _build(config, input_shape, classes)
        fit_calls(model, config.inputs, config.output or "")
        if example is not None and has_lazy_layers(model):
            with theirs(config.name, given_text(config, example)):
                materialize(model, example)
        return model


def given_text(config: ModelConfig, batch: torch.Tensor) -> str:
    """Say what a model was called with, for an error of its code."""
    inputs = config.inputs
    if needs_packing(inputs):
        said = " and ".join(map(str, inputs))
        return f"it was given {len(batch)} samples of {said}"
    return f"it was given inputs of shape {list(batch.shape)}"


def _build(config: ModelConfig, input_shape: Sequence[int], classes: int) -> nn.Module:
    if config.name.startswith(TORCHVISION):
        from inittui.models.vision import vision_model

        _only_arguments(config)
        name = config.name.removeprefix(TORCHVISION)
        return vision_model(name, config.arguments, classes)
    check_model(config.name)
    if is_own(config.name):
        from inittui.models.own import own_model

        _only_arguments(config)
        shapes = [each.shape for each in config.inputs]
        shape = shapes[0] if len(shapes) == 1 else shapes or input_shape
        return own_model(config.name, config.arguments, shape, classes)
    if needs_packing(config.inputs):
        raise UsageError(
            f"{config.name} takes one input of pixels: --input 1x28x28; several inputs, ids and "
            "names are for one's own models"
        )
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
