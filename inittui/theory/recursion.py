"""Signal and gradient through the layers of a fully connected network, image by image.

Assumed: weights and biases of a layer are independent of each other and of those before, with the
mean and variance given; layers are wide. Then the pre-activations of an image are Gaussian,
N(m, v), given those of the layer before (Poole et al. 2016; Schoenholz et al. 2017):

    m′ = n E[W] E φ + E[b]          v′ = n Var W · E φ² + Var b
    k′ = n Var W · E φ_a φ_b + Var b                      covariance of two images
    D  = n⁺ Var W⁺ · D⁺ · E φ′_a φ′_b                     of the gradients by pre-activations

with n the fan-in, and ⁺ for the layer after. Finite widths spread ln v around that: by linear
response the spread of a layer passes on with s = ∂ ln v′ / ∂ ln v, and each layer of n units adds
Cov(φ_a², φ_b²) / (n Eφ_a² Eφ_b²), which is 5 / n for relu (Hanin and Rolnick 2018), to the layer
after, and 2 ⟨k²⟩ / (n v²) to what is measured of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inittui.theory.activations import Activation, Array
from inittui.theory.expectations import Moments, Pairs, mean_and_square, moments, pairs

_DRAWS = 256
"""Of logits, for the softmax's expectations."""

_GROUPS = 128
"""Images of about the same size go together: an image's recursion depends on its size, smoothly,
or on its mean pixel where weights have a mean."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What the recursion knows of one layer."""

    fan_in: int
    units: int
    weight_mean: float
    weight_variance: float
    bias_mean: float
    bias_variance: float
    activation: Activation
    """What follows it; of the last layer it is not asked."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The images that a network is given."""

    squares: Array
    """|x|²/n₀ of each: [images]."""
    means: Array
    """Mean pixel of each: [images]."""
    rows: npt.NDArray[np.intp]
    """Which of them the pairs are of: [samples]."""
    kernel: Array
    """x_a·x_b/n₀ of these: [samples, samples]."""
    labels: npt.NDArray[np.intp]
    """Of these: [samples]."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """One layer, over the batch. A spread is the standard deviation of the natural logarithm."""

    second_moment: float
    """Of the pre-activations."""
    spread: float
    correlation: float
    """Mean over pairs of images of that of their pre-activations."""
    gradient: float
    """Mean square of the loss's gradient by the pre-activations; the loss is the batch's mean."""
    gradient_spread: float
    share_of_means: float
    """Of the second moment: what the weights' mean alone gives."""


@dataclass(frozen=True, slots=True)
class _State:
    """Of one layer's pre-activations: means and variances of groups of images, covariances."""

    mean: Array | None
    variance: Array
    shares: Array
    """Of all images that are in each group."""
    sample_mean: Array | None
    covariance: Array
    spread: Array
    """Covariance of ln v of the samples, from the layers before."""

    moments: Moments
    """Of what follows it, at the samples."""
    pairs: Pairs
    by_weights: float
    """Mean square of what the weights' mean gives."""

    @property
    def sample_variance(self) -> Array:
        return np.diagonal(self.covariance)

    @property
    def correlation(self) -> Array:
        return _correlation(self.covariance)


def variances(layers: Sequence[Layer], squares: Array) -> Array:
    """Return the second moment of every layer's pre-activations, [layers, images].

    For layers whose weights and biases have mean 0; ``squares`` are |x|²/n₀: [images].
    """
    found = np.empty((len(layers), len(squares)))
    inputs = squares
    for number, layer in enumerate(layers):
        found[number] = layer.fan_in * layer.weight_variance * inputs + layer.bias_variance
        inputs = mean_and_square(layer.activation, found[number])[1]
    return found


def predict(layers: Sequence[Layer], batch: Batch) -> list[Predicted]:
    """Return what to expect of each layer, the last of which gives the logits of a softmax."""
    states = _forward(layers, batch)
    gradients = _backward(layers, states, batch)
    return [
        _predicted(layer, state, *gradient, len(batch.squares))
        for layer, state, gradient in zip(layers, states, gradients, strict=True)
    ]


def _predicted(
    layer: Layer, state: _State, gradient: float, gradient_spread: float, images: int
) -> Predicted:
    mean = 0.0 if state.mean is None else state.mean
    second_moment = float(state.shares @ (state.variance + mean**2))
    sample_mean = (
        np.zeros(len(state.covariance)) if state.sample_mean is None else state.sample_mean
    )
    size = float((state.sample_variance + sample_mean**2).mean())
    if size == 0:
        return Predicted(0.0, 0.0, np.nan, gradient, gradient_spread, 0.0)
    shares = state.sample_variance / size
    passed = np.outer(shares, shares) * state.spread
    k = state.covariance / size
    own = (2 * k + 4 * np.outer(sample_mean, sample_mean) / size) * k / layer.units
    spread = float(np.sqrt(max(_mean_over_pairs(passed + own, images), 0.0)))
    count = len(k)
    others = (float(state.correlation.sum()) - count) / max(count * (count - 1), 1)
    by_weights = state.by_weights / second_moment
    return Predicted(second_moment, spread, others, gradient, gradient_spread, by_weights)


def _mean_over_pairs(matrix: Array, images: int) -> float:
    """Return the mean over all pairs of images, a pair of one with itself too, from samples'."""
    own = float(np.diagonal(matrix).mean())
    count = len(matrix)
    if count < 2:
        return own
    others = (float(matrix.sum()) - own * count) / (count * (count - 1))
    return own / images + others * (1 - 1 / images)


def _correlation(covariance: Array) -> Array:
    size = np.sqrt(np.maximum(np.diagonal(covariance), np.finfo(float).tiny))
    return covariance / size / size[:, None]


def _grouped(batch: Batch, key: Array) -> tuple[Array, Array, Array]:
    """Return squares, means and shares of groups of images that are alike in ``key``."""
    groups = np.array_split(np.argsort(key, kind="stable"), min(_GROUPS, len(key)))
    return (
        np.array([batch.squares[group].mean() for group in groups]),
        np.array([batch.means[group].mean() for group in groups]),
        np.array([len(group) / len(key) for group in groups]),
    )


def _forward(layers: Sequence[Layer], batch: Batch) -> list[_State]:
    with_means = any(layer.weight_mean or layer.bias_mean for layer in layers)
    by_mean = any(layer.weight_mean for layer in layers)
    squares, first, shares = _grouped(batch, batch.means if by_mean else batch.squares)
    product, sample_first = batch.kernel, batch.means[batch.rows]
    noise = np.zeros_like(batch.kernel)
    states: list[_State] = []
    for layer in layers:
        scale = layer.fan_in * layer.weight_variance
        variance = scale * squares + layer.bias_variance
        covariance = scale * product + layer.bias_variance
        shift = layer.fan_in * layer.weight_mean
        mean = shift * first + layer.bias_mean if with_means else None
        sample_mean = shift * sample_first + layer.bias_mean if with_means else None
        own = np.diagonal(covariance)
        at = moments(layer.activation, own, sample_mean)
        both = pairs(layer.activation, own, _correlation(covariance), sample_mean)
        spread = noise * _ratio(scale * scale, own)
        by_weights = float(shares @ (shift * first) ** 2)
        states.append(
            _State(mean, variance, shares, sample_mean, covariance, spread, at, both, by_weights)
        )
        first, squares = mean_and_square(layer.activation, variance, mean)
        product, sample_first = both.product, at.mean
        response = np.outer(at.square_response, at.square_response)
        noise = _fresh(layer, states[-1]) + response * spread
    return states


def _fresh(layer: Layer, state: _State) -> Array:
    """Return the covariance of the mean of φ² over a layer's units, that of two images."""
    squares = state.moments.square
    return np.asarray((state.pairs.squares - np.outer(squares, squares)) / layer.units)


def _ratio(scale: float, variance: Array) -> Array:
    """Return ``scale`` / v_a v_b, 0 where nothing varies."""
    inverse = _inverse(variance)
    return np.asarray(scale * np.outer(inverse, inverse))


def _inverse(variance: Array) -> Array:
    return np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)


def _backward(
    layers: Sequence[Layer], states: Sequence[_State], batch: Batch
) -> list[tuple[float, float]]:
    """Return mean square and spread of the gradients by each layer's pre-activations."""
    images, last = len(batch.squares), states[-1]
    classes = layers[-1].units
    square, noise, lean = _softmax(last.variance, classes)
    sample_square, _, _ = _softmax(last.sample_variance, classes)
    same = batch.labels == batch.labels[:, None]
    # Of two images the probabilities agree as far as their logits do.
    agreeing = last.correlation.clip(0, 1) * np.sqrt(np.outer(sample_square, sample_square))
    product = agreeing + (1 - last.correlation.clip(0, 1)) / classes + same - 2 / classes
    own = sample_square + 1 - 2 / classes
    np.fill_diagonal(product, own)
    per_image = square + 1 - 2 / classes
    # T: how ln δ² of this layer answers to ln v of it, through all layers after.
    answer = np.full(len(batch.rows), lean)
    spread_back = np.full_like(product, noise)
    found = [
        _of_layer(
            float(last.shares @ per_image), own, spread_back, answer, last.spread, images, classes
        )
    ]
    fresh_after = np.zeros_like(product)
    for number in range(len(layers) - 2, -1, -1):
        layer, after, state = layers[number], layers[number + 1], states[number]
        at, both = state.moments, state.pairs
        next_variance = states[number + 1].sample_variance
        gain = after.fan_in * after.weight_variance
        # What the width of this layer adds to ln v of the next, seen through the layers after.
        fresh_after += (
            _fresh(layer, state) * _ratio(gain * gain, next_variance) * np.outer(answer, answer)
        )
        slope = np.maximum(at.slope_square, np.finfo(float).tiny)
        passes = gain * at.square_response * _inverse(next_variance)
        answer = at.slope_response / slope + passes * answer
        size = np.sqrt(np.outer(own, own))
        alike = np.divide(product, size, out=np.zeros_like(size), where=size > 0)
        bends = both.slope_squares / np.outer(slope, slope)
        spread_back = spread_back + ((1 + 2 * alike**2) * bends - 1) / layer.units
        scale = after.units * after.weight_variance
        per_image = scale * per_image * _slope_square(layer.activation, state)
        product = scale * product * both.slopes
        own = scale * own * at.slope_square
        found.append(
            _of_layer(
                float(last.shares @ per_image),
                own,
                spread_back + fresh_after,
                answer,
                state.spread,
                images,
                classes,
            )
        )
    return found[::-1]


def _slope_square(phi: Activation, state: _State) -> Array:
    return moments(phi, state.variance, state.mean).slope_square


def _of_layer(
    per_image: float,
    own: Array,
    spread: Array,
    answer: Array,
    forward: Array,
    images: int,
    classes: int,
) -> tuple[float, float]:
    shares = own / own.mean() if own.any() else own
    total = spread + np.outer(answer, answer) * forward
    variance = _mean_over_pairs(np.outer(shares, shares) * total, images)
    mean_square = per_image / (classes * images**2)
    return mean_square, float(np.sqrt(max(variance, 0.0)))


def _softmax(variance: Array, classes: int) -> tuple[Array, float, float]:
    """Return E|p|² of each image, p the softmax of logits N(0, v), and how |p|² + 1 − 2/C varies.

    Its variance relative to its mean, as if all images had the same logits, and ∂ ln / ∂ ln v.
    """
    draws = np.random.default_rng(0).standard_normal((_DRAWS, classes))
    low, high = float(variance.min()), float(variance.max())
    grid = np.geomspace(max(low, 1e-12), max(high, 1e-12) * 1.0001, 9)
    logits = np.sqrt(grid)[:, None, None] * draws
    logits -= logits.max(-1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(-1, keepdims=True)
    squares = (p * p).sum(-1)
    means = squares.mean(1)
    total = means + 1 - 2 / classes
    middle = len(grid) // 2
    noise = float(squares[middle].var() / total[middle] ** 2)
    lean = float(np.log(total[-1] / total[0]) / np.log(grid[-1] / grid[0]))
    return np.interp(variance, grid, means), noise, lean
