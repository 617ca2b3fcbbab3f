"""For what mean-field theory is derived here: where prediction and measurement were compared."""

from __future__ import annotations

from collections.abc import Sequence

PERCEPTRONS = ("mlp", "deep_mlp", "sigmoid_mlp")

STRUCTURED = ("eye", "dirac", "sparse")
"""Initializers whose values depend on each other."""

LEAST_WIDTH = 64

_ALIKE = 1.1
"""Factor by which the variances of layers may differ to have one fixed point."""


def are_alike(variances: Sequence[float]) -> bool:
    """Whether layers of these variances have one fixed point."""
    return max(variances) <= _ALIKE * min(variances)
