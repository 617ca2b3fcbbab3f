"""Theory beside measurement: limits against closed forms, and how the two go together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from inittui.experiment.phase import USUAL, phase_experiment
from inittui.experiment.records import ACTIVATIONS
from inittui.experiment.sweeps import plan_trials
from inittui.results.phase import agreement, phase_of, rank_correlation
from inittui.results.state import RunState
from tests.support.runs import Made, made_run


def trained(
    accuracies: Mapping[tuple[float, int], float], activation: str = "relu", **given: Any
) -> RunState:
    """Return a diagram of depths whose cells came to these accuracies."""
    base = replace(USUAL, model=replace(USUAL.model, activation=activation))
    scales, depths = (
        "|".join(map(str, dict.fromkeys(axis))) for axis in zip(*accuracies, strict=True)
    )
    made = phase_experiment(base, scales=scales, values=depths, **given)
    trials = []
    for plan in plan_trials(made):
        accuracy = accuracies[plan.swept["variance_scaling:scale"], plan.swept["model.depth"]]
        trials.append(Made(plan.scheme, accuracy, swept=plan.swept, family=plan.family))
    return made_run(trials, experiment=made)


CELLS = {(1.0, 2): 0.8, (1.0, 30): 0.1, (2.0, 2): 0.85, (2.0, 30): 0.7, (8.0, 2): 0.8,
         (8.0, 30): 0.12}  # fmt: skip


def test_limits_of_relu_are_those_of_the_closed_form() -> None:
    """χ₁ = σ_w²/2, whatever σ_b²."""
    phase = phase_of(trained(CELLS))
    assert phase is not None
    for (scale, depth), theory in phase.theory.items():
        assert (theory.weight_variance, theory.depth) == (scale, depth)
        assert theory.bias_variance == pytest.approx(0.05, rel=1e-3)
        assert theory.chi == pytest.approx(scale / 2)
        expected = 6 / abs(math.log(scale / 2)) if scale != 2 else math.inf
        assert theory.gradient_limit == pytest.approx(expected)
        assert theory.is_trainable == (depth <= expected)
    assert phase.edge == pytest.approx(2)


def test_tanh_has_its_published_edge() -> None:
    """σ_w² = 1.76 at σ_b² = 0.05 (Schoenholz et al. 2017)."""
    phase = phase_of(trained({(1.0, 2): 0.8, (3.0, 2): 0.8, (1.0, 4): 0.8, (3.0, 4): 0.8}, "tanh"))
    assert phase is not None and phase.edge is not None
    assert phase.edge == pytest.approx(1.761, abs=0.002)
    ordered, chaotic = phase.theory[1.0, 2], phase.theory[3.0, 2]
    assert ordered.correlation_limit == pytest.approx(ordered.gradient_limit)
    assert chaotic.correlation_limit > 1.5 * chaotic.gradient_limit


def test_an_edge_outside_of_the_map_is_not_told() -> None:
    phase = phase_of(trained({(3.0, 2): 0.8, (4.0, 2): 0.8, (3.0, 3): 0.8, (4.0, 3): 0.8}))
    assert phase is not None
    assert phase.edge is None


def test_agreement() -> None:
    state = trained(CELLS)
    phase = phase_of(state)
    assert phase is not None
    found = agreement(state, phase)
    assert (found.cells, found.agreeing) == (6, 6)
    assert found.half == pytest.approx((0.1 + 0.85) / 2)
    assert found.correlation > 0.6
    wrong = trained({**CELLS, (1.0, 30): 0.8, (2.0, 30): 0.1})
    phase = phase_of(wrong)
    assert phase is not None
    assert agreement(wrong, phase).agreeing == 4


@pytest.mark.parametrize(
    ("ones", "others", "expected"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 1, 1, 1], math.nan),
        ([], [], math.nan),
        ([math.inf, 1, 2, 2], [4, 1, 3, 2], 0.9486832980505138),
    ],
)
def test_rank_correlation(ones: list[float], others: list[float], expected: float) -> None:
    found = rank_correlation(ones, others)
    assert found == pytest.approx(expected, nan_ok=True)


def test_it_is_spearman_s() -> None:
    from scipy.stats import spearmanr

    ones, others = [3.0, 1, 4, 1, 5, 9, 2, 6], [2.0, 7, 1, 8, 2, 8, 1, 8]
    assert rank_correlation(ones, others) == pytest.approx(spearmanr(ones, others).statistic)


def changed(**model: Any) -> RunState:
    made = phase_experiment(replace(USUAL, model=replace(USUAL.model, **model)), scales="1|2",
                            values="2|4")  # fmt: skip
    trials = [Made(p.scheme, 0.5, swept=p.swept, family=p.family) for p in plan_trials(made)]
    return made_run(trials, experiment=made)


def test_no_lines_where_theory_is_not_derived() -> None:
    assert phase_of(changed()) is not None
    assert phase_of(changed(dropout=0.5)) is None
    assert phase_of(changed(batch_norm=True)) is None
    assert phase_of(changed(name="lenet", activation="relu")) is None
    assert phase_of(made_run([Made("rule", 0.5)])) is None


def test_layer_rules_and_uneven_weights_have_no_lines() -> None:
    made = phase_experiment(USUAL, scales="1|2", values="2|4")
    for scheme in (
        "variance_scaling:scale=1,mode=fan_out", "variance_scaling:scale=1/constant:value=1",
        "variance_scaling:scale=1@fc1=zeros",
    ):  # fmt: skip
        trials = [Made(scheme, 0.5, swept=plan.swept, family="f") for plan in plan_trials(made)]
        assert phase_of(made_run(trials, experiment=made)) is None


@pytest.mark.parametrize(
    "swept",
    [
        {"variance_scaling:scale": "much", "model.depth": 2},
        {"variance_scaling:scale": 1.0, "model.depth": "deep"},
        {"variance_scaling:scale": 1.0, "model.depth": -3},
    ],
)
def test_a_log_that_says_anything_has_no_lines(swept: dict[str, Any]) -> None:
    made = phase_experiment(USUAL, scales="1|2", values="2|4")
    scheme = f"variance_scaling:scale={swept['variance_scaling:scale']}"
    state = made_run([Made(scheme, 0.5, swept=swept, family="f")], experiment=made)
    assert phase_of(state) is None


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_nonlinearity_has_lines_or_none(activation: str) -> None:
    cells = {(0.5, 2): 0.8, (4.0, 2): 0.8, (0.5, 4): 0.7, (4.0, 4): 0.7}
    phase = phase_of(trained(cells, activation))
    assert phase is None or all(theory.chi > 0 for theory in phase.theory.values())
    assert phase is not None or activation not in ("relu", "tanh", "gelu", "sigmoid")


def test_where_nothing_learns_nothing_counts_as_trained() -> None:
    """Half way from guessing to guessing is no threshold."""
    state = trained(dict.fromkeys(CELLS, 0.1))
    phase = phase_of(state)
    assert phase is not None
    found = agreement(state, phase)
    assert not found.learns
    assert found.agreeing == sum(not theory.is_trainable for theory in phase.theory.values())
