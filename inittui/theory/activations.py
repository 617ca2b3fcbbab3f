"""The nonlinearities as functions of numbers: value, derivative, and where they have a kink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from inittui.errors import unknown

Array = npt.NDArray[np.float64]

_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772
"""Klambauer et al. 2017."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One nonlinearity φ; a kink, if it has one, is at 0."""

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    negative_slope: float | None = None
    """Of one that is linear on either side of 0: φ(u) = u for u > 0, else so many times u."""


def _sigmoid(u: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(u / 2)))


def _sigmoid_slope(u: Array) -> Array:
    value = _sigmoid(u)
    return value * (1 - value)


def _tanh_slope(u: Array) -> Array:
    return np.asarray(1 - np.tanh(u) ** 2)


def _normal_cdf(u: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(u))


def _normal_density(u: Array) -> Array:
    return np.asarray(np.exp(-u * u / 2) / np.sqrt(2 * np.pi))


def _erf(u: Array) -> Array:
    from scipy.special import erf

    return np.asarray(erf(u))


def _elu(scale: float, alpha: float) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    def value(u: Array) -> Array:
        return scale * np.where(u > 0, u, alpha * np.expm1(np.minimum(u, 0)))

    def slope(u: Array) -> Array:
        return scale * np.where(u > 0, 1.0, alpha * np.exp(np.minimum(u, 0)))

    return value, slope


def _piecewise_linear(name: str, negative: float) -> Activation:
    return Activation(
        name,
        lambda u: np.where(u > 0, u, negative * u),
        lambda u: np.where(u > 0, 1.0, negative),
        negative,
    )


_ALL = (
    _piecewise_linear("relu", 0.0),
    _piecewise_linear("leaky_relu", 0.01),
    _piecewise_linear("identity", 1.0),
    Activation("tanh", lambda u: np.asarray(np.tanh(u)), _tanh_slope),
    Activation("sigmoid", _sigmoid, _sigmoid_slope),
    Activation("erf", _erf, lambda u: np.asarray(2 / np.sqrt(np.pi) * np.exp(-u * u))),
    Activation(
        "gelu", lambda u: u * _normal_cdf(u), lambda u: _normal_cdf(u) + u * _normal_density(u)
    ),
    Activation(
        "silu", lambda u: u * _sigmoid(u), lambda u: _sigmoid(u) + u * _sigmoid_slope(u)
    ),
    Activation("elu", *_elu(1.0, 1.0)),
    Activation("selu", *_elu(_SELU_SCALE, _SELU_ALPHA)),
    Activation("softplus", lambda u: np.asarray(np.logaddexp(0, u)), _sigmoid),
)  # fmt: skip

COVERED: Mapping[str, Activation] = MappingProxyType({each.name: each for each in _ALL})
"""What the theory is worked out for, by the names that torch's modules have in inittui."""


def activation(name: str) -> Activation:
    """Raise `UsageError` for a nonlinearity that the theory isn't worked out for."""
    if name not in COVERED:
        raise unknown("nonlinearity", name, COVERED)
    return COVERED[name]
