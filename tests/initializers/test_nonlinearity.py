"""Fans and gains against torch's own, and the gains that torch lacks against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.init import _calculate_fan_in_and_fan_out, calculate_gain

from inittui.errors import UsageError
from inittui.experiment.records import ACTIVATIONS
from inittui.initializers.layer import fans
from inittui.initializers.nonlinearity import NONLINEARITIES, gain


@pytest.mark.parametrize(
    "module",
    [
        nn.Linear(7, 3),
        nn.Conv1d(4, 6, 5),
        nn.Conv2d(4, 6, (3, 5)),
        nn.Conv3d(2, 3, 2),
        nn.Conv2d(8, 16, 3, groups=4),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.ConvTranspose1d(3, 5, 4),
        nn.ConvTranspose2d(256, 16, 4),
        nn.ConvTranspose2d(8, 16, 3, groups=2),
        nn.ConvTranspose3d(2, 3, 2),
    ],
    ids=str,
)
def test_fans_are_torchs(module: nn.Module) -> None:
    weight = module.get_parameter("weight")
    assert fans(weight.shape) == _calculate_fan_in_and_fan_out(weight)


@pytest.mark.parametrize("shape", [(), (5,)])
def test_fans_need_two_dimensions(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="at least two dimensions"):
        fans(shape)


@pytest.mark.parametrize("name", ["identity", "linear", "sigmoid", "tanh", "relu", "selu"])
def test_gains_are_torchs(name: str) -> None:
    assert gain(name) == calculate_gain("linear" if name == "identity" else name)


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.2, math.sqrt(5), -1.0])
def test_gain_of_leaky_relu_is_torchs(slope: float) -> None:
    assert gain("leaky_relu", slope) == pytest.approx(calculate_gain("leaky_relu", slope))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("gelu", F.gelu),
        ("silu", F.silu),
        ("elu", F.elu),
        ("softplus", F.softplus),
        ("mish", F.mish),
        ("softsign", F.softsign),
        ("relu6", F.relu6),
        ("hardswish", F.hardswish),
    ],
)
def test_other_gains_keep_the_second_moment(name: str, function) -> None:
    # A trapezoid rule on a grid so fine that the kinks' error, step² / 12, is below 1e-10.
    z = torch.linspace(-10, 10, 2_000_001, dtype=torch.float64)
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    moment = np.trapezoid((function(z) ** 2 * density).numpy(), z.numpy())
    # softplus of torch becomes linear above 20 only, far outside.
    assert gain(name) == pytest.approx(1 / math.sqrt(moment), rel=1e-8)


@pytest.mark.parametrize(("name", "value"), [("gelu", 1.533), ("silu", 1.676), ("elu", 1.245)])
def test_known_gains(name: str, value: float) -> None:
    assert gain(name) == pytest.approx(value, abs=6e-4)


def test_every_activation_of_the_models_has_a_gain() -> None:
    assert set(ACTIVATIONS) <= set(NONLINEARITIES)
    for name in NONLINEARITIES:
        assert 0.5 < gain(name) < 2.5


def test_unknown_nonlinearity_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'gelu'"):
        gain("gellu")
