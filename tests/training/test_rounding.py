"""Chaos is found from the path: the first steps in the other precision."""

from __future__ import annotations

from typing import Any

import pytest

from inittui.events.records import RoundingCompared
from inittui.events.wire_numbers import from_wire
from inittui.training.engine import train
from inittui.training.prepared import prepare
from inittui.training.rounding import STEPS
from inittui.views.conclusions import CHAOTIC
from tests.support.trials import experiment


def compared(*schemes: str, **settings: Any) -> dict[str, float]:
    prepared = prepare(experiment(schemes, **settings))
    return {
        prepared.trials[event.trial].scheme: from_wire(event.difference)
        for event in train(prepared)
        if isinstance(event, RoundingCompared)
    }


def test_equal_units_of_positive_weights_amplify_rounding_and_large_losses_need_not() -> None:
    """Measured: ones .36, constant .1 .01, uniform 9e-7, rule not in doubt."""
    found = compared("ones", "constant:value=0.3", "uniform", "rule", "zeros")
    assert found["ones"] > CHAOTIC
    assert found["constant:value=0.3"] > CHAOTIC
    assert found["uniform"] < 1e-4
    assert not found.keys() & {"rule", "zeros"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_either_precision_is_compared_with_the_other(dtype: str) -> None:
    assert compared("ones", dtype=dtype)["ones"] > CHAOTIC


def test_few_steps_are_compared_as_far_as_they_go() -> None:
    prepared = prepare(experiment(["ones"], images=100, batch_size=40))
    steps = prepared.asked_for.training.epochs * 2
    (event,) = (e for e in train(prepared) if isinstance(e, RoundingCompared))
    assert event.steps == min(STEPS, steps)


def test_an_overflow_of_one_precision_alone_is_no_chaos() -> None:
    """A step of 1e30 takes single precision to infinity, from a loss that both agree on."""
    found = compared("rule", "normal", lr=1e30)
    assert found and max(found.values()) < CHAOTIC
