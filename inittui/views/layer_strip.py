"""Marks of layers as a strip of single characters, and a curve as one: both fit in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.style import Style
from rich.text import Text

from inittui.results.layer_marks import Mark, in_cells

_SIGNS: dict[Mark, str] = {"none": " ", "good": "·", "warn": "!", "bad": "✕"}
_IN_ASCII: dict[Mark, str] = {"none": " ", "good": ".", "warn": "!", "bad": "x"}

_LEVELS, _LEVELS_IN_ASCII = "▁▂▃▄▅▆▇█", "_.-=+*%#"


def strip(
    marks: Sequence[Mark], most: int, styles: Mapping[Mark, Style], *, ascii_only: bool
) -> Text:
    """Return one character per layer, or per some beside each other, in at most ``most``."""
    signs = _IN_ASCII if ascii_only else _SIGNS
    parts = [(signs[mark], styles.get(mark, Style.null())) for mark in in_cells(marks, most)]
    return Text.assemble(*parts)


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool) -> str:
    """Return the last ``width`` shares, from 0 to 1, one character each; others are blank."""
    levels = _LEVELS_IN_ASCII if ascii_only else _LEVELS
    last = len(levels) - 1
    return "".join(
        levels[round(value * last)] if 0 <= value <= 1 else " " for value in values[-width:]
    )
