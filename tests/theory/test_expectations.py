"""Expectations over Gaussians: against closed forms and plain integration."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inittui.experiment.records import ACTIVATIONS
from inittui.theory.activations import COVERED, activation
from inittui.theory.expectations import moments, pairs

VARIANCES = np.array([0.01, 0.3, 1.0, 9.0])


def test_every_activation_of_the_catalogue_is_covered() -> None:
    assert set(ACTIVATIONS) <= set(COVERED)


@pytest.mark.parametrize("name", COVERED)
def test_the_slope_is_that_of_the_value(name: str) -> None:
    phi, u = activation(name), np.linspace(-4, 4, 80)
    numeric = (phi.value(u + 1e-6) - phi.value(u - 1e-6)) / 2e-6
    assert phi.slope(u) == pytest.approx(numeric, abs=1e-8)


@pytest.mark.parametrize(("name", "a"), [("relu", 0.0), ("leaky_relu", 0.01), ("identity", 1.0)])
def test_quadrature_splits_at_the_kink(name: str, a: float) -> None:
    phi = activation(name)
    zeros = np.zeros_like(VARIANCES)
    for found in (moments(phi, VARIANCES), moments(phi, VARIANCES, zeros)):
        assert found.square == pytest.approx(VARIANCES * (1 + a * a) / 2, rel=1e-12)
        assert found.slope_square == pytest.approx((1 + a * a) / 2, rel=1e-12)
        assert found.square_response == pytest.approx(found.square, rel=1e-12)


def test_erf_has_closed_forms() -> None:
    found = moments(activation("erf"), VARIANCES)
    q = VARIANCES
    assert found.square == pytest.approx(2 / np.pi * np.arcsin(2 * q / (1 + 2 * q)), rel=1e-9)
    assert found.slope_square == pytest.approx(4 / np.pi / np.sqrt(1 + 4 * q), rel=1e-9)


@pytest.mark.parametrize("c", [-0.9, 0.0, 0.5, 0.99, 1.0])
def test_pairs_of_erf_have_closed_forms(c: float) -> None:
    q = np.array([0.4, 1.5])
    k = c * math.sqrt(q[0] * q[1])
    found = pairs(activation("erf"), q, np.array([[1, c], [c, 1]]))
    size = (1 + 2 * q[0]) * (1 + 2 * q[1])
    assert found.product[0, 1] == pytest.approx(
        2 / math.pi * math.asin(2 * k / math.sqrt(size)), abs=1e-6
    )
    assert found.slopes[0, 1] == pytest.approx(4 / math.pi / math.sqrt(size - 4 * k * k), abs=1e-4)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "selu", "tanh", "gelu"])
@pytest.mark.parametrize("c", [-0.6, 0.3, 0.9])
def test_pairs_are_double_integrals(name: str, c: float) -> None:
    phi = activation(name)
    v, mean = np.array([0.5, 2.0]), np.array([0.2, -0.1])
    found = pairs(phi, v, np.array([[1, c], [c, 1]]), mean)

    z, y = np.meshgrid(np.linspace(-8, 8, 801), np.linspace(-8, 8, 801))
    first = phi.value(mean[0] + np.sqrt(v[0]) * z)
    second = phi.value(mean[1] + np.sqrt(v[1]) * (c * z + math.sqrt(1 - c * c) * y))
    density = np.exp(-(z * z + y * y) / 2) / (2 * np.pi) * 0.02**2
    assert found.product[0, 1] == pytest.approx((first * second * density).sum(), abs=1e-3)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "identity"])
def test_the_closed_kernels_are_the_series(name: str) -> None:
    v = np.array([0.5, 2.0, 1.0])
    c = np.array([[1, 0.3, -0.5], [0.3, 1, 0.8], [-0.5, 0.8, 1]])
    closed = pairs(activation(name), v, c)
    series = pairs(activation(name), v, c, np.zeros(3))
    assert closed.product == pytest.approx(series.product, abs=2e-3)
    assert closed.squares == pytest.approx(series.squares, abs=2e-3)
    assert closed.slopes == pytest.approx(series.slopes, abs=2e-2)
    assert closed.slope_squares == pytest.approx(series.slope_squares, abs=2e-2)


@pytest.mark.parametrize("mean", [0.0, -3.0, 40.0])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu", "softplus"])
def test_large_variances_are_integrated_where_the_nonlinearity_bends(
    name: str, mean: float
) -> None:
    phi, variances = activation(name), np.array([31.0, 1e3, 1e6])
    means = np.full(3, mean)
    found = moments(phi, variances, means)
    for place, v in enumerate(variances):
        size = math.sqrt(v)
        u = np.concatenate([np.linspace(-60, 60, 400_001)])
        inner = phi.slope(u) ** 2 * np.exp(-((u - mean) ** 2) / (2 * v))
        # Beyond 60 a slope is 0, or the one that a half line has.
        share = float(np.trapezoid(inner, u)) / (size * math.sqrt(2 * math.pi))
        if phi.slope(np.array([60.0]))[0] > 0.5:
            share += 0.5 * math.erfc((60 - mean) / size / math.sqrt(2))
        assert found.slope_square[place] == pytest.approx(share, rel=1e-6)
    if not mean:
        assert moments(phi, variances).slope_square == pytest.approx(found.slope_square, rel=1e-9)
