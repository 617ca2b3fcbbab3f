"""What is said of an experiment: its trials' values, not those that a sweep replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.experiment.records import Experiment, ModelConfig, TrainingConfig
from inittui.views.experiment_words import model_words, seeds_words, training_words
from tests.support.commands import inittui


def test_without_a_sweep_each_setting_has_one_value() -> None:
    model = ModelConfig("mlp", hidden=(8, 4), dropout=0.5)
    experiment = Experiment(model=model, training=TrainingConfig(epochs=1, lr=0.01))
    assert model_words(experiment) == "mlp (hidden 8-4, dropout 0.5)"
    assert training_words(experiment) == ("1 epoch", "batch 100", "adam 0.01")
    assert training_words(experiment, 30)[0] == "1 epoch of 30 steps"
    assert training_words(experiment, 1)[0] == "1 epoch of 1 step"


def test_what_is_swept_has_its_values() -> None:
    sweeps = ("training.lr=1e-4..1e-1:4", "model.depth=2|8", "training.optimizer=sgd|adam")
    experiment = Experiment(model=ModelConfig(depth=3, activation="tanh"), sweeps=sweeps)
    assert training_words(experiment)[2] == "sgd|adam lr 1e-4 to 1e-1 (4 values)"
    assert model_words(experiment) == "mlp (depth 2|8, activation tanh)"
    assert model_words(Experiment(sweeps=("model.name=mlp|lenet",))) == "mlp|lenet"
    assert training_words(Experiment(sweeps=("normal:std=0.1|1",)))[2] == "adam 0.001"


def test_a_sweep_of_a_hostile_log_is_harmless() -> None:
    experiment = Experiment(sweeps=("training.lr=\x1b[31m" + "9" * 500,))
    said = training_words(experiment)[2]
    assert "\x1b" not in said
    assert len(said) < 100


@pytest.mark.parametrize(
    ("seeds", "said"), [((3,), "seed 3"), ((0, 1, 2), "seeds 0 to 2"), ((0, 5), "2 seeds")]
)
def test_seeds(seeds: tuple[int, ...], said: str) -> None:
    assert seeds_words(seeds) == said


def test_the_report_of_a_sweep_tells_it(tmp_path: Path) -> None:
    done = inittui(
        "compare", "rule", "--sweep", "training.lr=0.1|0.01", "--limit", "300", "--epochs", "1",
        "--runs-dir", str(tmp_path),
    )  # fmt: skip
    first = done.stdout.splitlines()[0]
    assert "adam lr 0.1|0.01" in first
    assert "0.001" not in first
