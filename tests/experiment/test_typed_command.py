"""A command line is read back as the experiment that it was written for."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given

from inittui.errors import UsageError
from inittui.experiment.records import (
    CLASSIC_SCHEMES,
    DataConfig,
    Experiment,
    ModelConfig,
    TrainingConfig,
)
from inittui.experiment.settings import repeat_command
from inittui.experiment.toml import to_toml
from inittui.experiment.typed_command import is_command, read_command
from tests.support.experiments import experiments


@given(experiment=experiments())
def test_what_repeats_an_experiment_is_read_as_it(experiment: Experiment) -> None:
    line = repeat_command(experiment, Path("nowhere/experiment.toml"))
    if "--config" not in shlex.split(line):
        assert read_command(line, Experiment()) == experiment


def test_values_may_begin_with_a_dash() -> None:
    found = read_command("inittui compare rule --normalize -1,0.5 -e 3", Experiment())
    assert (found.data.mean, found.data.std, found.training.epochs) == (-1.0, 0.5, 3)


def test_one_s_own_model_is_compared_as_built_first_as_the_command_does() -> None:
    own = ModelConfig(name="mine.py:Net")
    found = read_command("inittui compare --model mine.py:Net", Experiment())
    assert found == Experiment(schemes=("built", *CLASSIC_SCHEMES), model=own)
    for made in (found, Experiment(model=own)):
        line = repeat_command(made, Path("nowhere/experiment.toml"))
        assert "--config" not in line
        assert read_command(line, Experiment()) == made


def test_a_file_and_what_is_typed_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a file.toml"
    made = Experiment(schemes=("ones",), data=DataConfig(limit=700))
    file.write_text(to_toml(made))
    line = f"inittui compare -c {shlex.quote(str(file))} --epochs 5"
    expected = Experiment(
        schemes=("ones",), data=DataConfig(limit=700), training=TrainingConfig(epochs=5)
    )
    assert read_command(line, Experiment()) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("inittui compare rule --epoch 2", "did you mean '--epochs'?"),
        ("inittui compare rule --frobnicate", "'--frobnicate' is no setting of an experiment"),
        ("inittui compare rule -e", "--epochs: its value is missing"),
        ("inittui compare rule -e two", "--epochs: 'two' is not a whole number"),
        ("inittui compare 'rule", "a quotation mark is missing"),
        ("inittui inspect rule", "begins with 'inittui compare'"),
    ],
)
def test_what_is_wrong_is_one_line(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_command(line, Experiment())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("inittui compare", True), ("$ inittui  compare zeros", True), ("> inittui compare", True),
     ("inittui", False), ("", False), ("rule", False), ("inittui inspect", False),
     ("$ $ inittui compare", False)],
)  # fmt: skip
def test_what_is_taken_for_a_command(text: str, expected: bool) -> None:
    assert is_command(text) is expected
