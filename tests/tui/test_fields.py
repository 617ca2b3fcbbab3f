"""The form's texts describe the experiment that they were made of, or say what is wrong."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.experiment.settings import SETTINGS, Setting
from inittui.experiment.toml import from_toml, to_toml
from inittui.tui.fields import FIELDS, experiment_from, placeholder_of, texts_of
from tests.support.experiments import VALUES, experiments

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


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_form_gives_back_the_experiment_that_it_was_given(experiment: Experiment) -> None:
    outcome = experiment_from(texts_of(experiment), experiment, experiment.schemes)
    assert outcome.experiment == experiment


@given(st.dictionaries(st.sampled_from([f.path for f in FIELDS]), st.text(max_size=12)))
def test_whatever_is_typed_gives_an_experiment_or_an_error(texts: dict[str, str]) -> None:
    outcome = experiment_from({**texts_of(Experiment()), **texts}, Experiment(), ["rule"])
    if outcome.experiment is None:
        assert all("\n" not in message for message in outcome.errors.values())
        assert outcome.errors
    else:
        assert from_toml(to_toml(outcome.experiment)) == outcome.experiment


def test_every_setting_has_a_line_but_the_schemes() -> None:
    assert {field.path for field in FIELDS} == {each.path for each in SETTINGS} - {"schemes"}
    assert [field.rare for field in FIELDS] == sorted(field.rare for field in FIELDS)


@given(experiments())
def test_texts_that_are_left_alone_change_nothing(experiment: Experiment) -> None:
    texts = texts_of(experiment)
    found = experiment_from(texts, experiment, experiment.schemes)
    assert found.experiment in (experiment, None)
    assert found.experiment is not None or list(found.errors) == [""], found


@given(st.data())
def test_what_is_typed_is_taken(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(FIELDS))
    value = data.draw(VALUES[field.path])
    base = data.draw(experiments())
    wanted = field.put(base, value)
    texts = {**texts_of(base), field.path: field.write(value)}
    found = experiment_from(texts, base, base.schemes)
    if found.experiment is not None:
        assert field.of(found.experiment) == value
        assert found.experiment == wanted
    else:
        assert list(found.errors) == [""], found


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.path)
@given(data=st.data())
def test_an_emptied_line_means_the_default(field: Setting, data: st.DataObject) -> None:
    usual = Experiment(schemes=("rule",))
    base = field.put(usual, data.draw(VALUES[field.path]))
    found = experiment_from({**texts_of(base), field.path: ""}, base, ("rule",))
    assert found.experiment == usual


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.path)
def test_a_help_fits_below_the_form_at_80_columns(field: Setting) -> None:
    assert len(textwrap.wrap(field.help, 37)) <= 4
    assert len(field.label) <= 12


def test_a_placeholder_is_the_chosen_model_s() -> None:
    fields = {field.path: field for field in FIELDS}
    shown = {
        model: [placeholder_of(fields[f"model.{name}"], {"model.name": model})
                for name in ("hidden", "activation", "dropout", "depth", "batch_norm")]
        for model in ("mlp", "sigmoid_mlp", "lenet", "net.py:Net")
    }  # fmt: skip
    own = "the model's"
    assert shown == {
        "mlp": ["256,128", "relu", "0.2", own, "no"],
        "sigmoid_mlp": ["20,15,15", "sigmoid", "0", own, "no"],
        "lenet": [own, "relu", "0.5", own, "no"],
        "net.py:Net": [own] * 5,
    }


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("sweeps", "normal:sd=1|2", "did you mean 'std'"),
        ("sweeps", "training.epochs=1|2", "can't be swept"),
        ("sweeps", "normal:std=1..2:1000,mean=1..2:1000", "835,396 trials are too many"),
        ("layers", "fc*=rul", "did you mean 'rule'"),
        ("layers", "fc*", "is not of the form"),
        ("training.stack", "some", "neither auto, off nor a whole number"),
        ("data.normalize", "0.5,0", "the std to divide pixels by must be above 0, not 0"),
        ("seeds", "0", "must be from 1 to 10,000, not 0"),
        ("training.epochs", "-1", "epochs must be from 1 to 10,000,000, not -1"),
    ],
)
def test_what_is_wrong_is_said(path: str, text: str, said: str) -> None:
    outcome = experiment_from({**texts_of(Experiment()), path: text}, Experiment(), ["rule"])
    [message] = outcome.errors.values()
    assert said in message


def test_a_line_that_is_left_alone_says_what_holds() -> None:
    assert all(field.default for field in FIELDS)
