"""Drawn values: what an event carries of them is all that a view needs."""

from __future__ import annotations

import math

import pytest

from inittui.documents.initializer import sample_document
from inittui.events.records import ValuesDrawn, decode, encode
from inittui.initializers import parse_scheme
from inittui.initializers.layer import LayerContext
from inittui.initializers.sampling import draw_sample, draw_values, sample_of


@pytest.mark.parametrize("scheme", ["normal:std=1", "uniform:low=-3,high=3", "zeros", "orthogonal"])
def test_a_sample_survives_the_log(scheme: str) -> None:
    parsed, layer = parse_scheme(scheme), LayerContext((300, 2))
    event = decode(encode(draw_values(parsed, layer, seed=3)))
    assert isinstance(event, ValuesDrawn)
    expected = sample_document(draw_sample(parsed, layer, seed=3))
    assert sample_document(sample_of(event)) == expected
    assert sum(event.counts) == 600
    assert len(event.edges) == len(event.counts) + 1


def test_what_is_measured_is_of_the_values_that_were_drawn() -> None:
    event = draw_values(parse_scheme("uniform:low=-3,high=3"), LayerContext((1000, 1)), seed=0)
    assert (event.edges[0], event.edges[-1]) == (event.min, event.max)
    assert -3 <= event.min < -2.9 < 2.9 < event.max <= 3
    assert math.isclose(event.std, math.sqrt(3), rel_tol=0.05)
    assert abs(event.mean) < 3 * math.sqrt(3 / 1000)
