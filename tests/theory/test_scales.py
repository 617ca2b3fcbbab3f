"""Fixed points, the edge of chaos and depth scales, against values that were published or derived.

Hayou et al. 2019 and Roberts, Yaida and Hanin 2022 tell those of tanh, gelu and silu.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from inittui.errors import UsageError
from inittui.theory.activations import activation
from inittui.theory.expectations import moments, pairs, pairs_at
from inittui.theory.scales import critical_weight_variance, scales


@pytest.mark.parametrize("weight", [1 / 3, 1.0, 2.0, 2.5])
@pytest.mark.parametrize(
    ("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("identity", 1.0)]
)
def test_a_gradient_grows_by_the_weights_variance_alone(
    name: str, slope: float, weight: float
) -> None:
    assert scales(name, weight, 0.0).chi == pytest.approx(weight * (1 + slope**2) / 2, abs=1e-12)


def test_biases_hold_a_fading_signal_up() -> None:
    found = scales("relu", 1.0, 0.1)
    assert (found.q, found.correlation, found.state) == (pytest.approx(0.2), 1.0, "ordered")
    assert found.xi_correlation == pytest.approx(1 / math.log(2))


def test_the_fixed_point_of_erf_solves_its_closed_equation() -> None:
    weight, bias = 2.0, 0.05
    found = scales("erf", weight, bias)
    q = found.q
    assert q == pytest.approx(weight * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + bias)
    assert found.chi == pytest.approx(weight * 4 / math.pi / math.sqrt(1 + 4 * q))
    assert found.state == "chaotic"


@pytest.mark.parametrize(
    ("bias", "weight"), [(0, 1.0), (0.01, 1.424), (0.05, 1.761), (0.1, 1.986), (0.2, 2.285)]
)
def test_the_edge_of_chaos_of_tanh(bias: float, weight: float) -> None:
    found = critical_weight_variance("tanh", bias)
    assert found == pytest.approx(weight, abs=5e-4)
    assert found is not None
    assert scales("tanh", found, bias).state == "critical"
    assert scales("tanh", found * 1.3, bias).state == "chaotic"
    assert scales("tanh", found / 1.3, bias).state == "ordered"


@pytest.mark.parametrize(
    ("name", "weight", "bias", "q"),
    [("gelu", 1.98306, 0.17292, 3.5616), ("silu", 1.98800, 0.55514, 14.320)],
)
def test_the_critical_points_of_gelu_and_silu(
    name: str, weight: float, bias: float, q: float
) -> None:
    at = moments(activation(name), np.array([q]))
    assert weight * at.square[0] + bias == pytest.approx(q, rel=1e-5)
    assert weight * at.slope_square[0] == pytest.approx(1, abs=1e-5)
    # Rounded to five digits the map runs along q there: the point itself is known to a percent.
    found = scales(name, weight, bias)
    assert found.q == pytest.approx(q, rel=1e-2)
    assert found.state == "critical"
    assert critical_weight_variance(name, bias) is not None


@pytest.mark.parametrize(
    ("name", "weight", "bias", "chi", "gradient"),
    [
        ("tanh", 25 / 9, 0, 1.2098, 5.2499),
        ("tanh", 1.25, 0.05, 0.8632, 6.7998),
        ("tanh", 1.5, 0, 1.0406, None),
        ("tanh", 3.0, 0, 1.2388, None),
        ("sigmoid", 1.0, 0, 0.0557, 0.3463),
        ("softplus", 1.0, 0, 0.2887, 0.8050),
        ("selu", 1.0, 0, 1.0716, None),
        ("relu", 1 / 3, 0, 0.1667, 0.5581),
    ],
)
def test_growth_and_depth_scales(
    name: str, weight: float, bias: float, chi: float, gradient: float | None
) -> None:
    found = scales(name, weight, bias)
    assert found.chi == pytest.approx(chi, abs=5e-5)
    if gradient is not None:
        assert found.xi_gradient == pytest.approx(gradient, abs=5e-5)


def test_the_two_lengths_are_not_one() -> None:
    found = scales("tanh", 25 / 9, 0)
    assert found.xi_correlation == pytest.approx(12.1, abs=0.05)
    assert found.xi_gradient == pytest.approx(5.25, abs=0.005)


def test_a_network_of_gelu_at_its_gain_drifts_from_an_unstable_point() -> None:
    found = scales("gelu", 1.533**2, 0)
    assert found.q == pytest.approx(1, abs=0.02)
    assert not found.is_stable


def test_a_signal_dies_or_grows() -> None:
    assert scales("relu", 1.0, 0).q == 0
    assert scales("relu", 3.0, 0).q == math.inf
    assert scales("tanh", 0.5, 0).q == 0
    assert scales("gelu", 8.0, 0).q == math.inf


def test_what_the_theory_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="nonlinearity"):
        scales("rule", 1.0, 0)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


@pytest.mark.parametrize("weight", [0.32, 0.333, 0.388, 0.461])
def test_the_smallest_signal_of_selu_lies_on_both_sides_of_its_kink(weight: float) -> None:
    # φ′ is s α on one side of 0 and s on the other: χ₁ = σ_w² s² (1 + α²) / 2 as q → 0.
    edge = 2 / (SELU_SCALE**2 * (1 + SELU_ALPHA**2))
    found = scales("selu", weight, 0.0)
    assert (found.q, found.state) == (0.0, "ordered")
    assert found.chi == pytest.approx(weight / edge, rel=1e-4)
    critical = critical_weight_variance("selu", 0.0)
    assert critical == pytest.approx(edge, rel=1e-12)


def pair_of_elu(q: float, c: float, slopes: bool) -> float:
    """E φ_a φ_b or E φ′_a φ′_b: given one, the other is N(m, s²), and elu has closed forms."""
    size = math.sqrt(q)
    s = size * math.sqrt(1 - c * c)

    def given(m: float) -> float:
        # E[eˣ; x < 0] of N(m, s²), without an overflow where it is next to nothing.
        low = math.exp(min(m + s * s / 2 + norm.logcdf(-m / s - s), 0.0))
        if slopes:
            return float(low + norm.cdf(m / s))
        return float(low - norm.cdf(-m / s) + m * norm.cdf(m / s) + s * norm.pdf(m / s))

    def outer(z: float) -> float:
        u = size * z
        own = math.exp(min(u, 0.0)) if slopes else max(u, math.expm1(min(u, 0.0)))
        return float(own * given(c * u) * norm.pdf(z))

    parts = [quad(outer, *ends, limit=400)[0] for ends in ((-9, -1), (-1, 0), (0, 1), (1, 9))]
    return float(sum(parts))


@pytest.mark.parametrize(("weight", "bias", "xi"), [(1.97, 1.0, 65.8), (1.99, 0.05, 58.3)])
def test_depth_scales_of_elu_near_its_edge(weight: float, bias: float, xi: float) -> None:
    found = scales("elu", weight, bias)
    q, c = found.q, found.correlation
    assert q > 100  # where elu bends within a twentieth of a standard deviation
    assert (weight * pair_of_elu(q, c, False) + bias) / q == pytest.approx(c, abs=1e-6)
    assert found.xi_correlation == pytest.approx(
        -1 / math.log(weight * pair_of_elu(q, c, True)), rel=1e-3
    )
    assert found.xi_correlation == pytest.approx(xi, rel=2e-3)


@pytest.mark.parametrize("c", [-1.0, -0.5, 0.0, 0.3, 0.99, 0.999999, 1.0])
def test_pairs_of_one_variance_by_either_way(c: float) -> None:
    smooth = activation("tanh")
    product, slopes = pairs_at(smooth, 1.7, np.array([c]))
    other = pairs(smooth, np.full(2, 1.7), np.array([[1.0, c], [c, 1.0]]))
    assert product[0] == pytest.approx(other.product[0, 1], abs=3e-6)
    assert slopes[0] == pytest.approx(other.slopes[0, 1], abs=3e-6)


@pytest.mark.parametrize("weight", [40.0, 1e3, 1e4, 2.56e6, 1e8])
def test_what_saturates_is_chaotic_however_large_its_weights_are(weight: float) -> None:
    """Of large v all that bends lies in a small part of it: E φ′² → ∫ φ′² / √(2π v)."""
    found = scales("erf", weight, 0.0)
    q = found.q
    assert q == pytest.approx(weight * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)), rel=1e-6)
    assert found.chi == pytest.approx(weight * 4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-6)
    tanh = scales("tanh", weight, 0.0)
    assert tanh.state == "chaotic"
    if weight >= 1e4:
        assert tanh.chi == pytest.approx(weight * 4 / 3 / math.sqrt(2 * math.pi * tanh.q), rel=1e-4)
