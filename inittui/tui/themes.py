"""Inittui's own themes, one dark and one light, beside those that Textual brings along.

Surfaces are nearly grey: of 256 colours, which is what SSH leaves, they then lie on the ramp of
greys, and not on the next navy or teal of the colour cube.
"""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBarRender
from textual.theme import Theme


class _InWholeCells(ScrollBarRender):
    """A scroll bar without the characters for parts of a cell at its ends."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def scroll_bar_renderer(ascii_only: bool) -> type[ScrollBarRender]:
    return _InWholeCells if ascii_only else ScrollBarRender


DARK = Theme(
    name="inittui-dark",
    primary="#3f9fd8",
    secondary="#7aa7c7",
    accent="#e08a00",
    success="#35a983",
    warning="#d9a400",
    error="#e0603a",
    foreground="#dcdee1",
    background="#121314",
    surface="#1b1c1e",
    panel="#26282a",
    dark=True,
    variables={
        "footer-key-foreground": "#e9a63a",
        "scrollbar": "#4a4d51",
        "scrollbar-background": "#1b1c1e",
        "input-selection-background": "#3f9fd8 35%",
        "block-cursor-background": "#4a4d51",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#303235",
    },
)

LIGHT = Theme(
    name="inittui-light",
    primary="#0072b2",
    secondary="#4f7a97",
    accent="#a85f00",
    success="#00795a",
    warning="#8a6d00",
    error="#b8430a",
    foreground="#1d242c",
    background="#fafafa",
    surface="#f0f0ee",
    panel="#e2e2df",
    dark=False,
    variables={
        "footer-key-foreground": "#8f5200",
        "scrollbar": "#c2c2bd",
        "scrollbar-background": "#f0f0ee",
        "input-selection-background": "#0072b2 25%",
        "block-cursor-background": "#c6c7c9",
        "block-cursor-foreground": "#10202b",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#dcdcd9",
    },
)

TERMINAL_DARK, TERMINAL_LIGHT = "ansi-dark", "ansi-light"
"""Textual's themes of the terminal's own 16 colours: for 16 colours, and for NO_COLOR."""

_LIGHT_OF = {
    DARK.name: LIGHT.name,
    TERMINAL_DARK: TERMINAL_LIGHT,
    "textual-dark": "textual-light",
    "solarized-dark": "solarized-light",
    "atom-one-dark": "atom-one-light",
    "catppuccin-mocha": "catppuccin-latte",
}
_OTHER = _LIGHT_OF | {light: dark for dark, light in _LIGHT_OF.items()}


def other_theme(name: str, is_dark: bool) -> str:
    return _OTHER.get(name, LIGHT.name if is_dark else DARK.name)
