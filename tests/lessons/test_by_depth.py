"""What comes through a network's layers: of probes whose numbers are known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from inittui.events.probes import LayerProbe, Measured, Probe
from inittui.events.records import ProbeMeasured
from inittui.events.theory import DepthScales, PredictedLayer, Theory
from inittui.lessons.by_depth import answer_by_depth
from inittui.lessons.questions import CANT_TELL, Answer, ByDepth, Travels
from inittui.results.state import RunState
from tests.support.runs import Made, made_run

NAMES = ("fc1", "fc2", "fc3", "fc4")


def measured(square: float) -> Measured:
    return Measured(count=10, mean=0.0, variance=square, min=-1, max=1)


def theory(squares: Sequence[float], chi: float) -> Theory:
    layers = tuple(
        PredictedLayer(
            name=name, second_moment=1.0, low=0.5, high=2.0, inside=True, gradient=square,
            gradient_low=square / 2, gradient_high=square * 2, gradient_inside=name != "fc2",
        )
        for name, square in zip(NAMES, squares, strict=True)
    )  # fmt: skip
    scales = DepthScales(
        weight_variance=1.0, bias_variance=0.0, q=1.0, is_stable=True, chi=chi, correlation=1.0,
        xi_correlation=1.0, xi_gradient=1.0, state="chaotic" if chi > 1 else "ordered",
    )  # fmt: skip
    return Theory(layers=layers, scales=scales)


def probed(
    seeds: Sequence[Sequence[float]], predicted: Sequence[float] | None = None, chi: float = 1.5
) -> RunState:
    """Return a run in which each seed's layers have gradients of these mean squares."""
    state = made_run([Made("rule", 0.5, seed) for seed in range(len(seeds))])
    for trial, squares in enumerate(seeds):
        layers = tuple(
            LayerProbe(
                name=name, kind="Linear", nonlinearity="tanh", shape=(4, 3), units=4,
                distinct_units=4, weights=measured(1), pre_activations=measured(1 / square),
                activations=measured(1), weight_gradients=measured(1), between_samples=0.5,
                saturated=0.0, pre_activation_gradients=measured(square),
            )
            for name, square in zip(NAMES, squares, strict=True)
        )  # fmt: skip
        probe = Probe(
            images=8, classes=10, loss=2.3, logit_std=0.1, layers=layers,
            theory=theory(predicted, chi) if predicted is not None else None,
        )  # fmt: skip
        state.apply(ProbeMeasured(trial=trial, when="before", step=0, probe=probe))
    return state


def asked(state: RunState, published: Travels = "grows") -> Answer:
    return answer_by_depth(ByDepth(of="gradient", published={"rule": published}), state)


GROWING = [(100.0, 10.0, 1.0, 1.0), (110.0, 10.0, 1.0, 1.0), (90.0, 10.0, 1.0, 1.0)]


def test_a_gradient_that_grows_as_theory_and_source_say() -> None:
    found = asked(probed(GROWING, (105.0, 10.0, 1.0, 1.0)))
    assert found.text == (
        "Mean square of the gradients by the outputs, from the last hidden layer to the first:\n"
        "at fc1 99.7 times that at fc3, 2 layers away, 95 % interval 77.7 to 128 over 3 seeds: it "
        "grows (published: it grows). Theory: 105 times; χ₁ = 1.500, chaotic; 6 of 9 layers of "
        "all seeds are in the range of 95 % of networks."
    )
    assert found.verdicts == {"rule": "grows"}
    assert found.holds is True
    assert found.measured["rule"] == (pytest.approx(99.67, abs=0.01), pytest.approx(105))


@pytest.mark.parametrize(
    ("factor", "verdict", "holds"),
    [(100, "grows", True), (3, "stays", False), (0.01, "shrinks", False)],
)  # fmt: skip
def test_the_opposite_is_said_where_it_was_measured(
    factor: float, verdict: str, *, holds: bool
) -> None:
    found = asked(probed([(factor * (1 + 0.01 * seed), 1, 1, 1) for seed in range(3)]))
    assert found.verdicts == {"rule": verdict}
    assert f"it {verdict} (published: it grows)" in found.text
    assert found.holds is holds
    assert "Theory isn't derived for it." in found.text


def test_where_theory_says_something_else_the_two_part() -> None:
    found = asked(probed(GROWING, (0.01, 0.1, 1.0, 1.0), chi=0.5))
    assert "Theory: 0.01 times, so that it shrinks: here the two part; χ₁ = 0.500" in found.text
    assert found.verdicts == {"rule": "grows"}


def test_seeds_that_lie_far_apart_tell_nothing() -> None:
    found = asked(probed([(1.0, 1, 1, 1), (1000.0, 1, 1, 1), (0.01, 1, 1, 1)]))
    assert found.verdicts == {"rule": CANT_TELL}
    assert "seeds too far apart to tell (published: it grows)" in found.text
    assert found.holds is None


def test_what_cannot_be_told_does_not_part_with_theory() -> None:
    found = asked(probed([(1.0, 1, 1, 1), (1000.0, 1, 1, 1), (50.0, 1, 1, 1)], (1, 1, 1, 1)))
    assert "too far apart to tell (published: it grows). Theory: 1 times, so that it stays; " in (
        found.text
    )


def test_one_seed_tells_nothing() -> None:
    found = asked(probed(GROWING[:1]))
    assert found.verdicts == {"rule": CANT_TELL}
    assert "2 layers away: one seed can't tell (published: it grows)" in found.text


def test_the_signal_goes_the_other_way() -> None:
    found = answer_by_depth(ByDepth(of="signal"), probed(GROWING))
    assert "at fc3 99.7 times that at fc1" in found.text
    assert found.holds is None


def test_gradients_by_weights_have_no_theory() -> None:
    state = probed(GROWING, (105.0, 10.0, 1.0, 1.0))
    found = answer_by_depth(ByDepth(of="weight-gradient"), state)
    assert found.verdicts == {"rule": "stays"}
    assert "Theory isn't derived for it." in found.text


@pytest.mark.parametrize("first", [float("inf"), float("nan")])
def test_what_is_lost_is_not_compared(first: float) -> None:
    found = asked(probed([(first, 1.0, 1.0, 1.0)] * 3))
    assert "nothing comes through" in found.text
    assert found.verdicts == {}
    assert "not measured" in asked(made_run([Made("rule", 0.5)])).text


def test_seeds_that_lie_farther_apart_than_floats_reach_are_no_error() -> None:
    found = asked(probed([(1e200, 1.0, 1.0, 1.0), (1e-40, 1.0, 1.0, 1.0)]))
    assert "seeds too far apart to tell" in found.text


def test_where_no_layer_has_a_range_none_is_counted() -> None:
    state = probed(GROWING, (105.0, 10.0, 1.0, 1.0))
    for trial in state.trials:
        (event,) = trial.probes
        known = event.probe.theory
        assert known is not None
        layers = tuple(structs.replace(each, gradient_inside=None) for each in known.layers)
        probe = structs.replace(event.probe, theory=structs.replace(known, layers=layers))
        trial.probes = [structs.replace(event, probe=probe)]
    assert "0 of 0" not in asked(state).text
