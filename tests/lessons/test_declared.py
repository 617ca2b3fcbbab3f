"""Start values beside what their initializers say."""

from __future__ import annotations

import msgspec
import pytest

from inittui.events.records import Event, ProbeMeasured, TrialStarted
from inittui.initializers import own
from inittui.lessons import read_lesson
from inittui.lessons.declared import answer_declared
from inittui.lessons.questions import Declared, StandsOut
from inittui.lessons.stands_out import answer_stands_out
from inittui.recording.untrained import starts
from inittui.results.state import RunState, fold


@pytest.fixture(scope="module")
def events() -> list[Event]:
    own.load("inittui.lessons.own_initializer:my_init")
    experiment = read_lesson("per-layer").parts[0].experiment
    assert experiment is not None
    return list(starts(experiment, []))


def test_every_parameter_stands_there_once(events: list[Event]) -> None:
    answer = answer_declared(Declared(), fold(events))
    assert len(answer.measured) == 10
    assert answer.holds is True
    assert answer.measured["fc1.bias"] == (1.0, 0.0)
    assert answer.measured["fc2.bias"] == (pytest.approx(0.4), 0.0)
    assert "fc1.bias: mean 1, standard deviation 0; ones has 1 and 0." in answer.text
    assert "fc2.weight: mean" in answer.text and "normal:std=0.05 has 0 and 0.05." in answer.text
    assert "my_init is code of one's own" in answer.text


def changed(events: list[Event], layer: str, **moments: float) -> RunState:
    """Return the run with other measured moments of one layer's weights."""
    found: list[Event] = []
    for event in events:
        if isinstance(event, ProbeMeasured):
            layers = tuple(
                msgspec.structs.replace(
                    each, weights=msgspec.structs.replace(each.weights, **moments)
                )
                if each.name == layer
                else each
                for each in event.probe.layers
            )
            probe = msgspec.structs.replace(event.probe, layers=layers)
            found.append(msgspec.structs.replace(event, probe=probe))
        else:
            found.append(event)
    return fold(found)


@pytest.mark.parametrize(
    ("layer", "moments"),
    [
        ("fc2", {"variance": 0.05}),  # the standard deviation passed as a variance
        ("fc1", {"variance": 6 / 496 / 3 / 2}),  # the gain of ReLU left out
        ("conv", {"mean": 0.01}),
    ],
)
def test_what_is_not_as_declared_is_named(
    events: list[Event], layer: str, moments: dict[str, float]
) -> None:
    answer = answer_declared(Declared(), changed(events, layer, **moments))
    assert answer.holds is False
    assert answer.text.endswith(f"Not as declared: {layer}.weight.")


def test_one_pattern_and_nothing(events: list[Event]) -> None:
    assert list(answer_declared(Declared(only="fc3.*"), fold(events)).measured) == [
        "fc3.weight", "fc3.bias",
    ]  # fmt: skip
    assert "No such" in answer_declared(Declared(only="fc9.*"), fold(events)).text
    assert "not on record" in answer_declared(Declared(), RunState()).text


def test_of_several_seeds_it_is_said_which_one_was_looked_at(events: list[Event]) -> None:
    experiment = read_lesson("per-layer").parts[0].experiment
    assert experiment is not None
    both = fold(starts(msgspec.structs.replace(experiment, seeds=(5, 6)), []))
    assert answer_declared(Declared(), both).text.startswith("Under seed 5:\nconv.weight: ")
    assert answer_stands_out(StandsOut(), both).text.startswith("What stands out under seed 5:\n")
    alone = fold(events)
    assert "seed" not in answer_declared(Declared(), alone).text
    assert answer_stands_out(StandsOut(), alone).text.startswith("What stands out:\n")


def test_where_no_initializer_says_what_it_gives_none_is_as_declared(events: list[Event]) -> None:
    own_code = [
        msgspec.structs.replace(
            event,
            start=tuple(
                msgspec.structs.replace(each, initializer="own default") for each in event.start
            ),
        )
        if isinstance(event, TrialStarted)
        else event
        for event in events
    ]
    answer = answer_declared(Declared(), fold(own_code))
    assert answer.text.endswith("None of them says what it gives.")
    assert answer.holds is None
