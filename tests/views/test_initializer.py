"""The catalogue, and one initializer in detail, at the widths that people have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from inittui.experiment.scheme import parse_syntax
from inittui.initializers import find
from inittui.initializers.layer import LayerContext
from inittui.initializers.nonlinearity import Follower
from inittui.initializers.sampling import Sample, Statistics
from inittui.views.catalogue import catalogue_table
from inittui.views.frame import Frame
from inittui.views.initializer import initializer_detail
from tests.support.rendering import render

BINS = 31


def sample(scheme: str, shape: tuple[int, ...] = (256, 784)) -> Sample:
    """Return a sample that has exactly the values that are expected."""
    call = parse_syntax(scheme).weights
    layer = LayerContext(shape, Follower("relu"))
    description = find(call.name)
    distribution = description.values_for(layer, dict(call.parameters))
    size = shape[0] * shape[1]
    low, high = (distribution.quantile((i + 0.5) / size) for i in (0, size - 1))
    edges = [low + i * (high - low) / BINS for i in range(BINS + 1)]
    if low == high:
        edges = [low - 0.5 + i / BINS for i in range(BINS + 1)]
    counts = [0] * BINS
    for i in range(size):
        place = (distribution.quantile((i + 0.5) / size) - edges[0]) / (edges[-1] - edges[0])
        counts[min(int(place * BINS), BINS - 1)] += 1
    return Sample(
        call=scheme,
        layer=layer,
        seed=0,
        measured=Statistics(distribution.mean, distribution.std, low, high),
        counts=tuple(counts),
        edges=tuple(edges),
        description=description,
        distribution=distribution,
        atom_shares=tuple(share for _, share in distribution.atoms),
    )


@pytest.mark.parametrize("color", [False, True], ids=["plain", "color"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_catalogue(width: int, color: bool, snapshot: SnapshotAssertion) -> None:
    assert render(catalogue_table(Frame(width)), width, color=color, wrap=True) == snapshot


@pytest.mark.parametrize("color", [False, True], ids=["plain", "color"])
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("scheme", ["kaiming_uniform:mode=fan_out", "normal", "ones"])
def test_detail(scheme: str, width: int, color: bool, snapshot: SnapshotAssertion) -> None:
    shown = sample(scheme, (40, 60))
    text = render(initializer_detail(shown, Frame(width)), width, color=color, wrap=True)
    if not color:
        assert max(map(cell_len, text.splitlines())) <= width
    assert text == snapshot


def test_ascii_is_enough_for_both() -> None:
    frame = Frame(80, ascii_only=True)
    for view in (catalogue_table(frame), initializer_detail(sample("sparse", (20, 30)), frame)):
        assert render(view, 80, wrap=True).isascii()


@pytest.mark.parametrize("scheme", ["rule", "normal", "he_normal", "trunc_normal:a=1,b=9", "eye"])
def test_expected_counts_are_those_of_the_distribution(scheme: str) -> None:
    shown = sample(scheme, (100, 100))
    assert shown.expected_counts is not None
    assert sum(shown.expected_counts) == pytest.approx(shown.size, rel=2e-3)
    for count, expected in zip(shown.counts, shown.expected_counts, strict=True):
        assert count == pytest.approx(expected, abs=2 + 0.01 * expected)


def test_a_share_that_is_neither_all_nor_nothing_is_not_rounded_to_it() -> None:
    shown = replace(sample("eye", (20, 30)), atom_shares=(1 - 2e-7, 2e-7))
    text = render(initializer_detail(shown, Frame(80)), 80, wrap=True)
    assert "99.99998%" in text
    assert "0.00002%" in text
