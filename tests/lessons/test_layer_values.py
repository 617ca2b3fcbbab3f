"""Answers on what layers' values are, and who keeps them alike."""

from __future__ import annotations

import math

import pytest

from inittui.events.probes import LayerProbe, Measured, Probe
from inittui.events.records import ProbeMeasured
from inittui.lessons.answers import answer
from inittui.lessons.layer_values import layer_means
from inittui.lessons.questions import Keeps, Layers
from inittui.results.state import RunState
from tests.support.runs import Made, made_run


def layer(name: str, variance: float) -> LayerProbe:
    measured = Measured(count=10, mean=0.0, variance=variance, min=-1, max=1)
    return LayerProbe(
        name=name, kind="Linear", nonlinearity="tanh", shape=(4, 3), units=4, distinct_units=1,
        weights=measured, pre_activations=measured, activations=measured, between_samples=0.5,
        saturated=0.25, weight_gradients=measured, pre_activation_gradients=measured,
    )  # fmt: skip


def probed(*variances: tuple[float, float]) -> RunState:
    """One seed per pair of two layers' variances."""
    state = made_run([Made("rule", 0.5, seed) for seed in range(len(variances))])
    for seed, pair in enumerate(variances):
        measure(state, seed, pair)
    return state


def measure(state: RunState, trial: int, variances: tuple[float, float]) -> None:
    layers = tuple(layer(f"fc{n}", value) for n, value in enumerate(variances, 1))
    probe = Probe(images=8, classes=10, loss=2.3, logit_std=0.1, layers=layers)
    state.apply(ProbeMeasured(trial=trial, when="before", step=0, probe=probe))


VARIANCE = "pre_activations.variance"


def test_layers_are_means_over_seeds() -> None:
    said = answer(Layers(of=VARIANCE), probed((1.0, 0.2), (3.0, 0.4)))
    assert said.text == (
        "Variance of the outputs by layer, before training:\nmean of 2 seeds: fc1 2, fc2 0.3."
    )
    assert said.measured["rule"] == (2.0, pytest.approx(0.3))


@pytest.mark.parametrize(
    ("published", "tolerance", "holds"),
    [
        ((2.02, 0.3), (0.02,), True),
        ((2.02, 0.3), (0.005,), False),
        ((2.0, 0.33), (0.001, 0.1), True),
        ((2.0, 0.0), (0.5,), False),
        ((2.0,), (0.5,), False),
    ],
)
def test_published_figures_within_their_tolerance(
    published: tuple[float, ...], tolerance: tuple[float, ...], holds: bool
) -> None:
    question = Layers(of=VARIANCE, published={"rule": published}, tolerance=tolerance)
    said = answer(question, probed((2.0, 0.3)))
    assert said.holds is holds
    assert ("within" in said.text) is holds


def test_a_published_zero_is_met_by_what_rounding_leaves() -> None:
    question = Layers(of=VARIANCE, published={"rule": (0.0, 1.0)}, tolerance=(0.01,))
    assert answer(question, probed((1e-20, 1.0))).holds is True


def test_shares_counts_and_patterns() -> None:
    state = probed((1.0, 1.0))
    assert answer(Layers(of="saturated", only="fc2"), state).text.endswith("fc2 25 %.")
    assert answer(Layers(of="distinct_units", only="fc1"), state).text.endswith("fc1 1 of 4.")
    assert answer(Layers(of="biases.std"), state).text.endswith("fc1 nan, fc2 nan.")
    assert layer_means("weights.std", state, "rule", only="fc1") == [1.0]


def test_whose_layers_are_the_most_alike() -> None:
    assert answer(Keeps(of=VARIANCE), probed((4.0, 1.0))).text == (
        "Variance of the outputs, layer by layer:\n"
        "shrinks 4-fold from the first layer to the last, the largest is 4 times the smallest."
    )
    state = made_run([Made("wide", 0.5), Made("even", 0.5)])
    for trial, pair in enumerate(((1.0, 8.0), (1.0, 2.0))):
        measure(state, trial, pair)
    said = answer(Keeps(of=VARIANCE), state)
    assert said.verdicts == {"keeps it best": "even"}
    assert said.text.endswith("even keeps it best.")
    assert "not measured" in answer(Keeps(of=VARIANCE), made_run([Made("rule", 0.5)])).text


def test_who_keeps_it_best_by_the_means_is_said_to_do_so_under_how_many_seeds() -> None:
    # Means 8 and 2 in both; under the second seed the order is the other way round.
    for wide, even, said in (
        ((8.0, 8.0, 8.0), (2.0, 2.0, 2.0), "even keeps it best, under each of 3 seeds."),
        ((8.0, 1.5, 8.0), (2.0, 2.0, 2.0), "even keeps it best, by the means, under 2 of 3 seeds."),
    ):
        made = [Made(name, 0.5, seed) for seed in range(3) for name in ("wide", "even")]
        state = made_run(made)
        last = [value for pair in zip(wide, even, strict=True) for value in pair]
        for trial, value in enumerate(last):
            measure(state, trial, (1.0, value))
        assert answer(Keeps(of=VARIANCE), state).text.endswith(said)


def test_other_layers_than_the_published_are_not_off_by_nothing() -> None:
    said = answer(Layers(of=VARIANCE, published={"rule": (2.0,)}), probed((2.0, 0.3)))
    assert said.text.endswith("Published: 2; these are of 2 layers, not 1.")
    assert said.holds is False
    question = Layers(of=VARIANCE, published={"rule": (1.0, 1.0)}, tolerance=(0.1,))
    assert "off by up to inf %" in answer(question, probed((1.0, math.nan))).text


def test_who_has_nothing_in_any_layer_does_not_keep_it() -> None:
    state = made_run([Made("zeros", 0.5), Made("even", 0.5), Made("wide", 0.5)])
    for trial, pair in enumerate(((0.0, 0.0), (1.0, 2.0), (1.0, 8.0))):
        measure(state, trial, pair)
    said = answer(Keeps(of=VARIANCE), state)
    assert "zeros: 0 in every layer." in said.text
    assert said.text.endswith("even keeps it best.")
    assert said.verdicts == {"keeps it best": "even"}


def test_what_hardly_changes_does_not_grow_or_shrink_one_fold() -> None:
    for second in (1.0, 1.0001, 0.9999):
        text = answer(Keeps(of=VARIANCE), probed((1.0, second))).text
        assert "\nhardly changes from the first layer to the last, the largest is" in text
