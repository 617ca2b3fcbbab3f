"""Perceptrons: Linear layers of given sizes, each but the last with what follows it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from inittui.models.activations import activation as make_activation


def mlp(
    input_shape: Sequence[int],
    classes: int,
    *,
    hidden: Sequence[int],
    activation: str,
    dropout: float,
    batch_norm: bool,
) -> nn.Sequential:
    """Build a perceptron: [batch, *input_shape] -> logits [batch, classes].

    Layers are named fc1, fc2, …; normalisation stands before the nonlinearity, dropout after it.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    inputs = math.prod(input_shape)
    for number, units in enumerate(hidden, 1):
        layers[f"fc{number}"] = nn.Linear(inputs, units)
        if batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm1d(units)
        layers[f"act{number}"] = make_activation(activation)
        if dropout:
            layers[f"dropout{number}"] = nn.Dropout(dropout)
        inputs = units
    layers[f"fc{len(hidden) + 1}"] = nn.Linear(inputs, classes)
    return nn.Sequential(layers)
