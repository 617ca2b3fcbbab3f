"""A small network over sequences, to look at initializers layer by layer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from inittui.errors import UsageError
from inittui.experiment.models import MODELS

_OUTPUTS = 64


def conv1d(input_shape: Sequence[int], classes: int) -> nn.Sequential:
    """Build the network: [batch, 64 channels, 128 steps] -> [batch, 64], whatever ``classes``.

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
    filters = 16
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv1d(channels, filters, 3), pool=nn.MaxPool1d(4), flatten=nn.Flatten()
    )
    inputs = filters * ((steps - 2) // 4)
    for number, units in enumerate((64, 64, 8), 1):
        layers[f"fc{number}"] = nn.Linear(inputs, units)
        layers[f"act{number}"] = nn.ReLU()
        inputs = units
    layers["fc4"] = nn.Linear(inputs, _OUTPUTS)
    return nn.Sequential(layers)
