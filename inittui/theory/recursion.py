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
from inittui.theory.expectations import mean_and_square, moments, pairs

_DRAWS = 512
"""Of logits, for the softmax's expectations."""


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


@dataclass(frozen=True, slots=True)
class _State:
    """Of one layer's pre-activations: means and variances [images], covariances of the samples."""

    mean: Array | None
    variance: Array
    sample_mean: Array | None
    covariance: Array
    spread: Array
    """Covariance of ln v of the samples, from the layers before."""

    @property
    def sample_variance(self) -> Array:
        return np.diagonal(self.covariance)

    @property
    def correlation(self) -> Array:
        size = np.sqrt(np.maximum(self.sample_variance, np.finfo(float).tiny))
        return self.covariance / size / size[:, None]


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
        _predicted(layer, state, *gradient)
        for layer, state, gradient in zip(layers, states, gradients, strict=True)
    ]


def _predicted(layer: Layer, state: _State, gradient: float, spread: float) -> Predicted:
    mean = np.zeros_like(state.variance) if state.mean is None else state.mean
    sample_mean = (
        np.zeros(len(state.covariance)) if state.sample_mean is None else state.sample_mean
    )
    seconds = state.sample_variance + sample_mean**2
    size = seconds.mean()
    if size == 0:
        return Predicted(0.0, 0.0, np.nan, gradient, spread)
    shares = state.sample_variance / size
    passed = _mean_over_pairs(shares * shares[:, None] * state.spread, len(mean))
    own = 2 * state.covariance**2
    own += 4 * np.outer(sample_mean, sample_mean) * state.covariance
    own_spread = _mean_over_pairs(own, len(mean)) / size**2 / layer.units
    off_diagonal = ~np.eye(len(seconds), dtype=bool)
    return Predicted(
        float((state.variance + mean**2).mean()),
        float(np.sqrt(max(passed + own_spread, 0.0))),
        float(state.correlation[off_diagonal].mean()) if len(seconds) > 1 else np.nan,
        gradient,
        spread,
    )


def _mean_over_pairs(matrix: Array, images: int) -> float:
    """Return the mean over all pairs of images, a pair of one with itself too, from samples'."""
    own = float(np.diagonal(matrix).mean())
    count = len(matrix)
    if count < 2:
        return own
    others = (float(matrix.sum()) - own * count) / (count * (count - 1))
    return own / images + others * (1 - 1 / images)


def _forward(layers: Sequence[Layer], batch: Batch) -> list[_State]:
    with_means = any(layer.weight_mean or layer.bias_mean for layer in layers)
    squares, product, first = batch.squares, batch.kernel, batch.means
    noise = np.zeros_like(batch.kernel)
    states: list[_State] = []
    for number, layer in enumerate(layers):
        scale = layer.fan_in * layer.weight_variance
        variance = scale * squares + layer.bias_variance
        covariance = scale * product + layer.bias_variance
        mean = layer.fan_in * layer.weight_mean * first + layer.bias_mean if with_means else None
        sample_mean = None if mean is None else mean[batch.rows]
        spread = noise * _ratio(scale * scale, np.diagonal(covariance))
        states.append(_State(mean, variance, sample_mean, covariance, spread))
        if number + 1 == len(layers):
            break
        first, squares = mean_and_square(layer.activation, variance, mean)
        noise, product = _passed_on(layer, states[-1])
    return states


def _ratio(scale: float, variance: Array) -> Array:
    """Return ``scale`` / v_a v_b, 0 where nothing varies."""
    inverse = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
    return np.asarray(scale * np.outer(inverse, inverse))


def _passed_on(layer: Layer, state: _State) -> tuple[Array, Array]:
    """Return covariances of E φ² of the samples, as widths make it vary, and E φ_a φ_b."""
    at = moments(layer.activation, state.sample_variance, state.sample_mean)
    both = pairs(layer.activation, state.sample_variance, state.correlation, state.sample_mean)
    fresh = (both.squares - np.outer(at.square, at.square)) / layer.units
    response = np.outer(at.square_response, at.square_response)
    return fresh + response * state.spread, both.product


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
    found = [_of_layer(per_image, own, spread_back, answer, last.spread, images, classes)]
    fresh_after = np.zeros_like(product)
    for number in range(len(layers) - 2, -1, -1):
        layer, after, state = layers[number], layers[number + 1], states[number]
        scale = after.units * after.weight_variance
        at = moments(layer.activation, state.sample_variance, state.sample_mean)
        both = pairs(layer.activation, state.sample_variance, state.correlation, state.sample_mean)
        # What the width of this layer adds to ln v of the next, seen through the layers after.
        next_variance = states[number + 1].sample_variance
        gain = layers[number + 1].fan_in * after.weight_variance
        fresh = (both.squares - np.outer(at.square, at.square)) / layer.units
        fresh_after += fresh * _ratio(gain * gain, next_variance) * np.outer(answer, answer)
        passes = gain * at.square_response * np.divide(
            1.0, next_variance, out=np.zeros_like(next_variance), where=next_variance > 0
        )  # fmt: skip
        slope = np.maximum(at.slope_square, np.finfo(float).tiny)
        answer = at.slope_response / slope + passes * answer
        size = np.sqrt(np.outer(own, own))
        alike = np.divide(product, size, out=np.zeros_like(size), where=size > 0)
        spread_back = spread_back + (
            (1 + 2 * alike**2) * both.slope_squares / np.outer(slope, slope) - 1
        ) / layer.units  # fmt: skip
        everywhere = moments(layer.activation, state.variance, state.mean).slope_square
        per_image = scale * per_image * everywhere
        product = scale * product * both.slopes
        own = scale * own * at.slope_square
        found.append(
            _of_layer(
                per_image, own, spread_back + fresh_after, answer, state.spread, images, classes
            )
        )
    return found[::-1]


def _of_layer(
    per_image: Array,
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
    mean_square = float(per_image.mean()) / (classes * images**2)
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
