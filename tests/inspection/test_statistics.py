"""The statistics of a probe against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from inittui.events.wire_numbers import from_wire
from inittui.inspection import statistics
from inittui.inspection.statistics import (
    BINS,
    alignment,
    always,
    between_samples,
    is_drawn,
    mean_square,
    measure,
    repeated_blocks,
    row_labels,
    split_by_gradients,
    spread_of_logits,
    unit_rows,
)


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype) * 0.3 + 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1,), (7,), (30, 40), (5, 4, 3, 2)])
def test_moments_are_numpys_in_float64(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    values = numbers(*shape, dtype=dtype)
    exact = values.numpy().astype(np.float64)
    found = measure(values, 99.9)
    assert (found.count, found.not_finite) == (exact.size, 0)
    assert found.mean == pytest.approx(exact.mean(), rel=1e-13)
    assert found.variance == pytest.approx(exact.var(), rel=1e-12, abs=1e-15)
    assert found.std == pytest.approx(exact.std(), rel=1e-12, abs=1e-15)
    assert found.second_moment == pytest.approx((exact**2).mean(), rel=1e-13)
    assert (found.min, found.max) == (exact.min(), exact.max())


def test_tensors_larger_than_a_part_are_measured_whole() -> None:
    values = numbers(50, 21)
    whole = measure(values, 99.0), between_samples(values)
    parts = measure(values, 99.0, part=64), between_samples(values, part=64)
    assert parts[0].histogram == whole[0].histogram
    assert parts[0].variance == pytest.approx(from_wire(whole[0].variance), rel=1e-13)
    assert parts[1] == pytest.approx(whole[1], rel=1e-13)


@pytest.mark.parametrize("percentile", [75.0, 90.0, 99.0, 99.9, 100.0])
def test_histograms_are_numpys_between_the_percentiles(percentile: float) -> None:
    values = numbers(40, 53)
    exact = values.numpy().astype(np.float64).ravel()
    low = np.percentile(exact, 100 - percentile, method="lower")
    high = np.percentile(exact, percentile, method="higher")
    counts, edges = np.histogram(exact, BINS, (low, high))
    found = measure(values, percentile).histogram
    assert found is not None
    assert found.counts == tuple(counts)
    assert found.edges == pytest.approx(tuple(edges), rel=1e-12)
    assert (found.under, found.over) == ((exact < low).sum(), (exact > high).sum())
    assert found.under + found.over + sum(found.counts) == exact.size
    density = np.histogram(exact, BINS, (low, high), density=True)[0]
    inside = sum(found.counts) / exact.size  # the rest of the area is in the tails
    assert found.density == pytest.approx(tuple(density * inside), rel=1e-9)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.25, 0.25), (-1e30, 1e30), (5.0, 6.0)])
def test_a_device_counts_as_numpy_does(low: float, high: float) -> None:
    edges = torch.linspace(low, high, BINS + 1, dtype=torch.float64)
    values = torch.cat([numbers(2_000).double().flatten(), edges, torch.tensor([-1e300, 1e300])])
    counted = statistics._count(values, low, high)
    assert counted == statistics._count_by_numpy(values, low, high)
    assert sum(counted[1:-1]) == len(values)


def test_equal_values_stand_in_one_bin_and_vary_by_nothing() -> None:
    found = measure(torch.full((4, 5), 0.1), 99.9)
    assert found.variance == 0
    assert found.histogram is not None
    assert (found.histogram.low, found.histogram.high) == (found.min, found.max)
    assert (found.histogram.counts, found.histogram.density) == ((20,), ())


def test_an_outlier_is_counted_not_drawn() -> None:
    values = torch.cat([numbers(5_000), torch.tensor([1e30])])
    found = measure(values, 99.9)
    assert found.max == pytest.approx(1e30, rel=1e-6)
    assert found.histogram is not None
    assert found.histogram.high < 10
    assert found.histogram.over >= 1


def test_values_that_are_not_finite_are_counted_and_left_out() -> None:
    values = numbers(100)
    broken = values.clone()
    broken[[3, 50, 99]] = torch.tensor([math.nan, math.inf, -math.inf])
    found = measure(broken, 100.0)
    rest = broken[torch.isfinite(broken)].double()
    assert (found.count, found.not_finite) == (100, 3)
    assert found.mean == pytest.approx(rest.mean().item())
    nothing = measure(torch.full((3,), math.nan), 99.9)
    assert (nothing.count, nothing.not_finite, nothing.histogram) == (3, 3, None)
    assert nothing.mean == "NaN"


@given(st.lists(st.floats(width=32), min_size=1, max_size=50), st.floats(51, 100))
def test_any_values_are_measured(values: list[float], percentile: float) -> None:
    found = measure(torch.tensor(values), percentile)
    finite = [value for value in values if math.isfinite(value)]
    assert found.not_finite == len(values) - len(finite)
    if finite:
        assert found.histogram is not None
        kept = sum(found.histogram.counts) + found.histogram.under + found.histogram.over
        assert kept == len(finite)
        assert found.histogram.low <= found.histogram.high


def test_between_samples_is_the_share_of_variance_over_the_batch() -> None:
    outputs = numbers(64, 6, 5)
    exact = outputs.numpy().astype(np.float64).reshape(64, -1)
    expected = exact.var(0).mean() / (exact**2).mean()
    assert between_samples(outputs) == pytest.approx(expected, rel=1e-12)


def test_outputs_that_ignore_the_input_have_nothing_between_samples() -> None:
    assert between_samples(numbers(1, 30).expand(16, 30)) == 0
    assert between_samples(torch.zeros(16, 30)) == 0
    assert math.isnan(between_samples(torch.tensor([[1.0], [math.nan]])))


def test_a_unit_is_dead_if_it_is_zero_for_every_sample_and_position() -> None:
    activations = torch.zeros(3, 4, 5, 5)
    activations[2, 1, 4, 4] = 0.1
    assert always(activations <= 0, 1).double().mean() == 0.75
    assert always(activations <= 0, -1).double().mean() == 0.8
    assert always(activations >= 0, 1).double().mean() == 1


def test_the_spread_of_logits_is_that_within_samples() -> None:
    logits = numbers(20, 10) + 1_000 * torch.arange(20.0).unsqueeze(1)
    expected = math.sqrt(logits.double().numpy().var(1).mean())
    assert spread_of_logits(logits) == pytest.approx(expected, rel=1e-12)


def test_distinct_units_are_counted_exactly() -> None:
    rows = torch.tensor([[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0000001], [math.nan, 1.0]])
    assert distinct_units(rows) == 3


def distinct_units(rows: torch.Tensor) -> int:
    return len(set(row_labels(rows).tolist()))


def linear(weight: float, biases: list[float]) -> nn.Linear:
    layer = nn.Linear(3, len(biases))
    nn.init.constant_(layer.weight, weight)
    layer.bias.data.copy_(torch.tensor(biases))
    return layer


@pytest.mark.parametrize(
    ("layer", "units", "distinct"),
    [
        (linear(1.0, [0.0] * 5), 5, 1),
        (linear(1.0, [0.0, 0.0, 2.0, 2.0, 3.0]), 5, 3),
        (nn.Linear(3, 6, bias=False), 6, 6),
        (nn.Conv2d(2, 4, 3), 4, 4),
        (nn.ConvTranspose2d(2, 6, 3), 6, 6),
        (nn.ConvTranspose1d(4, 6, 3, groups=2), 6, 6),
    ],
)
def test_units_of_every_kind_of_layer(layer: nn.Module, units: int, distinct: int) -> None:
    rows = unit_rows(layer)
    assert len(rows) == units
    assert distinct_units(rows) == distinct


def test_units_of_a_transposed_convolution_are_its_outputs() -> None:
    layer = nn.ConvTranspose1d(4, 6, 3, groups=2, bias=False)
    first_unit_of_the_second_group = unit_rows(layer)[3]
    assert torch.equal(first_unit_of_the_second_group[:-1], layer.weight[2:, 0].flatten())


def test_units_of_different_groups_see_different_inputs() -> None:
    layer = nn.Conv2d(4, 8, 3, groups=4)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    assert distinct_units(unit_rows(layer)) == 4


@pytest.mark.parametrize("percentile", [10.0, 90.0, 100.0])
def test_histograms_by_size_have_what_is_below_the_percentile_of_the_sizes(
    percentile: float,
) -> None:
    values = torch.randn(2001, generator=torch.Generator().manual_seed(3)).add_(0.5)
    exact = values.double().numpy()
    edge = np.percentile(np.abs(exact), percentile, method="higher")
    found = measure(values, percentile, by_size=True).histogram
    assert found is not None
    assert (found.low, found.high) == (-edge, edge)
    assert sum(found.counts) == (np.abs(exact) <= edge).sum()
    assert found.under + found.over == (np.abs(exact) > edge).sum()


@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 99))
def test_rows_are_as_many_as_were_drawn(rows: int, values: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(rows, values, generator=generator)
    copies = torch.randint(rows, (3 * rows,), generator=generator)
    labels = row_labels(drawn[copies])

    same = labels[:, None] == labels[None]
    assert (same == (copies[:, None] == copies[None]).numpy()).all()


@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 99), st.floats(1e-12, 1e12))
def test_equal_rows_are_told_apart_by_their_gradients_alone(
    rows: int, values: int, seed: int, scale: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    kinds = torch.randint(rows, (2 * rows,), generator=generator)
    gradients = torch.randn(rows, values, generator=generator, dtype=torch.float64)[kinds]
    noise = 1e-9 * torch.randn(gradients.shape, generator=generator, dtype=torch.float64)
    found = split_by_gradients(np.zeros(2 * rows, int), scale * (gradients + noise), 1e-5)
    # Two of them may be the same up to a hundred-thousandth by chance, where they are one number.
    wanted = len(kinds.unique())
    assert len(set(found.tolist())) <= wanted
    if values > 1:
        assert len(set(found.tolist())) == wanted
    apart = split_by_gradients(np.arange(2 * rows), gradients * 0, 1e-5)
    assert len(set(apart.tolist())) == 2 * rows


@given(st.integers(2, 9), st.sampled_from([2, 3, 4, 8]))
def test_blocks_are_repeated_if_all_of_their_rows_are(size: int, blocks: int) -> None:
    labels = np.tile(np.arange(size), blocks)
    found = repeated_blocks(labels)
    assert found > 1
    assert blocks % found == 0 or found % blocks == 0
    labels[-1] = size
    assert repeated_blocks(labels) == 1
    assert repeated_blocks(np.arange(size * blocks)) == 1
    assert repeated_blocks(np.zeros(size * blocks, int)) == 1


@pytest.mark.parametrize("inputs", [32, 784])
def test_units_drawn_around_zero_are_as_aligned_as_chance_has_it(inputs: int) -> None:
    rows = torch.randn(128, inputs, generator=torch.Generator().manual_seed(0))
    assert alignment(rows) == pytest.approx(math.sqrt(2 / (math.pi * inputs)), rel=0.05)
    assert alignment(rows.abs() ** 0 + 1e-6 * rows) == pytest.approx(1, abs=1e-9)
    assert math.isnan(alignment(rows[:1]))


def test_a_mean_square_is_numpys() -> None:
    values = numbers(30, 41)
    assert mean_square(values) == pytest.approx((values.double().numpy() ** 2).mean(), rel=1e-12)
    assert math.isnan(mean_square(values[:0]))


def test_what_is_drawn_differs_and_has_no_order() -> None:
    assert is_drawn(torch.randn(64))
    for values in (torch.ones(64), torch.eye(9), torch.arange(64.0), torch.randn(8)):
        assert not is_drawn(values)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_what_is_drawn_may_be_equal_by_rounding(dtype: torch.dtype) -> None:
    """Of 4,096 normal values bfloat16 tells a third apart."""
    generator = torch.Generator().manual_seed(0)
    for values in (
        torch.randn(64, 64, generator=generator),
        torch.rand(5_000, generator=generator),
    ):
        assert is_drawn(values.to(dtype))
        assert is_drawn(values.to(dtype).float())
    assert is_drawn(torch.randn(4_096, generator=generator) * 1e-6 + 0.02)
    for values in (torch.ones(64, 64), torch.eye(64), torch.arange(16.0).repeat(16)):
        assert not is_drawn(values.to(dtype))
    rows, columns = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    assert not is_drawn(rows.to(dtype))
    assert not is_drawn(columns.to(dtype))


def test_rows_of_bfloat16_are_told_apart_as_their_values_are() -> None:
    rows = torch.tensor([[1.0, -0.0], [2.0, 3.0], [1.0, 0.0]], dtype=torch.bfloat16)
    assert row_labels(rows).tolist() == [0, 1, 0]
