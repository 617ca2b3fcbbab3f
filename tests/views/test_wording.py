"""Numbers and times as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inittui.results.comparison import Measure, measure
from inittui.views.wording import (
    about,
    duration,
    growth_of,
    how_long_ago,
    mean_loss,
    number,
    share,
    time_left,
    times,
)

NOW = 1_700_000_000.0


@pytest.mark.parametrize(("value", "expected"), [
    (0.36458, "0.3646"), (12.345, "12.35"), (4041.0, "4041"), (40410.0, "4.04e+04"),
    (0.0, "0"), (-0.0, "0"), (1e-4, "1.00e-04"), (math.nan, "NaN"), (-math.inf, "-Infinity"),
])  # fmt: skip
def test_a_loss(value: float, expected: str) -> None:
    assert number(value) == expected
    assert mean_loss(Measure(value, None, 1)) == expected


@given(value=st.floats(min_value=0, max_value=1e99))
def test_a_loss_is_short_and_right(value: float) -> None:
    text = number(value)
    assert len(text) <= 9
    assert float(text) == pytest.approx(value, rel=0.005, abs=5e-4 if value < 5e-4 else 0)


def test_what_was_not_measured_is_a_dash() -> None:
    assert mean_loss(measure([None])) == share(None) == "-"


@pytest.mark.parametrize(("value", "expected"), [
    (0.86349, "86.3%"), (0.0, "0.0%"), (1.0, "100.0%"), (7.0, "100.0%"), (-1.0, "0.0%"),
])  # fmt: skip
def test_an_accuracy_in_a_list(value: float, expected: str) -> None:
    assert share(value) == expected


@pytest.mark.parametrize(("seconds", "expected"), [
    (-5, "0s ago"), (0, "0s ago"), (59, "59s ago"), (60, "1m ago"), (3599, "59m ago"),
    (3600, "1h ago"), (2 * 86400 - 1, "47h ago"), (2 * 86400, "2d ago"),
    (100 * 86400 - 1, "99d ago"), (100 * 86400, "14w ago"), (1.5e9, "2480w ago"),
])  # fmt: skip
def test_how_long_ago(seconds: float, expected: str) -> None:
    assert how_long_ago(NOW - seconds, NOW) == expected


@given(seconds=st.floats(-1e9, 1.69e9))
def test_how_long_ago_is_told_in_nine_characters_and_never_too_much(seconds: float) -> None:
    text = how_long_ago(NOW - seconds, NOW)
    assert len(text) <= 9
    amount, unit = int(text[: -len("x ago")]), text[-len("x ago")]
    size = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}[unit]
    assert amount * size <= max(seconds, 0) + 1e-6
    assert max(seconds, 0) - 1e-6 < (amount + 1) * size


def test_a_moment_that_is_not_known() -> None:
    assert how_long_ago(0.0, NOW) == "?"


@pytest.mark.parametrize(("seconds", "expected"), [
    (0.0, "less than a second"), (0.99, "less than a second"), (1.0, "about 1 s"),
    (40.4, "about 40 s"), (99.4, "about 99 s"), (180.0, "about 3 min"), (5_399.0, "about 90 min"),
    (9_000.0, "about 2.5 h"),
])  # fmt: skip
def test_an_estimated_time(seconds: float, expected: str) -> None:
    assert about(seconds) == expected


@pytest.mark.parametrize(("seconds", "expected"), [
    (-3.0, "0 s"), (7.4, "7 s"), (59.6, "1:00"), (185.0, "3:05"), (3723.0, "1:02:03"),
])  # fmt: skip
def test_a_duration(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_the_time_left_counts_from_where_a_run_was_continued() -> None:
    assert time_left(10.0, 0.5) == 10.0
    assert time_left(10.0, 0.5, 0.25) == 20.0
    assert time_left(10.0, 0.25, 0.25) == 0.0


@given(taken=st.floats(0, 1e6), share=st.floats(0, 1), before=st.floats(0, 1))
def test_the_time_left_is_in_proportion(taken: float, share: float, before: float) -> None:
    left = time_left(taken, share, before)
    assert left >= 0
    if left:
        assert left * (share - before) == pytest.approx(taken * (1 - share))


@pytest.mark.parametrize(("logarithm", "expected"), [
    (0.0, "1"), (1e-17, "1"), (0.08, "1.083"), (1.1e-5, "1.000011"), (-1.1e-5, "0.999989"),
    (68.7, "6.855e+29"), (11_548.0, "1e+5015"), (-11_548.0, "1e-5015"), (math.inf, "inf"),
    (-math.inf, "0"),
])  # fmt: skip
def test_a_ratio_by_its_logarithm(logarithm: float, expected: str) -> None:
    assert times(logarithm) == expected


def test_only_all_images_are_all_of_them() -> None:
    assert [share(each) for each in (1.0, 0.9997, 0.863, 0.0002, 0.0)] == [
        "100.0%", "99.97%", "86.3%", "0.02%", "0.0%"
    ]  # fmt: skip


@pytest.mark.parametrize(("chi", "said"), [
    (1.0, "1.00"), (1.003, "1.003"), (0.9979, "0.998"), (0.98, "0.98"), (850.551, "850.55"),
    (0.0, "0"), (5e-7, "5e-7"), (5e8, "5e8"),
])  # fmt: skip
def test_a_growth_beside_one(chi: float, said: str) -> None:
    assert growth_of(chi) == said
