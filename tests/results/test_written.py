"""Shares of the start values: they add up, and what is unknown is not told as 0."""

from __future__ import annotations

import pytest

from inittui.events.records import StartValues
from inittui.results.written import Share, shares


def test_shares_are_of_values_and_of_tensors() -> None:
    start = [
        StartValues("a.weight", "he_normal", "1", 60),
        StartValues("b.weight", "mine.py:f", "2", 20),
        StartValues("norm.weight", "own default", "3", 5),
        StartValues("rnn.weight", "built", "4", 5),
        StartValues("body.weight", "frozen", "5", 8),
        StartValues("token", None, "6", 2),
    ]
    found = shares(start)
    assert found == (
        Share("scheme", 2, 80, 0.8),
        Share("built", 2, 10, 0.1),
        Share("frozen", 1, 8, 0.08),
        Share("nobody", 1, 2, 0.02),
    )
    assert sum(each.share or 0 for each in found) == pytest.approx(1)


def test_an_old_log_does_not_say_how_many_values() -> None:
    assert shares([StartValues("a", "rule", "1")]) == (Share("scheme", 1, 0, None),)
    assert shares([]) == ()
