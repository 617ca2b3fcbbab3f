"""Which nonlinearity follows each layer: found by following what layers give, not by order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from inittui.initializers.nonlinearity import NONLINEARITIES, Follower
from inittui.models import tracing as trace
from inittui.models.tracing import followers, nonlinearities

Function = Callable[[torch.Tensor], torch.Tensor]


class Net(nn.Module):
    """Two layers, a and b, and a function of both and the input [n, 4, 6, 6]."""

    def __init__(self, forward: Callable[[Net, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.a = nn.Conv2d(4, 4, 3, padding=1)
        self.b = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(4, 3)
        self._forward = forward

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._forward(self, x)


def names(found: dict[str, Follower]) -> dict[str, str]:
    return {layer: follower.name for layer, follower in found.items()}


def found(forward: Callable[[Net, torch.Tensor], torch.Tensor]) -> dict[str, str]:
    return names(followers(Net(forward), torch.randn(2, 4, 6, 6)))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (F.relu, "relu"),
        (torch.relu, "relu"),
        (lambda x: x.relu(), "relu"),
        (lambda x: x.relu_(), "relu"),
        (lambda x: F.relu(x, inplace=True), "relu"),
        (lambda x: x.clamp(min=0), "relu"),
        (lambda x: torch.clamp(x, 0), "relu"),
        (lambda x: x.clamp_min(0), "relu"),
        (lambda x: x.clamp(0, 6), "relu6"),
        (lambda x: x.clamp(-1, 1), "identity"),
        (nn.ReLU(), "relu"),
        (nn.ReLU6(), "relu6"),
        (F.relu6, "relu6"),
        (torch.tanh, "tanh"),
        (lambda x: x.tanh(), "tanh"),
        (nn.Tanh(), "tanh"),
        (F.tanh, "tanh"),
        (torch.sigmoid, "sigmoid"),
        (lambda x: x.sigmoid(), "sigmoid"),
        (torch.special.expit, "sigmoid"),
        (F.gelu, "gelu"),
        (lambda x: F.gelu(x, approximate="tanh"), "gelu"),
        (nn.SiLU(), "silu"),
        (F.silu, "silu"),
        (F.elu, "elu"),
        (F.selu, "selu"),
        (lambda x: F.leaky_relu(x, 0.2), "leaky_relu"),
        (F.softplus, "softplus"),
        (F.mish, "mish"),
        (nn.Mish(), "mish"),
        (F.softsign, "softsign"),
        (F.hardswish, "hardswish"),
        (nn.Hardswish(), "hardswish"),
        (F.hardtanh, "hardtanh"),
        (nn.Hardsigmoid(), "hardsigmoid"),
        (nn.PReLU(), "prelu"),
        (torch.sin, "sin"),
        (lambda x: 2 * x + 1, "identity"),
    ],
)
def test_every_way_to_write_a_nonlinearity(function: Function, name: str) -> None:
    assert found(lambda net, x: net.b(function(net.a(x)))) == {"a": name, "b": "identity"}


def test_what_stands_between_does_not_count() -> None:
    assert found(lambda net, x: net.norm(net.a(x)).relu())["a"] == "relu"
    assert found(lambda net, x: net.drop(net.pool(net.a(x))).tanh())["a"] == "tanh"
    assert found(lambda net, x: F.layer_norm(net.a(x), (6,)).sigmoid())["a"] == "sigmoid"
    assert found(lambda net, x: net.a(x).flatten(1).unflatten(1, (4, -1)).relu())["a"] == "relu"
    assert found(lambda net, x: net.out(net.a(x).mean((2, 3)))) == {
        "a": "identity",
        "out": "identity",
    }


def test_sums_join() -> None:
    def with_projection(net: Net, x: torch.Tensor) -> torch.Tensor:
        out = net.norm(net.a(x))
        out += net.b(x)
        return F.relu(out)

    assert found(with_projection) == {"a": "relu", "b": "relu"}

    def before_activation(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = x + net.a(x)
        return x + net.b(torch.tanh(net.norm(x)))

    assert found(before_activation) == {"a": "tanh", "b": "identity"}


def test_branches_and_parts() -> None:
    def gated(net: Net, x: torch.Tensor) -> torch.Tensor:
        return net.out((F.silu(net.a(x)) * net.b(x)).mean((2, 3)))

    assert found(gated) == {"a": "silu", "b": "identity", "out": "identity"}

    def joined(net: Net, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([net.a(x), net.b(x)], 1).chunk(2, 1)[1].relu()

    assert found(joined) == {"a": "relu", "b": "relu"}

    def assigned(net: Net, x: torch.Tensor) -> torch.Tensor:
        whole = torch.zeros(2, 8, 6, 6)
        whole[:, :4] = net.a(x)
        return whole.relu()

    assert found(assigned) == {"a": "relu"}

    def products(net: Net, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(net.a(x) @ net.b(x).transpose(2, 3))

    assert found(products) == {"a": "identity", "b": "identity"}


def test_a_layer_that_runs_twice_has_what_any_of_its_outputs_meets_first() -> None:
    assert found(lambda net, x: net.a(net.a(x)).relu())["a"] == "relu"


class Text(nn.Module):
    """A tiny transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = (x.flatten(1) * 10).abs().long().clamp(0, 10)
        return self.head(self.layer(self.embed(tokens)).mean(1))


@pytest.mark.parametrize("training", [True, False])
def test_attention_is_followed_and_everything_put_back(training: bool) -> None:
    model = Text().train(training)
    fused = torch.backends.mha.get_fastpath_enabled()
    assert names(followers(model, torch.rand(2, 7))) == {
        "layer.linear1": "gelu",
        "layer.linear2": "identity",
        "head": "identity",
    }
    assert model.training is training
    assert torch.backends.mha.get_fastpath_enabled() is fused
    assert not any(module._forward_hooks for module in model.modules())


def test_it_is_put_back_when_the_model_fails() -> None:
    model = Net(lambda net, x: net.out(net.a(x))).train()
    with pytest.raises(RuntimeError):
        followers(model, torch.rand(2, 4, 6, 6))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


def test_initializers_get_only_names_that_they_have_gains_for() -> None:
    assert set(trace._KNOWN) <= set(NONLINEARITIES)
    model = nn.Sequential(nn.Linear(3, 3), nn.Hardtanh(), nn.Linear(3, 3), nn.Mish())
    assert names(followers(model, torch.rand(2, 3))) == {"0": "hardtanh", "2": "mish"}
    assert names(nonlinearities(model, torch.rand(2, 3))) == {"0": "identity", "2": "mish"}


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (nn.LeakyReLU(0.3), 0.3),
        (nn.LeakyReLU(inplace=True), 0.01),
        (lambda x: F.leaky_relu(x, 0.2), 0.2),
        (lambda x: F.leaky_relu_(x, negative_slope=0.1), 0.1),
        (F.leaky_relu, 0.01),
    ],
)
def test_the_slope_of_a_leaky_relu_is_the_model_s(
    function: Callable[[torch.Tensor], torch.Tensor], slope: float
) -> None:
    model = Net(lambda net, x: net.b(function(net.a(x))))
    assert followers(model, torch.rand(2, 4, 6, 6))["a"] == Follower("leaky_relu", slope)
