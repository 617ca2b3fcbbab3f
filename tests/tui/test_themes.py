"""The themes in terminals of 256 colours."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem
from textual.theme import Theme

from inittui.tui import themes
from inittui.views.chart.palette import COLORS

SURFACES = (
    "background", "surface", "panel", "block-cursor-background",
    "block-cursor-blurred-background", "scrollbar", "scrollbar-background",
)  # fmt: skip
GREYS = {16, 231, *range(232, 256)}
"""Black, white and the ramp between them."""


def in_256(theme: Theme, name: str) -> int | None:
    color = theme.variables.get(name) or getattr(theme, name)
    return Color.parse(color).downgrade(ColorSystem.EIGHT_BIT).number


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=lambda theme: theme.name)
def test_surfaces_are_greys_that_can_be_told_apart(theme: Theme) -> None:
    numbers = {name: in_256(theme, name) for name in SURFACES}
    assert set(numbers.values()) <= GREYS
    cursor = numbers["block-cursor-background"]
    beside = {numbers[name] for name in ("background", "surface", "panel")}
    assert cursor not in beside
    assert numbers["block-cursor-blurred-background"] not in {cursor, numbers["background"]}


def test_no_series_is_as_grey_as_dim_text() -> None:
    for color in COLORS:
        rgb = Color.parse(color).get_truecolor()
        assert max(rgb) - min(rgb) > 40
