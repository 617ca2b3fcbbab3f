"""Initializers of one fixed distribution, by numbers of one's own or by the fan-in."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from inittui.experiment.scheme import format_number
from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Constant, Normal, TruncatedNormal, Uniform
from inittui.initializers.layer import LayerContext, inverse_sqrt
from inittui.user_code import torch_seeded

if TYPE_CHECKING:
    import torch
    from torch import nn

_FARTHEST = 8.0
"""Standard deviations between the mean and what is left; 6e-16 of a normal lies beyond."""


@initializer(aliases=("zero",), formula="0", source="torch.nn.init.zeros_", on_bias=True)
def zeros(layer: LayerContext) -> Constant:
    """Every value is 0, so all units of a layer stay alike and nothing is learned."""
    return Constant(0.0)


@initializer(aliases=("one",), formula="1", source="torch.nn.init.ones_", on_bias=True)
def ones(layer: LayerContext) -> Constant:
    """Every value is 1: all units are alike, and sums grow with the fan-in."""
    return Constant(1.0)


@initializer(
    formula="value",
    source="torch.nn.init.constant_",
    parameters=(Parameter("value", "the value of every weight", default=0.005),),
    on_bias=True,
)
def constant(layer: LayerContext, *, value: float) -> Constant:
    """Every value is the same; only dropout can then make units differ."""
    return Constant(value)


def _order(*, low: float, high: float) -> str:
    if low < high:
        return ""
    return f"low must be below high, not low={format_number(low)}, high={format_number(high)}"


@initializer(
    formula="U[low, high)",
    source="torch.nn.init.uniform_",
    parameters=(
        Parameter("low", "smallest value", default=0.0),
        Parameter("high", "bound that is not reached", default=1.0),
    ),
    on_bias=True,
    conflict=_order,
)
def uniform(layer: LayerContext, *, low: float, high: float) -> Uniform:
    """Evenly spread between two bounds; the default's mean of 0.5 makes every sum grow."""
    return Uniform(low, high)


@initializer(
    formula="U[−0.5, 0.5)",
    source="Udacity deep-learning-v2-pytorch, weight-initialization",
    on_bias=True,
)
def centered(layer: LayerContext) -> Uniform:
    """Uniform around 0, whatever the layer's size."""
    return Uniform(-0.5, 0.5)


@initializer(
    aliases=("general_rule",),
    formula="U(−y, y), y = 1/√fan_in",
    source="LeCun et al. 1998, Efficient BackProp; PyTorch's Linear and Conv weights",
    on_bias=True,
)
def rule(layer: LayerContext) -> Uniform:
    """The general rule: uniform around 0, narrower the more inputs a unit has."""
    y = inverse_sqrt(layer.fan_in)
    return Uniform(-y, y)


@initializer(
    formula="N(mean, std)",
    source="torch.nn.init.normal_",
    parameters=(
        Parameter("mean", "mean", default=0.0),
        Parameter("std", "standard deviation", default_text="1/√fan_in", at_least=0),
    ),
    on_bias=True,
)
def normal(layer: LayerContext, *, mean: float, std: float | None) -> Normal:
    """A normal distribution that, by default, keeps a linear layer's variance."""
    return Normal(mean, inverse_sqrt(layer.fan_in) if std is None else std)


def _bound(value: float | str, mean: float, std: float) -> float:
    """Return a bound that may be given as a multiple of std, -2std: that far from the mean."""
    return mean + float(value.removesuffix("std")) * std if isinstance(value, str) else value


def _reachable(*, mean: float, std: float, a: float | str, b: float | str) -> str:
    a, b = _bound(a, mean, std), _bound(b, mean, std)
    if not a < b:
        return f"a must be below b, not a={format_number(a)}, b={format_number(b)}"
    if max(a - mean, mean - b) > _FARTHEST * std:
        return (
            f"nothing of N({format_number(mean)}, {format_number(std)}) lies between "
            f"a={format_number(a)} and b={format_number(b)}"
        )
    return ""


@initializer(
    formula="N(mean, std) cut to [a, b]",
    source="torch.nn.init.trunc_normal_ (a and b are values; -2std: two std from the mean)",
    parameters=(
        Parameter("mean", "mean before the cut", default=0.0),
        Parameter("std", "standard deviation before the cut", default=1.0, above=0),
        Parameter("a", "smallest value, or how many std from the mean", default=-2.0, in_stds=True),
        Parameter("b", "largest value, or how many std from the mean", default=2.0, in_stds=True),
    ),
    on_bias=True,
    conflict=_reachable,
)
def trunc_normal(
    layer: LayerContext, *, mean: float, std: float, a: float | str, b: float | str
) -> TruncatedNormal:
    """A normal distribution without the values outside two bounds."""
    return TruncatedNormal(mean, std, _bound(a, mean, std), _bound(b, mean, std))


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
