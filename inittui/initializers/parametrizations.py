"""Parametrizations: start values, and with them learning rates, as functions of the width.

Yang et al. (2021), Tensor Programs V, give start values and learning rates of the maximal update
parametrization, μP, in three tables that come to the same. This is that without multipliers in the
model (table 3; table 8 has the output layer's as one), with the factors of microsoft/mup: those to
a base width, at which both parametrizations are one. Widths are n, at the base n₀:

                       start variance        Adam's rate     SGD's rate
    input, biases      g²/fan_in, 0          1               n/n₀
    hidden             g²/fan_in             n₀/n            1
    output             n₀/n × 1/fan_in       n₀/n            n₀/n

The rates are computed in `inittui.models.growth`; g is the gain of the nonlinearity that follows.
"""

from __future__ import annotations

import math

from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Normal
from inittui.initializers.layer import LayerContext, inverse_sqrt
from inittui.initializers.nonlinearity import gain

BASE_WIDTH = 64
"""Where nothing else is given; the width at which a learning rate was found."""


def _kept(layer: LayerContext) -> float:
    """Return the std that keeps a signal's second moment."""
    follower = layer.follower
    return gain(follower.name, follower.negative_slope) * inverse_sqrt(layer.fan_in)


@initializer(
    formula="N(0, g/√fan_in), one learning rate for all",
    source="He et al. 2015; called SP in Yang et al. 2021",
)
def standard(layer: LayerContext) -> Normal:
    """The standard parametrization: the signal is kept, the best learning rate falls with width."""
    return Normal(0.0, _kept(layer))


@initializer(
    formula="N(0, g/√fan_in), output layer: × √(base/width); learning rates per layer",
    source="Yang et al. 2021, Tensor Programs V, tables 3 and 8; microsoft/mup",
    parameters=(
        Parameter("base", "the width at which it is `standard`", default=BASE_WIDTH, at_least=1),
    ),
)
def mup(layer: LayerContext, *, base: float) -> Normal:
    """The maximal update parametrization, μP: the best learning rate stays as width grows."""
    shrunk = math.sqrt(layer.growth.inputs) if layer.growth.is_output else 1.0
    return Normal(0.0, _kept(layer) / shrunk)
