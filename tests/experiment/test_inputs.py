"""Inputs are read from their texts, told by them, and refused where they can't be meant."""

from __future__ import annotations

import msgspec
import pytest

from inittui.errors import UsageError
from inittui.experiment.inputs import Input, parse_input, parse_inputs
from inittui.experiment.records import Experiment, ModelConfig
from inittui.experiment.toml import from_toml, to_toml


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("3x224x224", Input((3, 224, 224))),
        ("784", Input((784,))),
        ("16x64", Input((16, 64))),
        ("ids:128:50257", Input((128,), ids=50257)),
        ("ids:10", Input((), ids=10)),
        ("ids:4x16:100", Input((4, 16), ids=100)),
        ("pos:1x28x28", Input((1, 28, 28), is_positive=True)),
        ("tokens=ids:16:100", Input((16,), ids=100, name="tokens")),
        ("x=pos:8", Input((8,), is_positive=True, name="x")),
    ],
)
def test_an_input_is_what_its_text_says(text: str, wanted: Input) -> None:
    assert parse_input(text) == wanted
    assert str(wanted) == text


def test_spelling_is_free() -> None:
    assert parse_input(" a = 3X32x32 ") == Input((3, 32, 32), name="a")
    assert str(parse_input("IDS:08:10")) == "ids:8:10"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the forms are"),
        ("3x", "the forms are"),
        ("3,32,32", "the forms are"),
        ("-3", "the forms are"),
        ("²", "the forms are"),
        ("ids", "the forms are"),
        ("ids:", "the forms are"),
        ("ids:3:4:5", "the forms are"),
        ("ids:8:many", "the forms are"),
        ("abs:8", "the forms are"),
        ("0x3", "a size of 0"),
        ("99999x99999", "more than 1,000,000,000 values"),
        ("ids:8:0", "from 1 to 16,777,216 ids"),
        ("ids:8:99999999", "from 1 to 16,777,216 ids"),
        ("class=3", "'class' can't be a parameter"),
        ("=3", "'' can't be a parameter"),
        ("a=b=3", "'a=b' can't be a parameter"),
    ],
)
def test_what_is_no_input_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match="is no input: ") as caught:
        parse_input(text)
    assert why in str(caught.value)


def test_several_inputs_are_those_of_a_call() -> None:
    first, second = parse_inputs(["3x32x32", "label=ids:10"])
    assert (first.name, second.name) == ("", "label")
    with pytest.raises(UsageError, match="'label' is given twice"):
        parse_inputs(["label=ids:10", "label=3"])
    with pytest.raises(UsageError, match="'784' comes after one with a name"):
        parse_inputs(["label=ids:10", "784"])


def test_sizes_of_an_old_log_and_of_python_are_one_input() -> None:
    old = msgspec.json.decode(b'{"input": [1, 32, 32]}', type=ModelConfig)
    assert old == ModelConfig(input=(1, 32, 32)) == ModelConfig(input=("1x32x32",))
    assert msgspec.json.decode(msgspec.json.encode(old), type=ModelConfig) == old
    assert from_toml("[model]\ninput = [1, 32, 32]\n").model == old
    experiment = Experiment(model=ModelConfig(input=("3x8x8", "ids:4")))
    assert from_toml(to_toml(experiment)) == experiment


def test_an_experiment_says_which_input_is_wrong() -> None:
    with pytest.raises(UsageError, match=r"model\.input: '3xx' is no input"):
        Experiment(model=ModelConfig(input=("3xx",))).check()
