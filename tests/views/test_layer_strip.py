"""Strips and sparklines are read without colour, in ASCII too."""

from __future__ import annotations

from typing import get_args

import pytest

from inittui.results.layer_marks import Mark
from inittui.views.layer_strip import sparkline, strip


@pytest.mark.parametrize("ascii_only", [False, True])
def test_each_mark_has_a_sign_of_its_own(ascii_only: bool) -> None:
    marks: tuple[Mark, ...] = get_args(Mark)
    signs = strip(marks, 9, {}, ascii_only=ascii_only).plain
    assert len(set(signs)) == len(marks)
    assert signs.isascii() or not ascii_only


def test_a_sparkline_has_the_last_values() -> None:
    assert sparkline([0.0, 0.5, 1.0], 2, ascii_only=False) == "▅█"
    assert sparkline([0.1, float("nan"), 1.0], 5, ascii_only=True) == ".  #".replace("  ", " ")
    assert sparkline([], 5, ascii_only=False) == ""
