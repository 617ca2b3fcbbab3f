"""Text from outside is made harmless, and spelled in ASCII where nothing else can be shown."""

from __future__ import annotations

import pytest

from inittui.text import apart, asks_for_ascii, in_ascii, in_percent, in_points, number_of, short


@pytest.mark.parametrize(
    ("text", "spelled", "as_wide"),
    [
        ("σ²·n = 7.06e3", "s2*n = 7.06e3", "s2.n = 7.06e3"),
        ("a sine of ω·x", "a sine of omega*x", "a sine of w.x"),
        ("mlp · 3 seeds · 2 s", "mlp | 3 seeds | 2 s", "mlp | 3 seeds | 2 s"),
        ("a…", "a...", "a~"),
        ("−⅓ ≤ x", "-1/3 <= x", "-? < x"),
        ("日", "?", "?"),
    ],
)
def test_what_is_spelled_in_ascii(text: str, spelled: str, as_wide: str) -> None:
    assert in_ascii(text) == spelled
    assert in_ascii(text, keep_width=True) == as_wide
    assert len(as_wide) == len(text)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (99.8, 2, "100"),
        (1234.0, 2, "1200"),
        (9999.0, 3, "1e4"),
        (-1230.0, 1, "-1000"),
        (65535.0, 3, "6.55e4"),
        (0.00001, 3, "1e-5"),
        (12.0, 3, "12"),
        (float("inf"), 3, "inf"),
    ],
)
def test_short_numbers(value: float, digits: int, text: str) -> None:
    assert short(value, digits) == text


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),  # as Python leaves it
        ({"LANG": "C", "LC_CTYPE": "en_GB.UTF-8"}, False),
        ({"LANG": "C", "LC_ALL": "en_GB.UTF-8"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_CTYPE": "POSIX"}, True),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, False),  # nothing was named, or this
    ],
)
def test_a_locale_of_ascii_is_one_that_somebody_named(
    environment: dict[str, str], expected: bool
) -> None:
    assert asks_for_ascii(environment) == expected


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.8631, "86.31"), (1.0, "100.00"), (0.99996, "99.996"), (0.0, "0.00"), (-0.0, "0.00"),
     (4e-6, "0.0004"), (1 - 1e-16, "100.00"), (float("nan"), "nan")],
)  # fmt: skip
def test_only_all_and_nothing_are_said_to_be(share: float, said: str) -> None:
    assert in_percent(share) == said


def test_only_no_difference_is_said_to_be_none() -> None:
    shown = [in_points(each, "+") for each in (0.0125, -0.0125, 2.5e-5, -2.5e-5, 0.0, -0.0, 1e-17)]
    assert shown == ["+1.25", "-1.25", "+0.0025", "-0.0025", "+0.00", "+0.00", "+0.00"]
    assert in_points(2.5e-5) == "0.0025"


def test_different_numbers_read_different_and_nothing_is_minus_zero() -> None:
    assert apart(2.3035, 2.302585) == ("2.304", "2.303")
    assert apart(4.0, 2.302585) == ("4", "2.3")
    assert apart(2.0, 2.0) == ("2", "2")
    assert short(-0.0) == "0"


def test_what_is_counted_is_in_the_singular_where_it_is_one() -> None:
    said = [number_of(count, "value") for count in (0, 1, 2, 3_000)]
    assert said == ["0 values", "1 value", "2 values", "3,000 values"]
    assert number_of(1, "matrix", "matrices") == "1 matrix"
    assert number_of(2, "matrix", "matrices") == "2 matrices"
