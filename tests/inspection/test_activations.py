"""Where nonlinearities are flat, against what their formulas say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from inittui.inspection.activations import flatness, slope_between


def flat(function: Callable[..., Any], *values: float, **options: Any) -> tuple[Any, Any]:
    found = flatness(function, torch.tensor(values), (), options)
    assert found is not None
    saturated = None if found.saturated is None else found.saturated.tolist()
    return found.dead.tolist(), saturated


def test_tanh_is_saturated_beyond_97_hundredths_and_the_sigmoid_as_tanh() -> None:
    values = [math.atanh(x) for x in (-0.99, -0.98, -0.5, 0.0, 0.01, 0.5, 0.98, 0.99)]
    assert flat(torch.tanh, *values)[1] == [True, True, False, False, False, False, True, True]
    logits = [math.log(x / (1 - x)) for x in (0.01, 0.014, 0.02, 0.5, 0.98, 0.986, 0.99)]
    assert flat(torch.sigmoid, *logits)[1] == [True, True, False, False, False, True, True]


@pytest.mark.parametrize(
    ("function", "dead", "alive"),
    [
        (F.relu, [-0.001, -5.0], [0.001, 50.0]),
        (F.gelu, [-6.0, -40.0], [-0.4, 0.0, 6.0]),
        (F.silu, [-12.0, -40.0], [-5.0, 0.0, 40.0]),
        (F.softplus, [-7.0, -40.0], [-6.0, 0.0, 40.0]),
        (F.elu, [-7.0, -40.0], [-6.0, 0.0, 40.0]),
        (F.hardtanh, [-1.1, 1.1], [-0.9, 0.9]),
        (F.hardsigmoid, [-3.1, 3.1], [-2.9, 2.9]),
        (F.softsign, [-40.0, 40.0], [-25.0, 25.0]),
        (torch.erf, [-2.7, 2.7], [-2.5, 2.5]),
        (torch.tanh, [-4.2, 4.2], [-4.1, 4.1]),
    ],
)
def test_dead_is_a_slope_below_a_thousandth_of_the_largest(
    function: Callable[..., Any], dead: list[float], alive: list[float]
) -> None:
    found = flat(function, *dead, *alive)[0]
    assert found == [True] * len(dead) + [False] * len(alive)


@pytest.mark.parametrize(
    "function", [F.relu, F.gelu, F.silu, F.softplus, F.elu, F.leaky_relu, F.hardswish]
)
def test_what_is_flat_on_one_side_by_design_has_no_ends(function: Callable[..., Any]) -> None:
    assert flat(function, -50.0, 50.0)[1] is None


def test_a_capped_rectifier_is_saturated_above_only() -> None:
    assert flat(F.relu6, -1.0, 3.0, 7.0)[1] == [False, False, True]
    assert flat(torch.clamp, -1.0, 0.5, 2.0, min=0, max=1)[1] == [False, False, True]
    assert flat(torch.clamp, -1.0, 0.5, 2.0, min=-0.5, max=1)[1] == [True, False, True]


def test_what_is_not_elementwise_is_not_judged() -> None:
    assert flatness(F.glu, torch.randn(4, 6), (), {}) is None


@given(st.floats(-20, 20), st.floats(0.1, 10))
def test_a_sigmoid_of_ones_own_is_measured_as_torchs_is(shift: float, scale: float) -> None:
    before = torch.linspace(-15, 15, 61, dtype=torch.float64, requires_grad=True)
    after = 1 / (1 + torch.exp(-(before * scale - shift)))
    slope = slope_between(before, after)
    sigmoid = torch.sigmoid(before.detach() * scale - shift)
    wanted = scale * sigmoid * (1 - sigmoid)
    assert slope is None or torch.allclose(slope, wanted, rtol=1e-4, atol=1e-12)
    if float(wanted.max() - wanted.min()) > 1e-3:
        assert slope is not None


@pytest.mark.parametrize(
    "mix",
    [
        lambda x: F.layer_norm(x, x.shape[1:]),
        lambda x: F.batch_norm(x, None, None, training=True),
        lambda x: torch.softmax(x, 1),
        lambda x: x.flip(1),
        lambda x: x.cumsum(0),
        lambda x: x @ torch.eye(6).roll(1, 0),
        lambda x: 3 * x + 1,
        lambda x: x.detach(),
    ],
)
def test_what_mixes_values_or_is_linear_is_no_nonlinearity(mix: Callable[..., Any]) -> None:
    before = torch.randn(8, 6, requires_grad=True)
    assert slope_between(before, mix(before)) is None
