"""The models that come with inittui: sizes, options, and what building them leaves alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from inittui.errors import MachineError, UsageError
from inittui.experiment.models import MODELS, is_own
from inittui.experiment.records import ACTIVATIONS, ModelConfig
from inittui.models.build import build
from inittui.models.summary import describe_layers

IMAGE = (1, 28, 28)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def make(name: str, shape: tuple[int, ...] | None = None, **options: object) -> nn.Module:
    inputs = shape or MODELS[name].input or IMAGE
    return build(ModelConfig(name=name, **options), inputs, 10)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("mlp", 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10),
        ("deep_mlp", 785 * 512 + 513 * 256 + 257 * 256 + 257 * 128 + 129 * 10),
        ("sigmoid_mlp", 785 * 20 + 21 * 15 + 16 * 15 + 16 * 10),
        ("lenet", 26 * 32 + (25 * 32 + 1) * 64 + 3137 * 1024 + 1025 * 10),
        ("conv1d", (64 * 3 + 1) * 16 + 497 * 64 + 65 * 64 + 65 * 8 + 9 * 64),
    ],
)
def test_sizes(name: str, count: int) -> None:
    model = make(name)
    assert parameters(model) == count
    outputs = model(torch.zeros(3, *(MODELS[name].input or IMAGE)))
    assert outputs.shape == (3, 64 if name == "conv1d" else 10)


@pytest.mark.parametrize("name", ["mlp", "deep_mlp", "sigmoid_mlp"])
def test_descriptions_of_perceptrons_say_their_sizes(name: str) -> None:
    linear = [m for m in make(name).modules() if isinstance(m, nn.Linear)]
    sizes = [linear[0].in_features, *(layer.out_features for layer in linear)]
    assert MODELS[name].layers == "-".join(map(str, sizes))


def test_the_convolution_of_conv1d_meets_the_dense_layer_of_its_source() -> None:
    model = make("conv1d")
    assert model.conv(torch.zeros(1, 64, 128)).shape == (1, 16, 126)
    assert model.fc1.in_features == 496


def test_the_convolution_of_conv1d_is_followed_by_a_relu() -> None:
    rows = describe_layers(make("conv1d"), torch.rand(1, 64, 128))
    assert {row.name: row.nonlinearity for row in rows if row.nonlinearity} == {
        "conv": "relu", "fc1": "relu", "fc2": "relu", "fc3": "relu", "fc4": "identity",
    }  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 29, 31), (2, 4, 5)])
def test_lenet_takes_images_of_any_size(shape: tuple[int, ...]) -> None:
    model = make("lenet", shape)
    assert model.conv1(torch.zeros(2, *shape)).shape == (2, 32, *shape[1:])
    assert model(torch.zeros(2, *shape)).shape == (2, 10)


def test_options_of_lenet() -> None:
    kinds = [type(m) for m in make("lenet", dropout=0.0, batch_norm=True, activation="tanh")]
    assert nn.Dropout not in kinds
    assert kinds.count(nn.BatchNorm2d) == 2
    assert kinds.count(nn.BatchNorm1d) == 1
    assert kinds.count(nn.Tanh) == 3
    assert make("lenet").dropout.p == 0.5


def test_a_smaller_lenet_has_fewer_of_everything() -> None:
    model = make("lenet", width=256)
    kernels = [tuple(p.shape) for name, p in model.named_parameters() if name.endswith("weight")]
    assert kernels == [(8, 1, 5, 5), (16, 8, 5, 5), (256, 16 * 7 * 7), (10, 256)]
    assert make("lenet", width=8)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name: str) -> None:
    model = make("deep_mlp", activation=name, hidden=(7, 5))
    assert model(torch.ones(2, *IMAGE)).isfinite().all()


def test_depth_and_width_are_another_way_to_say_hidden() -> None:
    def units(**options: object) -> list[int]:
        model = make("deep_mlp", **options)
        return [m.out_features for m in model.modules() if isinstance(m, nn.Linear)][:-1]

    assert units(depth=3, width=9) == [9, 9, 9]
    assert units(width=9) == [9] * 4
    assert units(depth=2) == [512, 512]
    assert units(hidden=(4, 3)) == [4, 3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "mpl"}, "there is no model 'mpl'; did you mean 'mlp'?"),
        ({"name": "net.py"}, "name a class or a function in that file, net.py:NAME"),
        ({"name": "lenet", "hidden": (3,)}, "takes no --hidden; its options are --activation,"),
        ({"name": "conv1d", "dropout": 0.1}, "takes no --dropout; it has none"),
        ({"name": "mlp", "arguments": {"a": 1}}, "takes no --model-arg; its options are --hidden,"),
        (
            {"name": "mlp", "hidden": (3,), "depth": 3},
            "either --hidden or --depth and --layer-width",
        ),
        ({"name": "conv1d"}, "conv1d takes inputs of 64x128, not 1x28x28: it is not for training"),
        ({"name": "a.py:Net", "dropout": 0.1}, "--model-arg dropout=…"),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(ModelConfig(**options), IMAGE, 10)  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize("shape", [(1, 3, 28), (784,)])
def test_lenet_refuses_what_it_cannot_halve_twice(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="at least 4x4 pixels, not inputs of "):
        make("lenet", shape)


@pytest.mark.parametrize("name", MODELS)
def test_building_is_seeded_and_leaves_the_generators_alone(name: str) -> None:
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    expected = (torch.rand(1).item(), random.random(), np.random.rand())
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    first, second = make(name), make(name)
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == expected
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_whose_code_a_name_is() -> None:
    assert is_own("net.py:Net")
    assert is_own("package.module:make")
    assert not is_own("torchvision:resnet18")
    assert not is_own("mlp")


def test_what_no_memory_holds_is_refused_before_it_is_built() -> None:
    with pytest.raises(MachineError, match=r"100,007,940,000,000 weights takes 800,064 GB"):
        make("deep_mlp", hidden=None, depth=2, width=10**7)
