"""Six models, each with a fault in its initialization that its numbers show.

They take images of 28×28 and give ten logits. What each is meant to be is left to the lesson
`find-the-fault`; the faults are those of public threads, made anew.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

_PIXELS = 28 * 28
_CLASSES = 10


def _stack(depth: int, width: int, nonlinearity: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    size = _PIXELS
    for _ in range(depth):
        layers += [nn.Linear(size, width), nonlinearity()]
        size = width
    return nn.Sequential(*layers, nn.Linear(size, _CLASSES))


def _linear(model: nn.Sequential) -> list[nn.Linear]:
    return [module for module in model if isinstance(module, nn.Linear)]


def _kaiming(model: nn.Sequential) -> nn.Sequential:
    for layer in _linear(model):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    return model


def first() -> nn.Sequential:
    """Thirty layers as nn.Linear makes them: a signal that shrinks √6-fold a layer."""
    return _stack(30, 128, nn.ReLU)


def second() -> nn.Sequential:
    """Weights of a sensible size, all of a layer alike: so are its units, and so they stay."""
    model = _stack(3, 128, nn.ReLU)
    for layer in _linear(model):
        nn.init.constant_(layer.weight, 1 / layer.in_features)
        nn.init.zeros_(layer.bias)
    return model


def third() -> nn.Sequential:
    """Hidden layers that are copies of one, values and all."""
    model = _kaiming(_stack(1, 128, nn.ReLU))
    block = nn.Sequential(nn.Linear(128, 128), nn.ReLU())
    nn.init.kaiming_normal_(block[0].weight, nonlinearity="relu")  # type: ignore[arg-type]
    copies = [layer for _ in range(3) for layer in copy.deepcopy(block)]
    return nn.Sequential(*model[:3], *copies, model[3])


def fourth() -> nn.Sequential:
    """Units whose weights lie below 0, behind inputs that never do: they never pass anything."""
    model = _kaiming(_stack(2, 128, nn.ReLU))
    with torch.no_grad():
        weight = _linear(model)[1].weight
        weight.copy_(weight.abs().neg())
    return model


def fifth() -> nn.Sequential:
    """Eight sigmoids behind weights made for none."""
    model = _stack(8, 128, nn.Sigmoid)
    for layer in _linear(model):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def sixth() -> nn.Sequential:
    """A last layer of standard deviation 1, where 1/√128 was meant."""
    model = _kaiming(_stack(3, 128, nn.ReLU))
    nn.init.normal_(_linear(model)[-1].weight, std=1.0)
    return model
