"""Conditions of --fail-if: read before training, and true where they say so."""

from __future__ import annotations

import pytest

from inittui.errors import UsageError
from inittui.initializers import parse_scheme
from inittui.results.conditions import Condition, broken, parse_condition
from tests.support.runs import Made, made_run

NAMES = ("rule", "normal", "normal:std=0.1", "rule depth=8")


def read(text: str, seeds: int = 3) -> Condition:
    return parse_condition(text, NAMES, seeds, lambda name: str(parse_scheme(name)))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("rule < 0.8", Condition("rule", "<", 0.8)),
        ("rule<=80%", Condition("rule", "<=", 0.8)),
        ("general_rule > .5", Condition("rule", ">", 0.5)),
        ("normal:std=1e-1 >= 0.1", Condition("normal:std=0.1", ">=", 0.1)),
        ("rule depth=8 < 0.5", Condition("rule depth=8", "<", 0.5)),
        ("rule worse-than normal", Condition("rule", other="normal")),
    ],
)
def test_what_is_meant(text: str, condition: Condition) -> None:
    assert read(text) == condition


@pytest.mark.parametrize(
    ("text", "seeds", "said"),
    [
        ("rule", 3, "neither of the form"),
        ("rule < x", 3, "neither of the form"),
        ("< 0.8", 3, "neither of the form"),
        ("rule == 0.8", 3, "neither of the form"),
        ("rule < 80", 3, "an accuracy is from 0 to 1"),
        ("zeros < 0.8", 3, "no contestant is called 'zeros'"),
        ("rul < 0.8", 3, "did you mean 'rule'"),
        ("rule worse-than rule", 3, "with itself"),
        ("rule worse-than normal", 2, "take --seeds 3 or more"),
    ],
)
def test_what_cannot_be_meant(text: str, seeds: int, said: str) -> None:
    with pytest.raises(UsageError, match="--fail-if") as caught:
        read(text, seeds)
    assert said in str(caught.value)


def test_a_level_is_compared_with_the_mean() -> None:
    state = made_run([Made("rule", 0.7, seed=0), Made("rule", 0.9, seed=1)])
    assert broken(Condition("rule", "<", 0.79), state) is None
    assert broken(Condition("rule", "<", 0.81), state) == "rule has an accuracy of 0.8000, < 0.81"
    assert broken(Condition("rule", ">", 0.81), state) is None


@pytest.mark.parametrize(
    ("rule", "is_worse"),
    [((0.70, 0.71, 0.72), True), ((0.90, 0.91, 0.92), False), ((0.70, 0.99, 0.75), False)],
)
def test_worse_is_told_by_a_paired_test(rule: tuple[float, ...], is_worse: bool) -> None:
    normal = (0.801, 0.812, 0.819)
    made = [Made("rule", accuracy, seed=seed) for seed, accuracy in enumerate(rule)]
    made += [Made("normal", accuracy, seed=seed) for seed, accuracy in enumerate(normal)]
    why = broken(Condition("rule", other="normal"), made_run(made))
    assert (why is not None) == is_worse
    if why is not None:
        assert why.startswith("rule is worse than normal by 10.07 points, 95 % interval ")


def test_what_diverged_is_below_any_level_and_worse_than_any() -> None:
    made = [Made("rule", status="diverged", seed=seed) for seed in range(3)]
    made += [Made("normal", 0.8, seed=seed) for seed in range(3)]
    state = made_run(made)
    assert broken(Condition("rule", "<", 0.01), state) == "rule was not trained to the end"
    assert broken(Condition("rule", other="normal"), state) == "rule was not trained to the end"
    assert broken(Condition("rule", ">", 0.9), state) is None
    assert broken(Condition("normal", other="rule"), state) is None


def test_the_accuracy_and_its_level_read_different_where_they_are() -> None:
    state = made_run([Made("rule", 0.79996), Made("normal", 0.3)])
    said = "rule has an accuracy of 0.79996, < 0.8"
    assert broken(Condition("rule", "<", 0.8), state) == said
    assert broken(Condition("normal", "<=", 0.3), state) == (
        "normal has an accuracy of 0.3000, <= 0.3"
    )
    level = 0.3000001
    assert str(broken(Condition("normal", "<", level), state)).endswith("0.3000, < 0.3000001")
