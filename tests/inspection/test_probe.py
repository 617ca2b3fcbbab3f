"""One probe of a model: against a plain computation, and without traces."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from inittui.data.sets import load
from inittui.events.probes import LayerProbe, Measured, Probe
from inittui.events.wire_numbers import from_wire
from inittui.inspection.probe import probe


def perceptron(activation: Callable[[], nn.Module] = nn.Tanh) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(12, 7), activation(), nn.Dropout(0.5), nn.Linear(7, 3)
    )


def batch(rows: int = 20, *shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(rows, *(shape or (3, 4)), generator=generator)
    return images, torch.randint(3, (rows,), generator=generator)


def inspected(model: nn.Module, *shape: int) -> Probe:
    return probe(model, *batch(20, *shape), percentile=99.9)


def agrees(found: Measured | None, expected: np.ndarray) -> bool:
    assert found is not None
    exact = expected.astype(np.float64)
    numbers = [from_wire(found.mean), from_wire(found.variance), found.second_moment]
    wanted = [exact.mean(), exact.var(), (exact**2).mean()]
    # Means that are 0 in theory are rounding: 1e-8 is below what float32 tells of values near 1.
    return found.count == exact.size and np.allclose(numbers, wanted, rtol=1e-5, atol=1e-8)


def test_every_quantity_is_that_of_a_plain_computation() -> None:
    model = perceptron().double()
    x, labels = batch()
    found = probe(model, x.double(), labels, percentile=99.9)
    weights = [p.detach().numpy().astype(np.float64) for p in model.parameters()]
    w1, b1, w2, b2 = weights
    inputs = x.flatten(1).numpy().astype(np.float64)
    z1 = inputs @ w1.T + b1
    a1 = np.tanh(z1)
    z2 = a1 @ w2.T + b2
    p = np.exp(z2) / np.exp(z2).sum(1, keepdims=True)
    d2 = (p - np.eye(3)[labels.numpy()]) / len(x)
    d1 = d2 @ w2 * (1 - a1**2)
    loss = -np.log(p[np.arange(len(x)), labels.numpy()]).mean()

    assert (found.images, found.classes) == (20, 3)
    assert found.chance_loss == pytest.approx(math.log(3))
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.logit_std == pytest.approx(math.sqrt(z2.var(1).mean()), rel=1e-5)
    first, last = found.layers
    assert (first.name, first.kind, first.nonlinearity) == ("1", "Linear", "tanh")
    assert (last.name, last.kind, last.nonlinearity) == ("4", "Linear", "identity")
    assert (first.shape, first.units, first.distinct_units) == ((7, 12), 7, 7)
    assert agrees(first.weights, w1)
    assert agrees(first.biases, b1)
    assert agrees(first.pre_activations, z1)
    assert agrees(first.activations, a1)
    assert agrees(last.activations, z2)
    assert agrees(first.pre_activation_gradients, d1)
    assert agrees(first.weight_gradients, d1.T @ inputs)
    assert agrees(first.bias_gradients, d1.sum(0))
    assert agrees(last.weight_gradients, d2.T @ a1)
    assert first.gradient_ratio == pytest.approx((d1.T @ inputs).std() / w1.std(), rel=1e-5)
    assert first.between_samples == pytest.approx(z1.var(0).mean() / (z1**2).mean(), rel=1e-5)
    assert first.saturated == (np.abs(a1) > 0.97).mean()
    assert (first.dead, last.dead, last.saturated) == (0, None, None)


def everything(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


class Restless(nn.Module):
    """Draws random numbers and writes to a buffer in every forward pass, whatever the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        noise = torch.randn(1) + random.random() + float(np.random.rand())
        return self.layer(x.flatten(1)) + 0 * noise


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "model",
    [perceptron(), Restless(), nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.BatchNorm1d(3))],
    ids=["perceptron", "restless", "norm"],
)
def test_a_probe_leaves_no_trace(model: nn.Module, training: bool, dtype: torch.dtype) -> None:
    model = copy.deepcopy(model).to(dtype).train(training)
    before = everything(model)
    generators = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    images, labels = batch()
    images = images.to(dtype)
    kept = images.clone()
    first = probe(model, images, labels, percentile=99.9)
    after = everything(model)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(images, kept)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    for module in model.modules():
        assert not (module._forward_hooks or module._forward_pre_hooks or module._backward_hooks)
        assert module.training is training
    assert torch.equal(torch.get_rng_state(), generators[0])
    assert random.getstate() == generators[1]
    assert (np.random.get_state()[1] == generators[2]).all()
    assert probe(model, images, labels, percentile=99.9) == first


def test_hooks_are_removed_where_the_model_fails() -> None:
    model = perceptron()
    with pytest.raises(RuntimeError):
        inspected(model, 5)
    assert not any(module._forward_hooks for module in model.modules())
    assert model.training


def test_other_values_are_used_without_being_copied_or_changed() -> None:
    model, other = perceptron(), perceptron()
    for parameter in other.parameters():
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(3))
    values = dict(other.named_parameters()) | {"a stranger": torch.zeros(1)}
    kept = everything(other)
    assert probe(model, *batch(), percentile=99.9, values=values) == inspected(other)
    assert all(torch.equal(kept[name], value) for name, value in everything(other).items())
    assert all(p.grad is None for p in other.parameters())


def test_gradients_are_taken_where_none_are_wanted() -> None:
    model = perceptron()
    with torch.no_grad():
        assert inspected(model) == inspected(perceptron())


class Functional(nn.Module):
    """Nonlinearities as functions and in place, behind a norm, pooling and a reshape."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.hidden = nn.Linear(16, 5)
        self.out = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        x = self.hidden(F.max_pool2d(x, 2).flatten(1)).sigmoid_()
        return self.out(x)


def test_nonlinearities_are_found_in_any_spelling_and_overwrite_nothing() -> None:
    torch.manual_seed(0)
    model = Functional().eval()
    images, labels = batch(20, 1, 4, 4)
    conv, hidden, out = probe(model, images, labels, percentile=99.9, when="after").layers
    assert (conv.nonlinearity, hidden.nonlinearity, out.nonlinearity) == (
        "relu", "sigmoid", "identity",
    )  # fmt: skip
    with torch.no_grad():
        z = model.conv(images)
        a = F.relu(model.norm(z))
        z2 = model.hidden(F.max_pool2d(a, 2).flatten(1))
    assert agrees(conv.pre_activations, z.numpy())
    assert agrees(conv.activations, a.numpy())
    assert agrees(hidden.pre_activations, z2.numpy())
    assert agrees(hidden.activations, torch.sigmoid(z2).numpy())
    assert conv.units == 4
    assert hidden.saturated == 0


def test_dead_filters_are_told() -> None:
    torch.manual_seed(0)
    model = Functional()
    model.norm.bias.data[:2] = -100
    assert inspected(model, 1, 4, 4).layers[0].dead == 0.5


class Twice(nn.Module):
    """One layer that runs twice, and one that never does."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.idle, self.out = nn.Linear(12, 12), nn.Linear(2, 2), nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.layer(x.flatten(1)))
        return self.out(F.relu(self.layer(x)))


def test_of_a_layer_that_runs_twice_the_last_time_counts() -> None:
    torch.manual_seed(0)
    model = Twice()
    layer, _ = found = inspected(model).layers
    assert [each.name for each in found] == ["layer", "out"]
    assert layer.nonlinearity == "relu"
    with torch.no_grad():
        again = model.layer(torch.tanh(model.layer(batch()[0].flatten(1))))
    assert agrees(layer.pre_activations, again.numpy())
    assert agrees(layer.activations, F.relu(again).numpy())


class Cut(nn.Module):
    """What its first layer gives is cut off from the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.out = nn.Linear(12, 12), nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.first(x.flatten(1)).detach())


def test_a_layer_without_gradients_says_so() -> None:
    first, out = inspected(Cut()).layers
    assert first.weight_gradients.count == first.pre_activation_gradients.count == 0
    assert math.isnan(first.gradient_ratio)
    assert out.weight_gradients.count == 36


class Attentive(nn.Module):
    """Weights of other modules, of a layer that another one computes, and of one that is idle."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.rand(4, 8))
        self.first = weight_norm(nn.Linear(6, 8))
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.idle = nn.Linear(3, 3)
        self.out = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.first(x) + self.place)
        return self.out(self.attend(x, x, x)[0].mean(1))


def test_weights_that_are_not_measured_are_named() -> None:
    probe = inspected(Attentive(), 4, 6)
    assert [layer.name for layer in probe.layers] == ["first", "out"]
    assert probe.unmeasured == (
        "place", "attend.in_proj_weight", "attend.out_proj.weight", "idle.weight",
    )  # fmt: skip
    assert inspected(perceptron(), 3, 4).unmeasured == ()


class Only(nn.Linear):
    """A model that is a layer itself."""


def test_a_model_that_is_a_layer_and_weights_that_are_shared_are_measured() -> None:
    assert [layer.name for layer in inspected(Only(12, 3), 12).layers] == [""]
    assert inspected(Only(12, 3), 12).unmeasured == ()
    tied = nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.Linear(12, 12))
    tied[1].weight = tied[2].weight
    tied.add_module("unused", nn.Identity())
    tied.unused.register_parameter("again", tied[2].weight)
    assert inspected(tied, 12).unmeasured == ()


def test_nan_and_infinity_are_measured_not_raised() -> None:
    model = perceptron(nn.ReLU)
    model[1].weight.data[0, 0] = math.inf
    found = inspected(model)
    assert found.loss == "NaN"
    assert found.layers[0].weights.not_finite == 1
    assert found.layers[0].pre_activations.not_finite > 0
    assert found.layers[0].between_samples == "NaN"


def constant_layers() -> tuple[LayerProbe, ...]:
    """Probe the constant network of the UvA tutorial on its batch.

    784-512-256-256-128-10 without nonlinearity, all weights and biases 0.005; pixels less 0.2861,
    by 0.3530; the first 1,024 images of random_split under seed 42.
    """
    train = load("fashion-mnist").train
    rows = torch.randperm(len(train.images), generator=torch.Generator().manual_seed(42))[:1_024]
    images = train.images[rows].float().div_(255).sub_(0.2861).div_(0.3530)
    sizes = (784, 512, 256, 256, 128, 10)
    layers = [nn.Linear(*pair) for pair in pairwise(sizes)]
    for layer in layers:
        nn.init.constant_(layer.weight, 0.005)
        nn.init.constant_(layer.bias, 0.005)
    model = nn.Sequential(nn.Flatten(), *layers)
    return probe(model, images, train.labels[rows], percentile=99.9).layers


def test_published_figures_of_constant_weights() -> None:
    layers = constant_layers()
    variances = [from_wire(layer.pre_activations.variance) for layer in layers]
    # As published; the last digit is rounding.
    assert variances == pytest.approx([2.0583, 13.489, 22.101, 36.210, 14.831], rel=5e-5)
    *hidden, last = [from_wire(layer.weight_gradients.variance) for layer in layers]
    assert last == pytest.approx(0.168, abs=5e-4)
    assert max(hidden) < 1e-15
    assert [layer.distinct_units for layer in layers] == [1] * 5
