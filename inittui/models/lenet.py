"""A LeNet of two convolutions and one wide dense layer: 3.3 million parameters on 28×28."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from inittui.errors import UsageError
from inittui.models.activations import activation as make_activation

_CHANNELS = (32, 64)
_UNITS = 1024


def lenet(
    input_shape: Sequence[int],
    classes: int,
    *,
    activation: str,
    dropout: float,
    batch_norm: bool,
) -> nn.Sequential:
    """Build the network: images [batch, channels, height, width] -> logits [batch, classes].

    Convolutions keep the size and each pooling halves it.

    Raises:
        UsageError: the images are smaller than 4×4, or no images.
    """
    if len(input_shape) != 3 or min(input_shape[1:]) < 4:
        shown = "x".join(map(str, input_shape))
        raise UsageError(f"lenet takes images of at least 4x4 pixels, not inputs of {shown}")
    channels, height, width = input_shape
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, filters in enumerate(_CHANNELS, 1):
        layers[f"conv{number}"] = nn.Conv2d(channels, filters, 5, padding=2)
        if batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm2d(filters)
        layers[f"act{number}"] = make_activation(activation)
        layers[f"pool{number}"] = nn.MaxPool2d(2)
        channels = filters
    layers["flatten"] = nn.Flatten()
    layers["fc1"] = nn.Linear(channels * (height // 4) * (width // 4), _UNITS)
    if batch_norm:
        layers["norm3"] = nn.BatchNorm1d(_UNITS)
    layers["act3"] = make_activation(activation)
    if dropout:
        layers["dropout"] = nn.Dropout(dropout)
    layers["fc2"] = nn.Linear(_UNITS, classes)
    return nn.Sequential(layers)
