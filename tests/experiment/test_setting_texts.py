"""The texts of settings are read, or refused in one line."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.errors import UsageError
from inittui.experiment.setting_texts import arguments, layers, sizes, whole, words, words_written


def test_arguments_are_read_as_numbers_booleans_and_words() -> None:
    assert arguments("") == {}
    texts = ["a=3", "b=-2.5", "c=1e-3", "d=True", "e=false", "f=x=y", "g=", "h=1e999", "i=nan"]
    assert arguments(shlex.join(texts)) == {
        "a": 3, "b": -2.5, "c": 1e-3, "d": True, "e": False, "f": "x=y", "g": "", "h": "1e999",
        "i": "nan",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a", "=3", "a b=3", "3=a", "class=3", ""])
def test_arguments_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError, match="is not of the form depth=3"):
        arguments(shlex.join([text]))


def test_an_argument_given_twice() -> None:
    with pytest.raises(UsageError, match="'a' is given twice"):
        arguments("a=1 a=2")


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    try:
        found = arguments(shlex.join(texts))
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert json.loads(json.dumps(found)) == found


@given(st.one_of(st.integers(-(10**15), 10**15), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_come_back(number: float) -> None:
    assert arguments(f"a={number}") == {"a": number}


@given(st.lists(st.text(max_size=20), max_size=5))
def test_words_come_back(many: list[str]) -> None:
    text = words_written(many)
    assert list(words(text)) == many
    assert text == " ".join(many) or any(set(each) & set("'\"\\") or each.split() != [each]
                                         for each in many)  # fmt: skip


def test_an_open_quote_is_told() -> None:
    with pytest.raises(UsageError, match="opening quote"):
        words("fc1='ones")


def test_of_one_pattern_the_last_rule_counts_in_its_place() -> None:
    assert list(layers("a=ones b=zeros a=rule").items()) == [("b", "zeros"), ("a", "rule")]
    for text in ("fc1", "=rule", "fc1="):
        with pytest.raises(UsageError, match="is not of the form"):
            layers(text)


def test_no_hidden_layer_has_a_word() -> None:
    assert sizes("none") == ()
    for text in ("", "3,", "-3", "²"):
        with pytest.raises(UsageError, match="is not of the form 256,128"):
            sizes(text)
    with pytest.raises(UsageError, match="too large"):
        sizes("1" * 10)


def test_commas_stand_where_thousands_do() -> None:
    assert [whole(text) for text in ("1,000", "1_000", "-12,345,678", "1000")] == [
        1000, 1000, -12_345_678, 1000,
    ]  # fmt: skip
    for text in ("1,2", "0,1,2", "1000,000", "1,00", "1,", ",100", "1__000"):
        with pytest.raises(UsageError, match="not a whole number"):
            whole(text)
