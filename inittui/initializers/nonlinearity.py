"""The nonlinearity behind a layer: how much it shrinks a signal, and the gain against that."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inittui.errors import unknown

_REACH = 12.0
"""Standard deviations that are integrated over; beyond them lies 4e-33 of a normal's mass."""

_INTERVALS = 4_000
"""Of width 0.006, so that 0 and the kinks of hardswish and relu6 are ends of Simpson pairs."""


def _gelu(z: float) -> float:
    return z * (1 + math.erf(z / math.sqrt(2))) / 2


def _silu(z: float) -> float:
    return z / (1 + math.exp(-z))


def _elu(z: float) -> float:
    return z if z > 0 else math.expm1(z)


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def _mish(z: float) -> float:
    return z * math.tanh(_softplus(z))


def _softsign(z: float) -> float:
    return z / (1 + abs(z))


def _relu6(z: float) -> float:
    return min(max(z, 0.0), 6.0)


def _hardswish(z: float) -> float:
    return z * _relu6(z + 3) / 6


_FIXED: Mapping[str, float] = {
    "identity": 1.0,
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}
"""The values of ``torch.nn.init.calculate_gain``."""

_INTEGRATED: Mapping[str, Callable[[float], float]] = {
    "gelu": _gelu,
    "silu": _silu,
    "elu": _elu,
    "softplus": _softplus,
    "mish": _mish,
    "softsign": _softsign,
    "relu6": _relu6,
    "hardswish": _hardswish,
}
"""Nonlinearities that torch has no gain for."""

NONLINEARITIES: tuple[str, ...] = (*_FIXED, "leaky_relu", *_INTEGRATED)


@dataclass(frozen=True, slots=True)
class Follower:
    """The nonlinearity that a layer's outputs meet."""

    name: str = "identity"
    """One of `NONLINEARITIES`, or another one's name, which has no gain."""
    negative_slope: float = 0.01
    """Of the leaky ReLU, if it is one."""


def gain(nonlinearity: str, negative_slope: float = 0.01) -> float:
    """Return the factor by which weights grow to make up for a nonlinearity.

    Torch's own value where torch has one (sigmoid 1, tanh 5/3, selu 3/4 are empirical); for the
    others 1/√E[φ(z)²] with z ~ N(0, 1), which keeps the second moment (He et al. 2015).

    Raises:
        UsageError: no such nonlinearity.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + negative_slope**2))
    if nonlinearity in _FIXED:
        return _FIXED[nonlinearity]
    if nonlinearity in _INTEGRATED:
        return _integrated_gain(nonlinearity)
    raise unknown("nonlinearity", nonlinearity, NONLINEARITIES)


@functools.cache
def _integrated_gain(nonlinearity: str) -> float:
    phi = _INTEGRATED[nonlinearity]
    return 1 / math.sqrt(_expectation(lambda z: phi(z) ** 2))


def _expectation(function: Callable[[float], float]) -> float:
    """Return E[function(z)] for z ~ N(0, 1) by Simpson's rule."""
    step = 2 * _REACH / _INTERVALS
    total = 0.0
    for index in range(_INTERVALS + 1):
        z = -_REACH + index * step
        weight = 1 if index in (0, _INTERVALS) else 4 if index % 2 else 2
        total += weight * function(z) * math.exp(-z * z / 2)
    return total * step / 3 / math.sqrt(2 * math.pi)
