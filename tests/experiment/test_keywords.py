"""Settings by their names in Python lead to the experiment that the command line's lead to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inittui.errors import UsageError
from inittui.experiment.keywords import BY_NAME, with_keywords
from inittui.experiment.records import Experiment, ModelConfig
from inittui.experiment.settings import SETTINGS
from tests.support.experiments import VALUES


def test_every_setting_has_a_name() -> None:
    assert {id(each) for each in BY_NAME.values()} == {id(each) for each in SETTINGS}
    assert {"model", "data", "epochs", "limit", "batch_size", "lr", "seeds", "layers"} <= {*BY_NAME}


@pytest.mark.parametrize(
    ("given", "path", "wanted"),
    [
        ({"epochs": 3}, "training.epochs", 3),
        ({"epochs": np.int64(3)}, "training.epochs", 3),
        ({"epochs": "3"}, "training.epochs", 3),
        ({"lr": 1}, "training.lr", 1),
        ({"hidden": [64, 32]}, "model.hidden", (64, 32)),
        ({"hidden": "64,32"}, "model.hidden", (64, 32)),
        ({"layer_width": 9}, "model.width", 9),
        ({"width": 9}, "model.width", 9),
        ({"input": (3, 32, 32)}, "model.input", ("3x32x32",)),
        ({"inputs": ["784", "IDS:10"]}, "model.input", ("784", "ids:10")),
        ({"input": "784"}, "model.input", ("784",)),
        ({"model_args": {"depth": 3}}, "model.arguments", {"depth": 3}),
        ({"layers": {"fc*": "ones"}}, "layers", {"fc*": "ones"}),
        ({"layer": "fc*=ones"}, "layers", {"fc*": "ones"}),
        ({"limit": None}, "data.limit", None),
    ],
)
def test_values_are_those_of_python_or_of_the_command_line(
    given: dict[str, Any], path: str, wanted: object
) -> None:
    setting = next(each for each in SETTINGS if each.path == path)
    assert setting.of(with_keywords(Experiment(), given)) == wanted


def test_two_values_in_one() -> None:
    found = with_keywords(Experiment(), {"normalize": (0.5, 0.25), "inspect": True})
    assert (found.data.mean, found.data.std) == (0.5, 0.25)
    assert (found.inspection.before, found.inspection.after) == (True, True)
    assert with_keywords(Experiment(), {"inspect": "before"}).inspection.after is False


@pytest.mark.parametrize("path", sorted(VALUES))
def test_what_is_valid_in_an_experiment_is_taken(path: str) -> None:
    setting = next(each for each in SETTINGS if each.path == path)
    [name, *_] = [name for name, each in BY_NAME.items() if each is setting]
    value = setting.of(with_keywords(Experiment(), {}))
    if path not in ("schemes", "seeds", "seed"):
        assert setting.of(with_keywords(Experiment(), {name: value})) == value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epoch": 3}, "there is no setting 'epoch'; did you mean 'epochs'?"),
        ({"epochs": 2.5}, "epochs can't be 2.5: Expected `int`, got `float`"),
        ({"epochs": "many"}, "epochs: 'many' is not a whole number"),
        ({"width": 3, "layer_width": 4}, "are one setting; give one of them"),
        ({"normalize": 3}, "normalize is two values, not 3"),
        ({"layers": 3}, "layers can't be 3"),
        ({"input": ["3xx"]}, "input: '3xx' is no input"),
        ({"model_args": {"width": [3]}}, "model_args can't be"),
    ],
)
def test_what_cannot_be_meant_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_keywords(Experiment(), given)
    assert said in str(caught.value)


def test_layer_rules_make_contestants_unless_schemes_are_kept() -> None:
    base = Experiment(schemes=("zeros",), model=ModelConfig(width=3))
    assert with_keywords(base, {"layers": {"a": "ones"}}).schemes == ()
    assert with_keywords(base, {"layers": {"a": "ones"}}, keeps_schemes=True).schemes == ("zeros",)
