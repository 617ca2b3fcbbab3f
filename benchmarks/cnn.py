"""A small convolutional network with batch norm, as a person's own model."""

from __future__ import annotations

from torch import nn


def small_cnn() -> nn.Module:
    """Two convolutions with batch norm and pooling, one linear layer: 28×28 → 10."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 7 * 7, 10),
    )  # fmt: skip
