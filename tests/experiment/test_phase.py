"""The experiment of a phase diagram: two sweeps, and what is refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from inittui.errors import UsageError
from inittui.experiment.phase import USUAL, phase_experiment
from inittui.experiment.sweeps import plan_trials


def test_weights_and_biases_have_the_variances_that_are_meant() -> None:
    found = phase_experiment(USUAL, scales="1|2", values="2|4")
    assert found.sweeps == ("variance_scaling:scale=1|2/normal:std=0.2236", "model.depth=2|4")
    assert pytest.approx(0.05, rel=1e-3) == 0.2236**2
    assert len(plan_trials(found)) == 4
    assert found.data.limit == 200 * found.training.batch_size + found.data.validation


def test_no_bias_is_zeros() -> None:
    found = phase_experiment(USUAL, scales="1|2", values="2|4", bias=0)
    assert found.sweeps[0] == "variance_scaling:scale=1|2/zeros"


def test_against_biases_the_values_are_variances() -> None:
    found = phase_experiment(USUAL, "bias", scales="1|2", values="0.01|0.04")
    assert found.sweeps == ("variance_scaling:scale=1|2/normal:std=0.1|0.2",)
    assert found.model.depth == 30
    assert len(plan_trials(found)) == 4


def test_against_the_learning_rate() -> None:
    base = replace(USUAL, model=replace(USUAL.model, depth=5))
    found = phase_experiment(base, "lr", scales="0.5..2:3", values="0.01..1:3")
    assert found.sweeps == (
        "variance_scaling:scale=0.5|1|2/normal:std=0.2236",
        "training.lr=0.01|0.1|1",
    )
    assert found.model.depth == 5


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("against", ["depth", "bias", "lr"])
@pytest.mark.parametrize("quick", [False, True])
def test_usual_maps_fit_80_columns(activation: str, against: str, quick: bool) -> None:
    base = replace(USUAL, model=replace(USUAL.model, activation=activation))
    found = phase_experiment(base, against, quick=quick)
    found.check()
    scales = {plan.swept["variance_scaling:scale"] for plan in plan_trials(found)}
    assert len(scales) <= 12
    assert len(plan_trials(found)) <= (30 if quick else 80)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scales": "0|1"}, "--scales: 0 is no number above 0"),
        ({"scales": "3"}, "--scales 3"),
        ({"values": "2|many"}, "--upwards: many is no number above 0"),
        ({"bias": -1.0}, "--bias is the variance of the biases, at least 0, not -1"),
        ({"bias": float("nan")}, "--bias is the variance"),
    ],
)
def test_what_can_t_be_meant(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        phase_experiment(USUAL, **given)  # type: ignore[arg-type]
