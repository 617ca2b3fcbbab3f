"""The values of a model's first layer, as its initializer's distribution has them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from inittui.errors import UsageError
from inittui.experiment.data_sets import DATA_SETS
from inittui.experiment.models import MODELS
from inittui.experiment.records import DataConfig, Experiment, ModelConfig
from inittui.initializers import CATALOGUE, parse_scheme
from inittui.initializers.layer import LayerContext
from inittui.initializers.slots import slots_of
from inittui.models.build import build
from inittui.models.summary import describe_layers
from inittui.results.expected_values import expected_values

FIRST = Experiment()


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in ("dirac", "sparse")])
def test_its_mean_and_spread_are_those_of_the_distribution(name: str) -> None:
    found = expected_values(name, FIRST)
    assert found is not None
    assert found.layer.shape == (256, 784)
    shown = found.histogram
    law = CATALOGUE[name].values_for(found.layer, dict(parse_scheme(name).weights.parameters))
    width = (shown.high - shown.low) / len(shown.counts)
    middles = [shown.low + (place + 0.5) * width for place in range(len(shown.counts))]
    total = sum(shown.counts)
    assert total == pytest.approx(256 * 784, rel=1e-3)
    mean = sum(x * n for x, n in zip(middles, shown.counts, strict=True)) / total
    spread = math.sqrt(
        sum((x - mean) ** 2 * n for x, n in zip(middles, shown.counts, strict=True)) / total
    )
    assert mean == pytest.approx(law.mean, abs=width)
    assert spread == pytest.approx(law.std, abs=width)


def layer_of(chosen: Experiment, scheme: str = "rule") -> LayerContext:
    found = expected_values(scheme, chosen)
    assert found is not None
    return found.layer


def config(name: str, **options: Any) -> ModelConfig:
    return ModelConfig(name, **options)


@pytest.mark.parametrize("data", ["fashion-mnist", "cifar10"])
@pytest.mark.parametrize(
    "model",
    [
        config("mlp"),
        config("mlp", depth=3, width=32, activation="tanh"),
        config("deep_mlp", batch_norm=True),
        config("sigmoid_mlp", hidden=(7,)),
        config("lenet"),
        config("lenet", width=64, activation="selu"),
        config("conv1d"),
    ],
    ids=str,
)
def test_it_is_the_first_layer_that_the_model_has_once_it_is_built(
    model: ModelConfig, data: str
) -> None:
    shape = MODELS[model.name].input or DATA_SETS[data].shape
    built = build(model, shape, 10)
    first = next(slot for slot in slots_of(built) if slot.key == "weight")
    [row] = [
        row for row in describe_layers(built, torch.zeros(2, *shape)) if row.name == first.layer
    ]
    found = layer_of(Experiment(model=model, data=DataConfig(name=data)))
    assert (found.name, found.kind) == (first.layer, row.kind)
    assert found.shape == tuple(first.module.weight.shape)
    assert found.follower.name == row.nonlinearity


@pytest.mark.parametrize(
    "chosen",
    [
        Experiment(model=ModelConfig("mine.py:build")),
        Experiment(model=ModelConfig("torchvision:resnet18")),
        Experiment(data=DataConfig(name="nosuch")),
        Experiment(sweeps=("model.width=8|16",)),
    ],
)
def test_where_the_layer_is_not_known_it_is_an_example(chosen: Experiment) -> None:
    layer = layer_of(chosen)
    assert (layer.name, layer.shape) == ("", (256, 784))
    assert layer_of(chosen, "dirac").shape == (64, 64, 3, 3)


@pytest.mark.parametrize(
    ("scheme", "layers", "model", "value"),
    [
        ("zeros@fc1=ones", {}, "mlp", 1),
        ("zeros", {"fc1": "ones"}, "mlp", 1),
        ("zeros", {"*": "ones"}, "lenet", 1),
        ("zeros", {"conv2d": "ones"}, "lenet", 1),
        ("zeros", {"fc*": "ones"}, "lenet", 0),
        ("zeros@fc1=ones", {"linear": "zeros"}, "mlp", 0),
    ],
)
def test_a_rule_for_the_layer_fills_it(
    scheme: str, layers: dict[str, str], model: str, value: float
) -> None:
    found = expected_values(scheme, Experiment(model=ModelConfig(model), layers=layers))
    assert found is not None
    assert (found.histogram.low, found.histogram.high) == (value, value)


def test_what_cannot_fill_the_layer_says_so() -> None:
    assert expected_values("mine.py:fill", FIRST) is None
    assert expected_values("built", Experiment(model=ModelConfig("mine.py:build"))) is None
    with pytest.raises(UsageError, match="dirac fills"):
        expected_values("dirac", FIRST)
