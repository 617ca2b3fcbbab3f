"""Initializers that set the variance by the fans: Xavier, Kaiming, LeCun, variance scaling.

Keras cuts its normal ones at 2 standard deviations and widens them to make up for it, torch
doesn't: that is why ``glorot_normal`` is no alias of ``xavier_normal``, nor ``he_normal`` of
``kaiming_normal``. And Keras's He rules have √2, ReLU's gain, whatever follows the layer, while
``kaiming_`` here has the gain of what follows: that is why ``he_uniform`` is no alias either.
"""

from __future__ import annotations

import math

from inittui.initializers.description import Parameter, initializer
from inittui.initializers.distributions import Distribution, Normal, TruncatedNormal, Uniform
from inittui.initializers.layer import LayerContext, inverse_sqrt
from inittui.initializers.nonlinearity import NONLINEARITIES, gain

CUT_STD = 0.87962566103423978
"""Standard deviation of N(0, 1) cut at ±2."""

_XAVIER = "Glorot & Bengio 2010; torch.nn.init.xavier_"
_KAIMING = "He et al. 2015; torch.nn.init.kaiming_"
_KERAS = "keras.initializers"

_XAVIER_PARAMETERS = (
    Parameter("gain", "a factor", default=1.0, at_least=0),
    Parameter(
        "nonlinearity", "one whose gain is a further factor", default="identity",
        choices=NONLINEARITIES,
    ),
)  # fmt: skip

_KAIMING_PARAMETERS = (
    Parameter(
        "a", "negative slope of leaky_relu, which is then the nonlinearity",
        default_text="the model's",
    ),
    Parameter(
        "mode", "what is kept: the signal forward, or the gradient backward",
        default="fan_in", choices=("fan_in", "fan_out"),
    ),
    Parameter(
        "nonlinearity", "one that the gain g makes up for",
        default_text="the one that follows", choices=NONLINEARITIES,
    ),
)  # fmt: skip


def _uniform(std: float) -> Uniform:
    limit = math.sqrt(3) * std
    return Uniform(-limit, limit)


def _cut_normal(std: float) -> TruncatedNormal | Normal:
    """Return the normal distribution cut at ±2 of its own σ that has this standard deviation."""
    sigma = std / CUT_STD
    return TruncatedNormal(0.0, sigma, -2 * sigma, 2 * sigma) if std > 0 else Normal(0.0, 0.0)


def _xavier_std(layer: LayerContext, factor: float, nonlinearity: str) -> float:
    mean_fan = (layer.fan_in + layer.fan_out) / 2
    return factor * gain(nonlinearity, layer.follower.negative_slope) * inverse_sqrt(mean_fan)


@initializer(
    aliases=("glorot_uniform",),
    formula="U(−y, y), y = gain × √(6/(fan_in + fan_out))",
    source=f"{_XAVIER}uniform_",
    parameters=_XAVIER_PARAMETERS,
)
def xavier_uniform(layer: LayerContext, *, gain: float, nonlinearity: str) -> Uniform:
    """Keeps the variance of signals and gradients about equal, uniform."""
    return _uniform(_xavier_std(layer, gain, nonlinearity))


@initializer(
    formula="N(0, gain × √(2/(fan_in + fan_out)))",
    source=f"{_XAVIER}normal_",
    parameters=_XAVIER_PARAMETERS,
)
def xavier_normal(layer: LayerContext, *, gain: float, nonlinearity: str) -> Normal:
    """Keeps the variance of signals and gradients about equal, normal."""
    return Normal(0.0, _xavier_std(layer, gain, nonlinearity))


def _slope_needs_leaky(*, a: float | None, mode: str, nonlinearity: str | None) -> str:
    if a is None or nonlinearity in (None, "leaky_relu"):
        return ""
    return f"a is the slope of leaky_relu, it means nothing for {nonlinearity}"


def _kaiming_std(
    layer: LayerContext, a: float | None, mode: str, nonlinearity: str | None
) -> float:
    followed_by = "leaky_relu" if a is not None else nonlinearity or layer.follower.name
    slope = layer.follower.negative_slope if a is None else a
    fan = layer.fan_in if mode == "fan_in" else layer.fan_out
    return gain(followed_by, slope) * inverse_sqrt(fan)


@initializer(
    formula="U(−y, y), y = g × √(3/fan)",
    source=f"{_KAIMING}uniform_",
    parameters=_KAIMING_PARAMETERS,
    conflict=_slope_needs_leaky,
)
def kaiming_uniform(
    layer: LayerContext, *, a: float | None, mode: str, nonlinearity: str | None
) -> Uniform:
    """Keeps the signal's second moment through the nonlinearity that follows, uniform."""
    return _uniform(_kaiming_std(layer, a, mode, nonlinearity))


@initializer(
    formula="N(0, g/√fan)",
    source=f"{_KAIMING}normal_",
    parameters=_KAIMING_PARAMETERS,
    conflict=_slope_needs_leaky,
)
def kaiming_normal(
    layer: LayerContext, *, a: float | None, mode: str, nonlinearity: str | None
) -> Normal:
    """Keeps the signal's second moment through the nonlinearity that follows, normal."""
    return Normal(0.0, _kaiming_std(layer, a, mode, nonlinearity))


@initializer(
    formula="N(0, σ) cut at ±2σ, std = √(2/(fan_in + fan_out))",
    source=f"Glorot & Bengio 2010; {_KERAS}.GlorotNormal",
)
def glorot_normal(layer: LayerContext) -> Distribution:
    """Xavier's variance from a truncated normal distribution, as Keras has it."""
    return _cut_normal(inverse_sqrt((layer.fan_in + layer.fan_out) / 2))


@initializer(formula="U(−y, y), y = √(6/fan_in)", source=f"He et al. 2015; {_KERAS}.HeUniform")
def he_uniform(layer: LayerContext) -> Uniform:
    """Kaiming's variance for ReLU, uniform, whatever follows the layer, as Keras."""
    return _uniform(math.sqrt(2) * inverse_sqrt(layer.fan_in))


@initializer(
    formula="N(0, σ) cut at ±2σ, std = √(2/fan_in)", source=f"He et al. 2015; {_KERAS}.HeNormal"
)
def he_normal(layer: LayerContext) -> Distribution:
    """Kaiming's variance for ReLU, truncated normal, whatever follows the layer, as Keras."""
    return _cut_normal(math.sqrt(2) * inverse_sqrt(layer.fan_in))


@initializer(
    formula="N(0, σ) cut at ±2σ, std = 1/√fan_in",
    source=f"LeCun et al. 1998; {_KERAS}.LecunNormal",
)
def lecun_normal(layer: LayerContext) -> Distribution:
    """Keeps a linear layer's variance, from a truncated normal distribution; suits SELU."""
    return _cut_normal(inverse_sqrt(layer.fan_in))


@initializer(
    formula="U(−y, y), y = √(3/fan_in)", source=f"LeCun et al. 1998; {_KERAS}.LecunUniform"
)
def lecun_uniform(layer: LayerContext) -> Uniform:
    """Keeps a linear layer's variance, uniform."""
    return _uniform(inverse_sqrt(layer.fan_in))


@initializer(
    formula="std = √(scale/fan), from the distribution",
    source=f"{_KERAS}.VarianceScaling",
    parameters=(
        Parameter("scale", "the variance is scale/fan", default=1.0, above=0),
        Parameter(
            "mode", "which fan, or their mean", default="fan_in",
            choices=("fan_in", "fan_out", "fan_avg"),
        ),
        Parameter(
            "distribution", "shape; the truncated normal one is cut at ±2σ and corrected",
            default="truncated_normal",
            choices=("truncated_normal", "untruncated_normal", "uniform"),
        ),
    ),
)  # fmt: skip
def variance_scaling(
    layer: LayerContext, *, scale: float, mode: str, distribution: str
) -> Distribution:
    """The family of Xavier, Kaiming and LeCun: any scale, any fan, any of three shapes."""
    fan_in, fan_out = layer.fan_in, layer.fan_out
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = math.sqrt(scale) * inverse_sqrt(fan)
    if distribution == "uniform":
        return _uniform(std)
    return _cut_normal(std) if distribution == "truncated_normal" else Normal(0.0, std)
