"""Initializers that give every weight the same value."""

from __future__ import annotations

from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Constant
from inittui.initializers.layer import LayerContext


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
