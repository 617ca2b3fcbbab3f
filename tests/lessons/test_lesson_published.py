"""The published figures of the lesson `variance`, as the lesson itself measures them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from inittui.lessons import Answer, Part, read_lesson
from inittui.lessons.answers import answer
from inittui.lessons.layer_values import layer_means
from inittui.results.state import RunState, fold
from inittui.training.engine import inspect_starts
from inittui.training.prepared import prepare
from tests.support.torture import TORTURE

CONSTANT, GAUSSIAN, SCALED = read_lesson("variance").parts


def measured(part: Part) -> RunState:
    assert part.experiment is not None
    return fold(inspect_starts(prepare(part.experiment)))


def answers(part: Part, state: RunState) -> list[Answer]:
    """Return the answers by layer, some of which are beside somebody's figures."""
    found = [answer(question, state) for question in part.ask]
    return [each for each in found if each.says == "layers"]


def test_constant_weights_exactly() -> None:
    state = measured(CONSTANT)
    scheme = "constant/constant"
    outputs = layer_means("pre_activations.variance", state, scheme)
    assert outputs == pytest.approx([2.0583, 13.489, 22.101, 36.210, 14.831], rel=5e-5)
    *hidden, last = layer_means("weight_gradients.variance", state, scheme)
    assert last == pytest.approx(0.168, rel=5e-3)
    # In exact arithmetic they are 0; float32 leaves the square of its rounding.
    assert max(hidden) < 1e-15
    assert layer_means("distinct_units", state, scheme) == [1, 1, 1, 1, 1]
    assert [each.holds for each in answers(CONSTANT, state)] == [True, True, None]


def test_the_gaussian_as_it_was_written_and_as_it_was_meant() -> None:
    state = measured(GAUSSIAN)
    written, meant = state.schemes
    large = layer_means("pre_activations.variance", state, written)
    assert large == pytest.approx([821, 4.45e5, 1.10e8, 3.40e10, 2.41e12], rel=0.6)
    assert large[0] == pytest.approx(821, rel=0.05)
    assert [each.holds for each in answers(GAUSSIAN, state)] == [True, True]
    small = layer_means("pre_activations.variance", state, meant)
    # Re-measured over three seeds; the last layers have few units, so they scatter.
    assert small[:3] == pytest.approx([0.0826, 0.00423, 2.0e-4], rel=0.15)
    assert max(small[3:]) < 4e-4


@pytest.mark.parametrize("seeds", [20 if TORTURE else 6])
def test_scaled_weights_over_seeds(seeds: int) -> None:
    """Over six of the lesson's twenty seeds, or over all, by the same tolerances."""
    assert SCALED.experiment is not None
    some = replace(SCALED.experiment, seeds=SCALED.experiment.seeds[:seeds])
    state = measured(replace(SCALED, experiment=some))
    outputs = layer_means("pre_activations.variance", state, "xavier_normal")
    expected = [1.22, 0.55, 0.29, 0.255, 0.31]
    assert outputs[:4] == pytest.approx(expected[:4], rel=0.05)
    assert outputs[4] == pytest.approx(expected[4], rel=0.15)
    gradients = layer_means("weight_gradients.variance", state, "xavier_normal")
    assert gradients == pytest.approx([2.1e-5, 3.5e-5, 4.9e-5, 7.5e-5, 6.9e-4], rel=0.4)
    by_fan_in = layer_means("pre_activations.variance", state, "normal")
    assert by_fan_in[:4] == pytest.approx([1.01, 0.38, 0.23, 0.16], rel=0.05)
    assert by_fan_in[4] == pytest.approx(0.12, rel=0.15)
    assert all(each.holds for each in answers(SCALED, state))
