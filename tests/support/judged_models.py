"""Healthy models that tests damage, and what findings tell of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from inittui.inspection.probe import probe
from inittui.results.findings import find
from inittui.results.rules.finding import Finding

SIDE = 8
PIXELS = SIDE * SIDE


def inputs(*shape: int, count: int = 96) -> torch.Tensor:
    """Noise with a mean for each sample: pooled white noise is the same for all."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(count, *shape, generator=generator)
    own = torch.randn(count, *[1] * len(shape), generator=generator)
    return (noise + own) / math.sqrt(2)


def told(model: nn.Module, *shape: int, classes: int = 10) -> dict[str, Finding]:
    """Return what stands out by its kind; the gravest, where a kind is told of twice."""
    images = inputs(*(shape or (PIXELS,)))
    labels = torch.arange(len(images)) % classes
    found = find(probe(model, images, labels, percentile=99.9))
    grave = ["error", "warning", "note"]
    severities = [grave.index(finding.severity) for finding in found]
    assert severities == sorted(severities)
    return {finding.kind: finding for finding in reversed(found)}


def grave(found: dict[str, Finding]) -> set[str]:
    """Return the kinds of what is no note."""
    return {kind for kind, finding in found.items() if finding.severity != "note"}


def stack(*sizes: int, act: Callable[[], nn.Module] = nn.ReLU, gain: float = 1.4) -> nn.Sequential:
    """A healthy perceptron."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), act()]
        nn.init.normal_(layers[-2].weight, std=gain / math.sqrt(a))
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def convolutions(*, norm: bool = True) -> nn.Sequential:
    """A healthy network for images of one channel."""
    torch.manual_seed(0)
    sizes = (1, 16, 32, 64)
    blocks = [
        layer
        for a, b in pairwise(sizes)
        for layer in (
            nn.Conv2d(a, b, 3, padding=1),
            nn.BatchNorm2d(b) if norm else nn.Identity(),
            nn.ReLU(),
        )
    ]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def constant(layer: nn.Module, value: float = 0.05) -> None:
    """Give all weights of a layer one value."""
    nn.init.constant_(layer.weight, value)


class As(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class Dropping(nn.Module):
    """Drops by a function, as torch's examples do."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.probability, self.training)
