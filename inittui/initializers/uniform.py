"""Uniform distributions with bounds of one's own, or by the fan-in."""

from __future__ import annotations

from inittui.experiment.scheme import format_number
from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Uniform
from inittui.initializers.layer import LayerContext, inverse_sqrt


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
