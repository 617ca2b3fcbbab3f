"""Smooth densities of counted values, beside scipy's of the values themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from inittui.events.probes import Histogram
from inittui.views.density import density_curve
from inittui.views.histograms import small_histogram


@pytest.mark.parametrize("kind", ["normal", "uniform", "two hills"])
@pytest.mark.parametrize("size", [500, 20_000])
def test_it_is_scipys_up_to_the_width_of_the_bins(kind: str, size: int) -> None:
    draw = np.random.default_rng(3)
    values = {
        "normal": draw.normal(2.0, 0.1, size),
        "uniform": draw.uniform(-1, 1, size),
        "two hills": np.concatenate([draw.normal(-3, 1, size // 2), draw.normal(3, 1, size // 2)]),
    }[kind]
    counts, edges = np.histogram(values, bins=60)
    at = np.linspace(edges[0], edges[-1], 40)
    expected = stats.gaussian_kde(values)(at)
    found = np.array(density_curve(counts.tolist(), edges.tolist(), at.tolist()))
    assert np.abs(found - expected).max() < 0.05 * expected.max()


def test_it_is_a_density() -> None:
    edges = np.linspace(-4, 4, 61)
    counts = np.exp(-(((edges[1:] + edges[:-1]) / 2) ** 2) / 2) * 1000
    at = np.linspace(-8, 8, 2001)
    found = density_curve(counts.tolist(), edges.tolist(), at.tolist())
    assert np.trapezoid(found, at) == pytest.approx(1.0, abs=1e-3)


def test_nothing_counted_and_equal_values() -> None:
    assert density_curve([0, 0], [0, 1, 2], [0.5]) == [0.0]
    assert density_curve([5], [1, 1], [1.0]) == [0.0]


def test_a_curve_goes_over_a_single_small_histogram() -> None:
    histogram = Histogram(-1.0, 1.0, counts=(1, 5, 20, 40, 20, 5, 1))

    def marks(density: bool, *histograms: Histogram) -> int:
        lines = small_histogram(histograms, title="w", width=28, rows=5, density=density)
        return sum(line.plain.count("●") for line in lines)

    assert marks(False, histogram) == 0
    assert marks(True, histogram) >= 20
    both = marks(False, histogram, histogram)
    assert marks(True, histogram, histogram) == both
