"""The elementwise nonlinearities a model can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from inittui.experiment.records import ACTIVATIONS

_MODULES: dict[str, Callable[[], nn.Module]] = {
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
assert tuple(_MODULES) == ACTIVATIONS


def activation(name: str) -> nn.Module:
    """Return a fresh module for one of `inittui.experiment.records.ACTIVATIONS`."""
    return _MODULES[name]()
