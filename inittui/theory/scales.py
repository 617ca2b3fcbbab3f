"""Fixed points of a deep network of one activation: how far a signal and a gradient get.

Of fully connected layers of equal width with σ_w² = fan_in · Var W and σ_b² = Var b, infinitely
wide (Poole et al. 2016; Schoenholz et al. 2017):

    q′ = σ_w² E φ(√q z)² + σ_b²                   variance of the pre-activations, fixed at q*
    χ₁ = σ_w² E φ′(√q* z)²                        growth of a gradient's square per layer back
    c′ = (σ_w² E φ(u₁)φ(u₂) + σ_b²) / q*          correlation of two inputs, fixed at c*
    ξ_c = -1 / ln(σ_w² E φ′(u₁)φ′(u₂)) at c*      layers after which that is e times nearer to c*
    ξ_grad = 1 / |ln χ₁|                          layers over which a gradient changes by e
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inittui.theory.activations import Activation, Array, activation
from inittui.theory.expectations import mean_and_square, moments, pairs_at

State = Literal["ordered", "chaotic", "critical"]
"""χ₁ under 1, over 1, or as near to 1 as the edge of chaos is wide."""

EDGE = 0.002
"""|χ₁ − 1| up to which a network is on the edge: there neither correlation nor gradient decays
exponentially, and both depth scales are infinite."""

_SMALLEST, _LARGEST = 1e-10, 1e8
"""Variances between which a fixed point is looked for; beyond, it is 0 or infinite."""

_REACHED = 10.0
"""An unstable fixed point as near as this factor is told where no stable one draws the signal."""

_TOUCHING = 1e-5
"""Of q: how near to q the map may pass where it only touches it, as that of the critical GELU;
rounding of σ_w² and σ_b² then makes two fixed points of it, or none."""
_ROUNDS, _FINER = 8, 65
"""Grids, each 64 times finer than the one before, in which a place is looked for."""

_SPLIT = 1.5
"""Factor within which such two are taken for the one between them."""


@dataclass(frozen=True, slots=True)
class Scales:
    """Where an infinitely deep network ends up, and over how many layers."""

    q: float
    """Fixed point of the pre-activations' variance: 0 where the signal dies out, infinite where it
    grows without end; where each is one (relu at σ_w² = 2), the one it began with."""
    is_stable: bool
    """Whether networks near the fixed point stay near; those of gelu at its gain drift away."""
    chi: float
    """χ₁."""
    correlation: float
    """c*; NaN where there is none, as the signal dies out or grows without end."""
    xi_correlation: float
    """ξ_c; infinite on the edge, and where there is no depth scale."""
    xi_gradient: float
    """ξ_grad; infinite on the edge."""
    state: State


def scales(
    name: str,
    weight_variance_times_fan_in: float,
    bias_variance: float,
    *,
    start: float = 1.0,
    edge: float = EDGE,
) -> Scales:
    """Return fixed point, χ₁ and depth scales of an activation.

    Args:
        name: of the activation, see `activations.COVERED`.
        weight_variance_times_fan_in: σ_w².
        bias_variance: σ_b².
        start: variance of the first pre-activations; it decides between several fixed points.
        edge: |χ₁ − 1| up to which the state is "critical"; wider for measured variances.

    Raises:
        UsageError: the theory isn't worked out for this activation.
    """
    phi = activation(name)
    weight, bias = float(weight_variance_times_fan_in), float(bias_variance)
    q, is_stable = _fixed_point(phi, weight, bias, start)
    # Not at 0 itself: there φ′ may jump, and of the smallest signal half lies on either side.
    at = np.array([min(max(q, _SMALLEST), _LARGEST)])
    chi = weight * float(moments(phi, at).slope_square[0])
    if abs(chi - 1) <= edge:
        state: State = "critical"
        return Scales(q, is_stable, chi, 1.0, math.inf, math.inf, state)
    state = "ordered" if chi < 1 else "chaotic"
    xi_gradient = 1 / abs(math.log(chi)) if chi > 0 else 0.0
    if not 0 < q < math.inf:
        return Scales(q, is_stable, chi, math.nan, math.inf, xi_gradient, state)
    c = 1.0 if chi < 1 else _fixed_correlation(phi, weight, bias, q)
    slope = weight * float(pairs_at(phi, q, np.array([c]))[1][0])
    xi = -1 / math.log(slope) if 0 < slope < 1 else 0.0 if slope <= 0 else math.inf
    return Scales(q, is_stable, chi, c, xi, xi_gradient, state)


def critical_weight_variance(name: str, bias_variance: float) -> float | None:
    """Return the least σ_w² at which χ₁ = 1 for this σ_b²: the edge of chaos; None without one.

    Along the edge σ_w² = 1 / E φ′² and σ_b² = q − σ_w² E φ², both functions of q alone.
    """
    phi = activation(name)
    if phi.negative_slope is not None:
        return 2 / (1 + phi.negative_slope**2)
    grid = np.geomspace(_SMALLEST, _LARGEST, 400)

    def excess(q: Array) -> Array:
        at = moments(phi, q)
        with np.errstate(divide="ignore", over="ignore"):
            return q - at.square / at.slope_square - bias_variance

    is_zero_at_zero = not phi.value(np.zeros(1)).any()
    if bias_variance == 0 and is_zero_at_zero and excess(grid[:1])[0] >= -1e-12:
        # Of the smallest signal half lies on either side, where φ′ may differ.
        sides = phi.slope(np.array([np.nextafter(0, -1), np.nextafter(0, 1)]))
        return float(1 / (sides**2).mean())
    roots = _roots(excess, grid)
    if not roots:
        return None
    return float(1 / moments(phi, np.array(roots[:1])).slope_square[0])


def _roots(function: Callable[[Array], Array], grid: Array) -> list[float]:
    """Return where a function changes its sign, ascending; ``function`` takes and gives arrays.

    By ever finer grids, not by Brent's method: importing scipy.optimize takes a quarter of the time
    that importing torch does, and this is asked before every measurement.
    """
    signs = np.sign(function(grid))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    return [_root(function, grid[i], grid[i + 1]) for i in changes]


def _root(
    function: Callable[[Array], Array], low: float, high: float, finer: int = _FINER
) -> float:
    """Return where a function changes its sign between two places at which its signs differ.

    In grids of ``finer`` places, down to the same precision: few where each takes long.
    """
    for _ in range(math.ceil(_ROUNDS * math.log(_FINER - 1) / math.log(finer - 1))):
        grid = np.linspace(low, high, finer)
        signs = np.sign(function(grid))
        at = int(np.argmax(signs[1:] != signs[0]))
        low, high = float(grid[at]), float(grid[at + 1])
    return (low + high) / 2


def _touching(miss: Callable[[Array], Array], grid: Array) -> list[float]:
    """Return where the map runs along q: it is q, and its slope 1, up to `_TOUCHING`."""
    best, least = 0.0, math.inf
    for _ in range(_ROUNDS):
        values = miss(grid)
        at = int(np.argmin(values[1:-1])) + 1
        best, least = float(grid[at]), float(values[at])
        if least > 100 * _TOUCHING:
            return []
        low, high = float(grid[at - 1]), float(grid[at + 1])
        grid = np.geomspace(low, high, _FINER)
    return [best] if least < _TOUCHING else []


@functools.lru_cache(maxsize=512)
def _fixed_point(phi: Activation, weight: float, bias: float, start: float) -> tuple[float, bool]:
    """Return the fixed point that the variance goes to from ``start``, and whether it stays."""
    if phi.negative_slope is not None:
        factor = weight * (1 + phi.negative_slope**2) / 2
        if bias == 0 and abs(factor - 1) < 1e-9:
            return start, True
        if factor >= 1:
            return math.inf, True
        return bias / (1 - factor), True

    def growth(q: Array) -> Array:
        return weight * mean_and_square(phi, q)[1] + bias - q

    def bend(q: Array) -> Array:
        at = moments(phi, q)
        return weight * at.square_response - q

    # Sign changes find the unstable ones too, which iteration never reaches.
    grid = np.geomspace(_SMALLEST, _LARGEST, 400)
    roots = _roots(growth, grid)

    touching = _touching(lambda q: (abs(growth(q)) + abs(bend(q))) / q, grid)
    apart = [q for q in roots if all(abs(math.log(q / t)) > math.log(_SPLIT) for t in touching)]
    at_start = float(growth(np.array([start]))[0])
    fixed = sorted([*apart, *touching])
    ahead = [q for q in fixed if (q > start) == (at_start > 0)]
    if ahead:
        q = ahead[0] if at_start > 0 else ahead[-1]
        response = float(bend(np.array([q]))[0])
        return q, response <= _TOUCHING * q
    behind = [q for q in fixed if start / _REACHED < q < start * _REACHED]
    if behind:
        return min(behind, key=lambda q: abs(math.log(q / start))), False
    return (math.inf, True) if at_start > 0 else (0.0, True)


def _fixed_correlation(phi: Activation, weight: float, bias: float, q: float) -> float:
    def growth(c: Array) -> Array:
        return np.asarray((weight * pairs_at(phi, q, c)[0] + bias) / q - c)

    # 1 is a fixed point too, but an unstable one: above it the map is steeper than 1.
    nearly = 1 - 1e-6
    at_ends = growth(np.array([0.0, nearly]))
    if at_ends[0] <= 1e-14:
        return 0.0
    return _root(growth, 0.0, nearly, finer=5) if at_ends[1] < 0 else 1.0
