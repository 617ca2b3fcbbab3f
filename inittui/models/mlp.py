"""The classic multilayer perceptron: 784-256-128-10, ReLU, dropout 0.2 on the hidden layers."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from inittui.experiment import ModelConfig
from inittui.models.activations import activation

HIDDEN = (256, 128)
ACTIVATION = "relu"
DROPOUT = 0.2


def mlp(config: ModelConfig, input_shape: Sequence[int], classes: int) -> nn.Sequential:
    """Build the perceptron: [batch, *input_shape] -> logits [batch, classes].

    Layers are named fc1, fc2, …; `width` and `depth` describe hidden layers of one size.
    """
    dropout = DROPOUT if config.dropout is None else config.dropout
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    inputs = math.prod(input_shape)
    hidden = hidden_sizes(config, HIDDEN)
    for number, units in enumerate(hidden, 1):
        layers[f"fc{number}"] = nn.Linear(inputs, units)
        if config.batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm1d(units)
        layers[f"act{number}"] = activation(config.activation or ACTIVATION)
        if dropout:
            layers[f"dropout{number}"] = nn.Dropout(dropout)
        inputs = units
    layers[f"fc{len(hidden) + 1}"] = nn.Linear(inputs, classes)
    return nn.Sequential(layers)


def hidden_sizes(config: ModelConfig, default: Sequence[int]) -> tuple[int, ...]:
    """Return the units of each hidden layer: `hidden`, or `depth` × `width`, or the default."""
    if config.hidden is not None:
        return config.hidden
    if config.depth is None and config.width is None:
        return tuple(default)
    return (config.width or default[0],) * (config.depth or len(default))
