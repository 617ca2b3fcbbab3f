"""The values of a model's first layer, as its initializer's distribution has them."""

from __future__ import annotations

import math

import pytest

from inittui.errors import UsageError
from inittui.experiment.data_sets import DATA_SETS
from inittui.experiment.records import DataConfig, Experiment, ModelConfig
from inittui.initializers import CATALOGUE, parse_scheme
from inittui.results.expected_values import SETS, expected_values

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


def test_the_sets_have_images_of_one_size() -> None:
    alike = [one.name for one in DATA_SETS.values() if one.shape == (1, 28, 28)]
    assert sorted(alike) == sorted(SETS)


@pytest.mark.parametrize(
    "chosen",
    [
        Experiment(model=ModelConfig("lenet")),
        Experiment(model=ModelConfig("mine.py:build")),
        Experiment(data=DataConfig(name="cifar10")),
    ],
)
def test_nothing_is_claimed_where_the_shape_is_not_known(chosen: Experiment) -> None:
    assert expected_values("rule", chosen) is None


def test_what_cannot_fill_the_layer_says_so() -> None:
    assert expected_values("mine.py:fill", FIRST) is None
    with pytest.raises(UsageError, match="dirac fills"):
        expected_values("dirac", FIRST)
