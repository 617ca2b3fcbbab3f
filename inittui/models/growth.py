"""How a model grows with its width, and the learning rates that follow from it under μP.

The model is built once more at a base width: sizes that differ grow with the width, others don't.
So input, hidden and output layers are told apart without names.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from msgspec.structs import replace
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from inittui.errors import UsageError
from inittui.experiment.models import MODELS, is_own
from inittui.experiment.records import ModelConfig
from inittui.experiment.scheme import Scheme
from inittui.initializers.layer import Growth
from inittui.initializers.parametrizations import BASE_WIDTH, mup
from inittui.models.build import build
from inittui.text import sanitize
from inittui.user_code import find

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def base_width(scheme: Scheme) -> int | None:
    """Return the base width of a scheme that has one; None of any other."""
    if scheme.weights.name != mup.name:
        return None
    return int(float(dict(scheme.weights.parameters).get("base", BASE_WIDTH)))


def with_width(config: ModelConfig, width: int) -> ModelConfig:
    """Return a model at another width: the units of all hidden layers.

    Of one's own model it is the factory's argument ``width``.

    Raises:
        UsageError: the model has no width.
    """
    name = config.name
    if name in MODELS:
        defaults = MODELS[name].defaults
        if "width" in defaults:
            return replace(config, width=width)
        if "hidden" in defaults:
            hidden = MODELS[name].settings(config)["hidden"]
            assert isinstance(hidden, tuple)
            return replace(config, hidden=None, width=width, depth=len(hidden))
    elif is_own(name) and _takes_width(name):
        return replace(config, arguments={**config.arguments, "width": width})
    hint = ": give its function an argument 'width'" if is_own(name) else ""
    raise UsageError(f"model '{sanitize(name, 80)}' has no width to grow by{hint}")


def _takes_width(name: str) -> bool:
    try:
        parameters = inspect.signature(find(name)).parameters
    except (TypeError, ValueError):  # a class or a function of C
        return True
    kinds = {parameter.kind for parameter in parameters.values()}
    return "width" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def at_width(
    config: ModelConfig,
    width: int,
    input_shape: Sequence[int],
    classes: int,
    example: torch.Tensor,
) -> nn.Module:
    """Build a model at another width.

    Raises:
        UsageError: it has no width, or can't be built.
    """
    return build(with_width(config, width), input_shape, classes, example=example)


def growth_of(model: nn.Module, narrow: nn.Module) -> dict[str, Growth]:
    """Return how each layer of a model is larger than that of a narrower one of its kind.

    Raises:
        UsageError: a parameter is of a kind whose growth isn't known, or the two models differ in
            more than sizes.
    """
    others = dict(narrow.named_modules())
    _check_tied(model)
    found: dict[str, Growth] = {}
    for name, module in model.named_modules():
        if not list(module.parameters(recurse=False)):
            continue
        weight = module._parameters.get("weight")
        other = others.get(name)
        before = other._parameters.get("weight") if other is not None else None
        if not isinstance(module, (*_LAYERS, *_NORMS)) or weight is None:
            raise UsageError(
                "mup knows Linear and convolution layers and norms; the model's "
                f"'{sanitize(name, 60)}' is of another kind: {type(module).__name__}"
            )
        if before is None or before.dim() != weight.dim():
            raise UsageError("mup: at another width the model has other layers, not only sizes")
        sizes = [a / b for a, b in zip(weight.shape, before.shape, strict=True)]
        found[name] = Growth(sizes[1] if len(sizes) > 1 else 1.0, sizes[0])
    return found


def _check_tied(model: nn.Module) -> None:
    every = [p for _, p in model.named_parameters(remove_duplicate=False)]
    if len({id(parameter) for parameter in every}) < len(every):
        raise UsageError("mup: layers of the model share weights, which can't have two rates")


def learning_rates(model: nn.Module, growth: dict[str, Growth], optimizer: str) -> dict[str, float]:
    """Return the factor of the learning rate for each parameter under μP; 1 is left out.

    Raises:
        UsageError: for this optimizer they aren't known.
    """
    if optimizer not in ("adam", "sgd"):
        raise UsageError(f"mup has learning rates for adam and sgd, not for {optimizer}")
    factors: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        grown = growth[name.rpartition(".")[0]]
        if parameter.dim() < 2:  # biases, and the scales of norms
            factor = grown.units if optimizer == "sgd" else 1.0
        else:
            factor = (grown.units if optimizer == "sgd" else 1.0) / grown.inputs
        factors[name] = factor
    return {name: factor for name, factor in factors.items() if factor != 1}
