"""Ticks: inside the axis, few enough, different, and labelled with their value."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inittui.views.chart.clipping import widened
from inittui.views.chart.ticks import linear_ticks, log_ticks


@given(low=st.floats(-1e99, 1e99), high=st.floats(-1e99, 1e99), most=st.integers(1, 15))
def test_linear_ticks(low: float, high: float, most: int) -> None:
    low, high = widened(low, high)
    ticks = linear_ticks(low, high, most)
    slack = (high - low) * 1e-6
    assert len(ticks) <= most
    assert all(low - slack <= tick.at <= high + slack for tick in ticks)
    assert len({tick.label for tick in ticks}) == len(ticks)


@given(low=st.floats(-1e4, 1e4), size=st.floats(0.01, 1e4), most=st.integers(3, 12))
def test_labels_of_linear_ticks_are_their_values(low: float, size: float, most: int) -> None:
    ticks = linear_ticks(low, low + size, most)
    step = ticks[1].at - ticks[0].at if len(ticks) > 1 else size
    for tick in ticks:
        assert float(tick.label) == pytest.approx(tick.at, abs=1e-6 * step)


@given(low=st.floats(-1e4, 1e4), size=st.floats(0.01, 1e4), most=st.integers(2, 12))
@example(low=1.0, size=4001.0, most=2)
def test_whole_ticks_are_whole_numbers(low: float, size: float, most: int) -> None:
    ticks = linear_ticks(low, low + size, most, whole=True)
    assert len(ticks) <= most
    assert all(tick.at == int(tick.at) and int(tick.label) == tick.at for tick in ticks)
    assert ticks or math.floor(low + size) < math.ceil(low)  # none only where there is none


@given(low=st.floats(-99, 99), size=st.floats(0.001, 150), most=st.integers(1, 15))
def test_log_ticks(low: float, size: float, most: int) -> None:
    high = min(low + size, 100.0)
    low, high = widened(low, high)
    ticks = log_ticks(low, high, most)
    assert len(ticks) <= most
    assert all(low - 1e-6 <= tick.at <= high + 1e-6 for tick in ticks)
    assert len({tick.label for tick in ticks}) == len(ticks)
    for tick in ticks:
        assert math.log10(float(tick.label)) == pytest.approx(tick.at, abs=1e-6 + 0.01 * size)


def test_what_people_read() -> None:
    assert [t.label for t in log_ticks(-0.3, 5.1, 9)] == ["1", "10", "100", "1000", "10000", "1e5"]
    assert [t.label for t in linear_ticks(1, 100, 8)] == ["20", "40", "60", "80", "100"]
    assert [t.label for t in linear_ticks(0.4, 2.4, 5)] == ["0.5", "1.0", "1.5", "2.0"]
    assert [t.label for t in log_ticks(0.1, 0.8, 6)] == ["2", "5"]
    assert [t.label for t in log_ticks(0.31, 0.65, 6)] == ["2.5", "3.0", "3.5", "4.0"]
    assert [t.label for t in log_ticks(-1.2, 0.8, 9)] == ["0.1", "1"]
    assert [t.label for t in log_ticks(-0.9, 0.8, 9)] == ["0.2", "0.5", "1", "2", "5"]
