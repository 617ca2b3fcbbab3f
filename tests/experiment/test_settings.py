"""The table has every field of an experiment, and what is made of it leads back to it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from inittui.cli import run
from inittui.cli.main import app
from inittui.errors import UsageError
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.experiment.settings import BY_PATH, SETTINGS, repeat_command, with_options
from inittui.experiment.toml import to_toml
from inittui.initializers import parse_scheme
from tests.support.experiments import VALUES, experiments


def fields(part: msgspec.Struct, before: str = "") -> Iterator[str]:
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            yield from fields(value, f"{name}.")
        else:
            yield before + name


def test_every_field_of_an_experiment_is_in_the_table() -> None:
    told = [field for each in SETTINGS for field in each.fields or (each.path,)]
    assert sorted({*told}) == sorted(fields(Experiment()))
    assert set(VALUES) == {each.path for each in SETTINGS}


def test_no_option_and_no_label_stands_twice() -> None:
    options = [name for each in SETTINGS for option in each.options for name in option.split("/")]
    labels = [each.label for each in SETTINGS]
    assert len({*options}) == len(options)
    assert len({*labels}) == len(labels)


@pytest.mark.parametrize("path", VALUES)
@given(data=st.data())
def test_what_is_written_is_read_again(path: str, data: st.DataObject) -> None:
    setting = BY_PATH[path]
    value = data.draw(VALUES[path])
    text = setting.write(value)
    assert setting.read(text) == value
    put = setting.put(Experiment(), value)
    assert setting.of(put) == value
    changed = {name for name in fields(put) if field(put, name) != field(Experiment(), name)}
    assert changed <= {*(setting.fields or (path,))}


def field(experiment: Experiment, path: str) -> object:
    section, _, name = path.rpartition(".")
    return getattr(getattr(experiment, section) if section else experiment, name)


@pytest.mark.parametrize("path", [path for path in BY_PATH if BY_PATH[path].choices])
def test_choices_are_read(path: str) -> None:
    for choice in BY_PATH[path].choices:
        assert BY_PATH[path].write(BY_PATH[path].read(choice)) == choice


EXPERIMENTS = [
    Experiment(),
    Experiment(
        schemes=("rule", "normal:std=0.1"),
        seeds=(3, 4, 5),
        name="mine",
        model=ModelConfig(hidden=(64, 32), activation="tanh", dropout=0.0, batch_norm=True),
        data=DataConfig(limit=600, validation=100),
        training=TrainingConfig(epochs=3, optimizer="sgd", lr=0.05, device="cpu"),
    ),
    Experiment(seeds=(1, 7), data=DataConfig(mean=0.5, split="torch:42")),
    Experiment(inspection=InspectionConfig(before=True, after=True, images=77)),
]


@pytest.mark.parametrize(
    ("experiment", "command"),
    [
        (EXPERIMENTS[0], "inittui compare"),
        (
            EXPERIMENTS[1],
            "inittui compare rule normal:std=0.1 --hidden 64,32 --activation tanh --dropout 0 "
            "--batch-norm --limit 600 --validation 100 --epochs 3 --optimizer sgd --lr 0.05 "
            "--device cpu --seeds 3 --seed 3 --name mine",
        ),
        (EXPERIMENTS[2], "inittui compare --config 'a place/experiment.toml'"),
    ],
)
def test_the_command_that_repeats_a_run(experiment: Experiment, command: str) -> None:
    assert repeat_command(experiment, Path("a place/experiment.toml")) == command


def test_names_are_not_lost(tmp_path: Path) -> None:
    named = replace(Experiment(), name="two words")
    assert repeat_command(named, None) == "inittui compare --name 'two words'"


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Experiment:
    """Return the experiment that a command line would run."""
    asked: list[Experiment] = []

    def conduct(experiment: Experiment, **settings: object) -> None:
        asked.append(experiment)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "conduct", conduct)
    done = CliRunner().invoke(app, list(arguments))
    assert asked, done.exception
    return asked[0]


def known(experiment: Experiment) -> Experiment:
    """Return an experiment with its schemes as the catalogue writes them."""
    rules = {key: str(parse_scheme(text)) for key, text in experiment.layers.items()}
    schemes = tuple(str(parse_scheme(text)) for text in experiment.schemes)
    return replace(experiment, schemes=schemes, layers=rules)


@given(experiment=experiments())
def test_the_repeated_command_leads_to_the_same_experiment(experiment: Experiment) -> None:
    try:
        experiment.check()
    except UsageError:
        assume(False)
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        file = Path(folder) / "experiment.toml"
        file.write_text(to_toml(experiment), encoding="utf-8")
        program, *arguments = shlex.split(repeat_command(experiment, file))
        assert program == "inittui"
        assert typed(patch, *arguments, "--trust") == known(experiment)


@pytest.mark.parametrize(
    ("experiment", "command"),
    [
        (Experiment(schemes=(), layers={"fc*": "ones"}), "inittui compare --layer 'fc*=ones'"),
        (Experiment(sweeps=("model.depth=2..8:3",)), "inittui compare --sweep model.depth=2..8:3"),
        (
            Experiment(data=DataConfig(mean=0.5, std=0.25, split="torch:42")),
            "inittui compare --normalize 0.5,0.25 --split torch:42",
        ),
        (
            Experiment(inspection=InspectionConfig(before=True, after=True, every=50)),
            "inittui compare --inspect --inspect-every 50",
        ),
        (Experiment(model=ModelConfig(hidden=(), arguments={"a": 3, "b": "x y"})),
         "inittui compare --hidden none --model-arg a=3 --model-arg 'b=x y'"),
        (Experiment(inspection=InspectionConfig(before=True)), "inittui compare --config e.toml"),
        (Experiment(inspection=InspectionConfig(every=9)), "inittui compare --config e.toml"),
        (Experiment(model=ModelConfig(arguments={"a": "3"})), "inittui compare --config e.toml"),
    ],
)  # fmt: skip
def test_what_options_can_say_is_said_by_options(experiment: Experiment, command: str) -> None:
    assert repeat_command(experiment, Path("e.toml")) == command


def test_options_add_to_a_file_and_begin_seeds_anew() -> None:
    base = Experiment(
        seeds=(5, 6), layers={"a": "ones", "b": "rule"}, sweeps=("model.depth=1|2",), name="kept"
    )
    given = {"layers": {"a": "zeros"}, "sweeps": ("normal:std=1|2",), "seeds": 3}
    found = with_options(base, given, from_file=True)
    assert found.seeds == (0, 1, 2)
    assert list(found.layers.items()) == [("b", "rule"), ("a", "zeros")]
    assert found.sweeps == ("model.depth=1|2", "normal:std=1|2")
    assert (found.schemes, found.name) == (base.schemes, "kept")
    assert with_options(Experiment(), given).schemes == ()
    assert with_options(base, {"seed": 9}, from_file=True).seeds == (9,)
