"""For what mean-field theory is derived here: where prediction and measurement were compared."""

PERCEPTRONS = ("mlp", "deep_mlp", "sigmoid_mlp")

STRUCTURED = ("eye", "dirac", "sparse")
"""Initializers whose values depend on each other."""

LEAST_WIDTH = 64

ALIKE = 1.1
"""Factor by which the variances of layers may differ to have one fixed point."""
