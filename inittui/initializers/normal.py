"""Normal distributions with a standard deviation of one's own, or by the fan-in."""

from __future__ import annotations

from inittui.experiment.scheme import format_number
from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Normal, TruncatedNormal
from inittui.initializers.layer import LayerContext, inverse_sqrt

_FARTHEST = 8.0
"""Standard deviations between the mean and what is left; 6e-16 of a normal lies beyond."""


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


def _reachable(*, mean: float, std: float, a: float, b: float) -> str:
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
    source="torch.nn.init.trunc_normal_ (a and b are values, not multiples of std)",
    parameters=(
        Parameter("mean", "mean before the cut", default=0.0),
        Parameter("std", "standard deviation before the cut", default=1.0, above=0),
        Parameter("a", "smallest value", default=-2.0),
        Parameter("b", "largest value", default=2.0),
    ),
    on_bias=True,
    conflict=_reachable,
)
def trunc_normal(
    layer: LayerContext, *, mean: float, std: float, a: float, b: float
) -> TruncatedNormal:
    """A normal distribution without the values outside two bounds."""
    return TruncatedNormal(mean, std, a, b)
