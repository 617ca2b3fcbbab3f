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

Of finite width the correlations of two images wander, too. Between images that a chaotic network
has parted, c* = 0, that is all they are, and what the spread goes by are their mean squares: c² and
its variance, see `_wandered`.

Gradients spread likewise on their way back: a layer of n units adds (1 + 2 c_δ²) E φ′_a² φ′_b² /
(n Eφ′_a² Eφ′_b²) − 1 / n, which is 5 / n for relu on one image, as Hanin and Nica (2020) have it,
and what the forward pass did to ln v comes with it, by ∂ ln Eφ′² / ∂ ln v (Roberts, Yaida and Hanin
2022 keep both). They start with the spread of the logits' own, see
`logits.gradients_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inittui.theory.activations import Activation, Array
from inittui.theory.expectations import Moments, Pairs, mean_and_square, moments, pairs
from inittui.theory.logits import gradients_at

_GROUPS, _GROUPS_BY_MEAN = 128, 1024
"""Images of about the same size go together: an image's recursion depends on its size, smoothly,
or on its mean pixel where weights have a mean: there the groups have to be many, as squares of
means count, and with no variance of weights each image's outputs are exact."""


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
    """Of all: [images]."""

    def pair_weights(self) -> Array:
        """Return what each pair of samples stands for among all pairs of images.

        [samples, samples], of sum 1. Pairs of one class and of two have their shares in the batch,
        and so has an image with itself.
        """
        images, samples = len(self.labels), len(self.rows)
        if samples < 2:
            return np.ones((samples, samples))
        itself = np.eye(samples, dtype=bool)
        own = self.labels[self.rows]
        same = (own == own[:, None]) & ~itself
        others = ~same & ~itself
        _, counts = np.unique(self.labels, return_counts=True)
        share = float((counts * (counts - 1.0)).sum()) / images**2
        rest = 1 - 1 / images - share
        of_same, of_others = share / max(same.sum(), 1), rest / max(others.sum(), 1)
        if not same.any() or not others.any():
            of_same = of_others = (share + rest) / (~itself).sum()
        weights: Array = np.where(same, of_same, of_others)
        np.fill_diagonal(weights, 1 / (images * samples))
        return weights


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
    wander: Array
    """Variance of the samples' correlations, from the layers before."""

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


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # what is no number is refused
def predict(layers: Sequence[Layer], batch: Batch) -> list[Predicted]:
    """Return what to expect of each layer, the last of which gives the logits of a softmax."""
    states = _forward(layers, batch)
    weights = batch.pair_weights()
    gradients = _backward(layers, states, batch, weights)
    return [
        _predicted(layer, state, *gradient, weights)
        for layer, state, gradient in zip(layers, states, gradients, strict=True)
    ]


def _predicted(
    layer: Layer, state: _State, gradient: float, gradient_spread: float, weights: Array
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
    means = np.outer(sample_mean, sample_mean) / size
    own = (2 * k * k + 2 * np.outer(shares, shares) * state.wander + 4 * means * k) / layer.units
    spread = float(np.sqrt(max(float((weights * (passed + own)).sum()), 0.0)))
    count = len(k)
    others = (float(state.correlation.sum()) - count) / max(count * (count - 1), 1)
    by_weights = state.by_weights / second_moment
    return Predicted(second_moment, spread, others, gradient, gradient_spread, by_weights)


def _correlation(covariance: Array) -> Array:
    size = np.sqrt(np.maximum(np.diagonal(covariance), np.finfo(float).tiny))
    return covariance / size / size[:, None]


def _grouped(batch: Batch, key: Array, most: int) -> tuple[Array, Array, Array]:
    """Return squares, means and shares of groups of images that are alike in ``key``."""
    groups = np.array_split(np.argsort(key, kind="stable"), min(most, len(key)))
    return (
        np.array([batch.squares[group].mean() for group in groups]),
        np.array([batch.means[group].mean() for group in groups]),
        np.array([len(group) / len(key) for group in groups]),
    )


def _forward(layers: Sequence[Layer], batch: Batch) -> list[_State]:
    with_means = any(layer.weight_mean or layer.bias_mean for layer in layers)
    by_mean = any(layer.weight_mean for layer in layers)
    key, most = (batch.means, _GROUPS_BY_MEAN) if by_mean else (batch.squares, _GROUPS)
    squares, first, shares = _grouped(batch, key, most)
    product, sample_first = batch.kernel, batch.means[batch.rows]
    noise, wander = np.zeros_like(batch.kernel), np.zeros_like(batch.kernel)
    sizes = np.ones_like(batch.kernel)
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
        correlation = _correlation(covariance)
        wander = wander * _ratio(scale * scale, own) * sizes
        both = pairs(layer.activation, own, correlation, sample_mean, _with(correlation, wander))
        spread = noise * _ratio(scale * scale, own)
        by_weights = float(shares @ (shift * first) ** 2)
        states.append(
            _State(
                mean, variance, shares, sample_mean, covariance, spread, wander, at, both,
                by_weights,
            )
        )  # fmt: skip
        first, squares = mean_and_square(layer.activation, variance, mean)
        product, sample_first = both.product, at.mean
        response = np.outer(at.square_response, at.square_response)
        noise = _fresh(layer, states[-1]) + response * spread
        wander = _wandered(states[-1], layer.units)
        sizes = np.outer(at.square, at.square)
    return states


def _with(correlation: Array, wander: Array) -> Array:
    """Return the root of the mean square of correlations that wander around those given."""
    root = np.sqrt(np.minimum(correlation**2 + wander, 1.0))
    return np.asarray(np.where(correlation < 0, -root, root))


def _wandered(state: _State, units: int) -> Array:
    """Return the variance of the correlations of what follows a layer, of so many units.

    That of a correlation ρ over n units is (1 − ρ²)² / n, as of a sample's (Fisher 1915), which is
    exact at ρ = 0, where it counts: between images that a chaotic network has parted. What there
    was before passes on by the slope of ρ against that of the layer's own inputs.
    """
    size = np.sqrt(np.outer(state.moments.square, state.moments.square))
    root = np.sqrt(np.outer(state.sample_variance, state.sample_variance))
    ratio = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    alike = np.clip(state.pairs.product * ratio, -1.0, 1.0)
    passed = (state.pairs.slopes * root * ratio) ** 2 * state.wander
    return np.asarray(np.minimum((1 - alike**2) ** 2 / units + passed, 1.0))


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
    layers: Sequence[Layer], states: Sequence[_State], batch: Batch, weights: Array
) -> list[tuple[float, float]]:
    """Return mean square and spread of the gradients by each layer's pre-activations."""
    images, last = len(batch.squares), states[-1]
    classes = layers[-1].units
    labels = batch.labels[batch.rows]
    start = gradients_at(
        last.variance, last.sample_variance, last.correlation, labels, layers[-1].units
    )
    per_image, product, spread_back = start.per_image, start.product, start.spread
    own = np.diagonal(product)
    # T: how ln δ² of this layer answers to ln v of it, through all layers after.
    answer = np.full(len(batch.rows), start.lean)

    def told(spread: Array, forward: Array) -> tuple[float, float]:
        mean_square = float(last.shares @ per_image) / (classes * images**2)
        return mean_square, _spread(own, spread, answer, forward, weights)

    found = [told(spread_back, last.spread)]
    wander = np.zeros_like(product)
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
        spread_back = spread_back + ((1 + 2 * _with(alike, wander) ** 2) * bends - 1) / layer.units
        passed = both.slopes**2 / np.outer(slope, slope) * wander
        wander = np.minimum((1 - np.minimum(alike**2, 1.0)) ** 2 / layer.units + passed, 1.0)
        scale = after.units * after.weight_variance
        per_image = scale * per_image * _slope_square(layer.activation, state)
        product = scale * product * both.slopes
        own = scale * own * at.slope_square
        found.append(told(spread_back + fresh_after, state.spread))
    return found[::-1]


def _slope_square(phi: Activation, state: _State) -> Array:
    return moments(phi, state.variance, state.mean).slope_square


def _spread(own: Array, spread: Array, answer: Array, forward: Array, weights: Array) -> float:
    """Return the spread of the batch's mean, of images with mean squares ``own``: [samples]."""
    shares = own / own.mean() if own.any() else own
    total = spread + np.outer(answer, answer) * forward
    return float(np.sqrt(max(float((weights * np.outer(shares, shares) * total).sum()), 0.0)))
