"""inittui's own models: perceptrons, LeNet and a small network over sequences."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn

from inittui.errors import MachineError, UsageError
from inittui.experiment.models import (
    CONV1D_FILTERS,
    CONV1D_KERNEL,
    LENET_KERNEL,
    MODELS,
    lenet_filters,
)
from inittui.experiment.records import ACTIVATIONS

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "leaky_relu": nn.LeakyReLU,
    "softplus": nn.Softplus,
}
assert tuple(_ACTIVATIONS) == ACTIVATIONS

_CONV1D_OUTPUTS = 64


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
    inputs = math.prod(input_shape)
    sizes = (inputs, *hidden, classes)
    _refuse_what_fits_no_memory(sum(map(math.prod, pairwise(sizes))))
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for number, units in enumerate(hidden, 1):
        layers[f"fc{number}"] = nn.Linear(inputs, units)
        if batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm1d(units)
        layers[f"act{number}"] = _ACTIVATIONS[activation]()
        if dropout:
            layers[f"dropout{number}"] = nn.Dropout(dropout)
        inputs = units
    layers[f"fc{len(hidden) + 1}"] = nn.Linear(inputs, classes)
    return nn.Sequential(layers)


def _refuse_what_fits_no_memory(weights: int) -> None:
    """Refuse before minutes are spent on building it.

    Raises:
        MachineError: the machine has less memory than the weights and their gradients take.
    """
    import psutil

    try:
        needed, has = 2 * 4 * weights, psutil.virtual_memory().total
    except OSError:  # without /proc nobody knows
        return
    if needed > has:
        raise MachineError(
            f"a model of {weights:,} weights takes {needed / 1e9:,.0f} GB with its gradients; "
            f"this machine has {has / 1e9:,.0f} GB: take fewer layers or units"
        )


def lenet(
    input_shape: Sequence[int],
    classes: int,
    *,
    activation: str,
    dropout: float,
    batch_norm: bool,
    width: int,
) -> nn.Sequential:
    """Build a LeNet: images [batch, channels, height, width] -> logits [batch, classes].

    Two convolutions that keep the size, each with a pooling that halves it, and one dense layer of
    ``width`` units: 3.3 million parameters on 28×28 at 1024. The convolutions have a 32nd and a
    16th of as many channels, so that one number makes the network smaller.

    Raises:
        UsageError: the images are smaller than 4×4, or no images.
    """
    if len(input_shape) != 3 or min(input_shape[1:]) < 4:
        shown = "x".join(map(str, input_shape))
        raise UsageError(f"lenet takes images of at least 4x4 pixels, not inputs of {shown}")
    channels, rows, columns = input_shape
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, filters in enumerate(lenet_filters(width), 1):
        layers[f"conv{number}"] = nn.Conv2d(
            channels, filters, LENET_KERNEL, padding=LENET_KERNEL // 2
        )
        if batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm2d(filters)
        layers[f"act{number}"] = _ACTIVATIONS[activation]()
        layers[f"pool{number}"] = nn.MaxPool2d(2)
        channels = filters
    layers["flatten"] = nn.Flatten()
    layers["fc1"] = nn.Linear(channels * (rows // 4) * (columns // 4), width)
    if batch_norm:
        layers["norm3"] = nn.BatchNorm1d(width)
    layers["act3"] = _ACTIVATIONS[activation]()
    if dropout:
        layers["dropout"] = nn.Dropout(dropout)
    layers["fc2"] = nn.Linear(width, classes)
    return nn.Sequential(layers)


def conv1d(input_shape: Sequence[int], classes: int) -> nn.Sequential:
    """Build a small network over sequences, to look at layer by layer.

    [batch, 64 channels, 128 steps] -> [batch, 64], whatever ``classes``.

    Raises:
        UsageError: other inputs are asked for.
    """
    expected = MODELS["conv1d"].input
    assert expected is not None
    if tuple(input_shape) != expected:
        raise UsageError(
            f"conv1d takes inputs of {'x'.join(map(str, expected))}, not "
            f"{'x'.join(map(str, input_shape))}: it is not for training on images but for "
            "looking at, as 'inittui inspect --model conv1d' does"
        )
    channels, steps = expected
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv1d(channels, CONV1D_FILTERS, CONV1D_KERNEL),
        act0=nn.ReLU(),
        pool=nn.MaxPool1d(4),
        flatten=nn.Flatten(),
    )
    inputs = CONV1D_FILTERS * ((steps - CONV1D_KERNEL + 1) // 4)
    for number, units in enumerate((64, 64, 8), 1):
        layers[f"fc{number}"] = nn.Linear(inputs, units)
        layers[f"act{number}"] = nn.ReLU()
        inputs = units
    layers["fc4"] = nn.Linear(inputs, _CONV1D_OUTPUTS)
    return nn.Sequential(layers)
