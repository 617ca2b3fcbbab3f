"""What is wrong with an experiment's model is told before a process is started for it."""

from __future__ import annotations

import pytest

from inittui.errors import UsageError
from inittui.experiment.known_names import check_options
from inittui.experiment.records import Experiment, ModelConfig

LENET = ModelConfig("lenet")


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(model=ModelConfig("lenet", depth=20)),
        Experiment(model=ModelConfig("conv1d", activation="relu")),
        Experiment(model=ModelConfig(hidden=(8,), depth=3)),
        Experiment(model=LENET, sweeps=("model.depth=2|4",)),
        Experiment(model=ModelConfig(depth=2), sweeps=("model.name=mlp|lenet",)),
        Experiment(model=ModelConfig(depth=2), sweeps=("training.lr=0.1|1", "model.hidden=8|9")),
    ],
    ids=str,
)
def test_an_option_that_the_model_does_not_take_is_refused(experiment: Experiment) -> None:
    with pytest.raises(UsageError, match=r"takes no|--hidden or --depth"):
        check_options(experiment)


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(),
        Experiment(model=ModelConfig("lenet", width=64)),
        Experiment(model=ModelConfig(depth=3, width=8)),
        Experiment(sweeps=("model.depth=2|4", "model.name=mlp|deep_mlp")),
        Experiment(model=ModelConfig("mine.py:build", depth=3)),
    ],
    ids=str,
)
def test_others_pass(experiment: Experiment) -> None:
    check_options(experiment)
