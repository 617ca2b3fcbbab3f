"""Where gradients begin: at the logits of a softmax, Gaussian as a wide network gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inittui.theory.activations import Array

_DRAWS = 1024
"""Of logits, for the softmax's expectations."""


@dataclass(frozen=True, slots=True)
class AtLogits:
    """Of δ = p − y, the gradients by the logits, times the number of images."""

    per_image: Array
    """E|δ|²: [groups]."""
    product: Array
    """E δ_a·δ_b: [samples, samples]."""
    spread: Array
    """Cov(|δ_a|², |δ_b|²) / (E|δ_a|² E|δ_b|²) of logits of the covariance given."""
    lean: float
    """∂ ln E|δ|² / ∂ ln v."""


def gradients_at(
    variance: Array,
    sample_variance: Array,
    correlation: Array,
    labels: npt.NDArray[np.intp],
    classes: int,
) -> AtLogits:
    """Start from |δ|² = |p|² + 1 − 2 p_y with the softmax p of logits that are Gaussian.

    The C classes are exchangeable and Σ p = 1. So |p|² doesn't covary with p_y; of two images
    Cov(p_y, p′_y) = R = (E p·p′ − 1/C) / C for one class, and −R / (C − 1) for two. Hence

        Cov(|δ_a|², |δ_b|²) = Cov(|p_a|², |p_b|²) + 4 R · (1 for one class, −1/(C − 1) for two)

    whose second term is of the order of the logits' variance, and the first of its square: small
    logits, as of torch's own start, have the second only. In a balanced batch of equal images the
    classes cancel; what is left comes of their shares, and of images of a class being more alike.
    E p·p′ − 1/C is taken to go with the correlation c of the logits, the first term with c²: the
    lowest orders of their Hermite series.

    Args:
        variance: of the logits of groups of images: [groups].
        sample_variance: of single ones: [samples].
        correlation: of the logits of these: [samples, samples].
        labels: of these: [samples].
        classes: C.
    """
    groups = len(variance)
    both = np.concatenate([variance, sample_variance])
    squares, stds, lean = _softmax(both, classes)
    square, sample_square, varies = squares[:groups], squares[groups:], stds[groups:]
    same = labels == labels[:, None]
    c = correlation.clip(0, 1)
    beyond = np.sqrt(np.maximum(sample_square - 1 / classes, 0))
    agreeing = c * np.outer(beyond, beyond)
    own = sample_square + 1 - 2 / classes
    product = agreeing + same - 1 / classes
    np.fill_diagonal(product, own)
    by_class = np.where(same, 1.0, -1 / max(classes - 1, 1))
    of_correct = 4 / classes * agreeing * by_class / np.outer(own, own)
    spread = c * c * np.outer(varies, varies) + of_correct
    return AtLogits(square + 1 - 2 / classes, product, spread, lean)


def _softmax(variance: Array, classes: int) -> tuple[Array, Array, float]:
    """Return E|p|² of each image, p the softmax of logits N(0, v), and how |p|² + 1 − 2/C varies.

    The standard deviation of |p|² relative to the whole, of each image, which is of the order of v,
    and ∂ ln / ∂ ln v of the whole.
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
    varies = squares.std(1) / total
    lean = float(np.log(total[-1] / total[0]) / np.log(grid[-1] / grid[0]))
    return np.interp(variance, grid, means), np.interp(variance, grid, varies), lean
