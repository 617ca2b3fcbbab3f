"""Expectations of a nonlinearity over Gaussians: of its square, its slope's square, and pairs.

With u ~ N(m, v) and φ the nonlinearity. Closed where φ is linear on either side of 0 and m = 0 (the
arc-cosine kernels of Cho and Saul 2009); else Gauss-Legendre on both sides of the kink, where v is
large in parts that get smaller towards it, as all that bends lies there; and for
pairs Mehler's formula: E φ(u_a)ψ(u_b) = Σ_k c^k E[φ h_k] E[ψ h_k] with the correlation c and the
normalised Hermite polynomials h_k.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inittui.theory.activations import Activation, Array

_REACH = 9.0
"""Standard deviations that are integrated over; beyond them lies 2e-19 of a normal's mass."""

_NODES = 48
"""On each side of the kink."""

_LARGE = 60.0
"""A variance from which on these are too far apart: of tanh at 100 the slope's square is off by
1e-5, at 10⁴ by a fifth, and at 10⁶ all of it is missed. The parts keep it to 1e-7."""

_RATIO, _NODES_IN_PART = 4.0, 10
"""Where the variance is large each part of a side ends so many times nearer to the kink; the first
one has `_NODES`, for where the kink is far out all of the normal's mass lies in it."""

_BENT = 3.0
"""How far the last part reaches, in units of u: over about so much tanh bends."""

_ORDERS = 40
"""Hermite polynomials that pairs are expanded in; what is left has a bound, see `_mehler`."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Of one nonlinearity, each of the shape of the variances."""

    mean: Array
    """E φ(u)."""
    square: Array
    """E φ(u)²."""
    slope_square: Array
    """E φ′(u)²."""
    square_response: Array
    """∂ E φ² / ∂ ln v."""
    slope_response: Array
    """∂ E φ′² / ∂ ln v."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Of one nonlinearity at each pair of samples a and b: matrices [samples, samples]."""

    product: Array
    """E φ_a φ_b."""
    squares: Array
    """E φ_a² φ_b²."""
    slopes: Array
    """E φ′_a φ′_b."""
    slope_squares: Array
    """E φ′_a² φ′_b²."""


def mean_and_square(
    activation: Activation, variance: Array, mean: Array | None = None
) -> tuple[Array, Array]:
    """Return E φ(u) and E φ(u)² for u ~ N(``mean``, ``variance``), each of their shape."""
    if mean is None and activation.negative_slope is not None:
        a = activation.negative_slope
        return np.sqrt(variance / (2 * np.pi)) * (1 - a), variance * (1 + a * a) / 2
    _, points, weights = _points(variance, mean)
    values = activation.value(points)
    return (weights * values).sum(-1), (weights * values * values).sum(-1)


def moments(activation: Activation, variance: Array, mean: Array | None = None) -> Moments:
    """Return all that a layer's recursion needs; ``mean`` None is 0, with the closed forms.

    The responses are Stein's: ∂ E f(m + √v z) / ∂ ln v = E f · (z² − 1) / 2.
    """
    if mean is None and activation.negative_slope is not None:
        a = activation.negative_slope
        first, square = mean_and_square(activation, variance)
        ones = np.ones_like(variance)
        return Moments(first, square, ones * (1 + a * a) / 2, square, 0 * ones)
    z, points, weights = _points(variance, mean)
    values, slopes = activation.value(points), activation.slope(points)
    bend = weights * (z * z - 1) / 2
    squares, slope_squares = values * values, slopes * slopes
    return Moments(
        (weights * values).sum(-1),
        (weights * squares).sum(-1),
        (weights * slope_squares).sum(-1),
        (bend * squares).sum(-1),
        (bend * slope_squares).sum(-1),
    )


def pairs(
    activation: Activation,
    variance: Array,
    correlation: Array,
    mean: Array | None = None,
    of_squares: Array | None = None,
) -> Pairs:
    """Return the expectations of all pairs of samples.

    Args:
        activation: φ.
        variance: [samples].
        correlation: [samples, samples], of the Gaussians.
        mean: [samples]; None is 0, with the closed forms.
        of_squares: the correlation that products of squares are taken at; None is the same.
    """
    c = np.clip(correlation, -1.0, 1.0)
    c2 = c if of_squares is None else np.clip(of_squares, -1.0, 1.0)
    if mean is None and activation.negative_slope is not None:
        return _closed_pairs(activation.negative_slope, variance, c, c2)
    z, points, weights = _points(variance, mean)
    values, slopes = activation.value(points), activation.slope(points)
    of = np.stack([values, values * values, slopes, slopes * slopes])
    central = _central_hermite(_parts(variance)) if len(z) == 1 else None
    return Pairs(*_mehler(of, weights, z, np.stack([c, c2, c, c2]), central))


def pairs_at(activation: Activation, variance: float, c: Array) -> tuple[Array, Array]:
    """Return E φ_a φ_b and E φ′_a φ′_b of two Gaussians of one variance, for each correlation.

    By one integral in the other, u_b = c u_a + √(1 − c²) √v z, each on both sides of the kink: near
    c = 1 Mehler's series takes very many orders for what bends within a part of a standard
    deviation, as elu does where v is large.
    """
    c = np.clip(c, -1.0, 1.0)
    if activation.negative_slope is not None:
        of = c[:, None]
        found = _closed_pairs(activation.negative_slope, np.full(1, variance), of, of)
        return found.product[:, 0], found.slopes[:, 0]
    parts = _parts(np.array(variance))
    (z,), (outer,) = _central_nodes(parts)
    apart = np.sqrt(1 - c * c)[:, None]
    kink = np.clip(-c[:, None] * z / np.maximum(apart, 1e-9), -_REACH, _REACH)
    inner, weights = _split_nodes(kink, parts)
    size = np.sqrt(variance)
    other = size * (c[:, None, None] * z[:, None] + apart[..., None] * inner)

    def both(of: Callable[[Array], Array]) -> Array:
        return np.asarray((weights * of(other)).sum(-1) @ (outer * of(size * z)))

    return both(activation.value), both(activation.slope)


def _kink(variance: Array, mean: Array | None) -> Array:
    """Return where, in standard deviations from the mean, a kink at 0 lies."""
    if mean is None:
        return np.zeros(1)
    tiny = np.finfo(float).tiny
    return np.clip(-mean / np.sqrt(np.maximum(variance, tiny)), -_REACH, _REACH)


def _points(variance: Array, mean: Array | None) -> tuple[Array, Array, Array]:
    """Return nodes, the Gaussians' values at them, [*shape, nodes], and the nodes' weights."""
    z, weights = _nodes(_kink(variance, mean), _parts(variance))
    points = np.sqrt(variance)[..., None] * z
    return z, (points if mean is None else points + mean[..., None]), weights


def _parts(variance: Array) -> int:
    """Return of how many parts a side is made; 1 where no variance is large."""
    largest = float(np.max(variance, initial=0.0))
    if not _LARGE < largest < np.inf:
        return 1
    return math.ceil(math.log(_REACH * math.sqrt(largest) / _BENT, _RATIO)) + 1


def _nodes(kink: Array, parts: int) -> tuple[Array, Array]:
    """Return nodes and weights, [*kink's shape, nodes], for expectations over N(0, 1)."""
    if kink.shape == (1,) and not kink.any():
        return _central_nodes(parts)
    return _split_nodes(kink, parts)


@functools.cache
def _central_nodes(parts: int) -> tuple[Array, Array]:
    return _split_nodes(np.zeros(1), parts)


@functools.cache
def _central_hermite(parts: int) -> Array:
    return _hermite(_central_nodes(parts)[0][0])


@functools.cache
def _side(parts: int) -> tuple[Array, Array]:
    """Return nodes and weights of the way from the kink, 0, to the end of a side, 1."""
    ends = [0.0, *(_RATIO**-place for place in range(parts - 1, -1, -1))]
    nodes, weights = [], []
    for low, high in pairwise(ends):
        x, w = np.polynomial.legendre.leggauss(_NODES if high == 1 else _NODES_IN_PART)
        nodes.append(low + (high - low) / 2 * (1 + x))
        weights.append((high - low) / 2 * w)
    return np.concatenate(nodes), np.concatenate(weights)


def _split_nodes(kink: Array, parts: int) -> tuple[Array, Array]:
    at, w = _side(parts)
    left, right = (kink + _REACH)[..., None], (_REACH - kink)[..., None]
    z = np.concatenate([kink[..., None] - left * at, kink[..., None] + right * at], -1)
    weights = np.concatenate([left * w, right * w], -1) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return z, weights


def _hermite(z: Array) -> Array:
    """Return the normalised Hermite polynomials at the nodes: [orders, *z's shape]."""
    found = np.empty((_ORDERS, *z.shape))
    found[0], found[1] = 1, z
    for k in range(1, _ORDERS - 1):
        found[k + 1] = (z * found[k] - np.sqrt(k) * found[k - 1]) / np.sqrt(k + 1)
    return found


def _mehler(of: Array, weights: Array, z: Array, c: Array, central: Array | None) -> Array:
    """Sum the series of several functions, [functions, samples, nodes], for all pairs.

    ``c`` is [functions, samples, samples]; ``central`` are the polynomials at the nodes, where all
    samples share these.

    What the orders left out add at c = 1 is taken times c to the next order. So it is exact at
    c = 1, where the series converges slowest.
    """
    weighted = weights * of
    if central is not None:
        coefficients = weighted @ central.T
    else:
        coefficients = np.einsum("fsn,ksn->fsk", weighted, _hermite(z), optimize=True)
    squares = (weighted * of).sum(-1)
    rest = np.sqrt(np.maximum(squares - (coefficients**2).sum(-1), 0))
    total: Array = rest[:, :, None] * rest[:, None, :]
    for k in range(_ORDERS - 1, -1, -1):
        order = coefficients[:, :, k]
        total *= c
        total += order[:, :, None] * order[:, None, :]
    return total


def _closed_pairs(a: float, variance: Array, c: Array, c2: Array) -> Pairs:
    """Cho and Saul's kernels of order 0, 1 and 2, for both sides of a piecewise linear φ."""
    sizes = np.outer(variance, variance)

    def step(c: Array) -> Array:
        return 0.5 - np.arccos(c) / (2 * np.pi)

    def ramp(c: Array) -> Array:
        angle = np.arccos(c)
        return (np.sqrt(1 - c * c) + (np.pi - angle) * c) / (2 * np.pi)

    def square(c: Array) -> Array:
        angle = np.arccos(c)
        return (3 * c * np.sqrt(1 - c * c) + (np.pi - angle) * (1 + 2 * c * c)) / (2 * np.pi)

    def both(kernel: Array, opposite: Array, a: float) -> Array:
        return (1 + a * a) * kernel + 2 * a * opposite

    return Pairs(
        both(ramp(c), ramp(-c), -a) * np.sqrt(sizes),
        both(square(c2), square(-c2), a * a) * sizes,
        both(step(c), step(-c), a),
        both(step(c2), step(-c2), a * a),
    )
