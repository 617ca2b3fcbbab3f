"""How a model grows with its width: which layers are input, hidden and output, and what is not."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.records import ModelConfig
from inittui.initializers import parse_scheme
from inittui.initializers.layer import Growth
from inittui.models.build import build
from inittui.models.growth import base_width, growth_of, learning_rates, with_width
from inittui.training.prepared import prepare
from tests.support.trials import experiment

SHAPE = (1, 8, 8)


def built(config: ModelConfig) -> nn.Module:
    return build(config, SHAPE, 10, example=torch.zeros(1, *SHAPE))


def test_layers_are_told_apart_by_what_grows() -> None:
    wide = ModelConfig("deep_mlp", depth=2, width=32, batch_norm=True)
    growth = growth_of(built(wide), built(with_width(wide, 8)))
    assert growth == {
        "fc1": Growth(1, 4), "norm1": Growth(1, 4), "fc2": Growth(4, 4), "norm2": Growth(1, 4),
        "fc3": Growth(4, 1),
    }  # fmt: skip
    rates = learning_rates(built(wide), growth, "sgd")
    assert rates == {
        "fc1.weight": 4, "fc1.bias": 4, "norm1.weight": 4, "norm1.bias": 4, "fc2.bias": 4,
        "norm2.weight": 4, "norm2.bias": 4, "fc3.weight": 1 / 4,
    }  # fmt: skip
    assert learning_rates(built(wide), growth, "adam") == {"fc2.weight": 1 / 4, "fc3.weight": 1 / 4}


def test_sizes_of_one_s_own_shape_grow_each_by_its_own_factor() -> None:
    own = ModelConfig("mlp", hidden=(32, 16))
    growth = growth_of(built(own), built(with_width(own, 8)))
    assert growth == {"fc1": Growth(1, 4), "fc2": Growth(4, 2), "fc3": Growth(2, 1)}


def test_convolutions_grow_by_their_channels() -> None:
    lenet = ModelConfig("lenet", width=128)
    growth = growth_of(built(lenet), built(with_width(lenet, 64)))
    assert growth["conv1"] == Growth(1, 2)
    assert growth["conv2"] == growth["fc1"] == Growth(2, 2)
    assert growth["fc2"] == Growth(2, 1)


def test_only_the_output_layer_starts_smaller() -> None:
    model = ModelConfig("deep_mlp", depth=2, width=256, activation="relu")
    prepared = prepare(experiment(("mup:base=64",), images=200, model=model))
    made, _ = prepared.variants[0].model(prepared.trials[0])
    expected = {"fc1": math.sqrt(2 / 784), "fc2": math.sqrt(2 / 256), "fc3": 1 / 256 * 8}
    for name, std in expected.items():
        weight = made.get_submodule(name).weight
        assert weight.std().item() == pytest.approx(std, rel=0.05)


@pytest.mark.parametrize(
    ("scheme", "width"), [("mup", 64), ("mup:base=256", 256), ("rule", None), ("standard", None)]
)
def test_base_width(scheme: str, width: int | None) -> None:
    assert base_width(parse_scheme(scheme)) == width


OWN = """
import torch
from torch import nn
def narrow(hidden=16): return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
def wide(width=16):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10))
def words(width=16):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), Scaled(width), nn.Linear(width, 10))
class Scaled(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
    def forward(self, x): return x * self.scale
class Tied(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.first, self.last = nn.Linear(784, width), nn.Linear(width, 10)
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)
        self.b.weight = self.a.weight
    def forward(self, x): return self.last(self.b(self.a(self.first(x.flatten(1)))))
def deeper(width=16):
    layers = [nn.Linear(784, width)] + [nn.Linear(width, width)] * (width > 16)
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, 10))
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "grown.py"
    path.write_text(OWN)
    return path


def test_one_s_own_model_grows_by_its_argument(own: Path) -> None:
    model = ModelConfig(f"{own}:wide", arguments={"width": 64})
    prepared = prepare(experiment(("mup:base=16",), images=200, model=model))
    rates = prepared.variants[0].rates(prepared.trials[0])
    assert rates == {"3.weight": 1 / 4}


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("{own}:narrow", {}, "has no width to grow by: give its function an argument 'width'"),
        ("{own}:words", {"width": 64}, "'2' is of another kind: Scaled"),
        ("{own}:Tied", {"width": 64}, "layers of the model share weights"),
        ("{own}:deeper", {"width": 64}, "other layers, not only sizes"),
    ],
)
def test_what_mup_does_not_know_is_refused_before_training(
    own: Path, model: str, options: dict[str, int], said: str
) -> None:
    config = ModelConfig(model.format(own=own), arguments=options)
    with pytest.raises(UsageError, match=said):
        prepare(experiment(("mup:base=16",), images=200, model=config))


@pytest.mark.parametrize("optimizer", ["adamw", "rmsprop"])
def test_other_optimizers_are_refused(optimizer: str) -> None:
    wanted = experiment(("mup",), images=200, optimizer=optimizer)
    with pytest.raises(UsageError, match=f"adam and sgd, not for {optimizer}"):
        prepare(wanted)
