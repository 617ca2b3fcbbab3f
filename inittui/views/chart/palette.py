"""A colour and a mark for every series, so that it can be told apart with or without colour.

The colours started as those of Okabe and Ito (https://jfly.uni-koeln.de/color/) and were moved
until the two most alike are as far apart as can be, in Lab, for normal vision and for simulated
protanopia, deuteranopia and tritanopia (Machado et al. 2009), at a contrast of at least 2.3 to
black and to white.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

COLORS = (
    "#de9e00",  # orange
    "#077aff",  # blue
    "#2fc09a",  # green
    "#b14000",  # vermilion
    "#aba3d4",  # lavender
    "#8947a5",  # purple
    "#c0a961",  # sand
    "#e1005a",  # crimson
)

_IN_16 = dict(
    zip(
        COLORS,
        ("yellow", "bright_blue", "cyan", "red", "bright_magenta", "magenta", "green",
         "bright_red"),
        strict=True,
    )
)  # fmt: skip
"""What stands for each where there are 16: the next ones to them are only five."""

SHAPES = "●■▲◆▼★○□△◇☆"
"""11 shapes and 8 colours have no common factor: 88 pairs before one comes again."""

LETTERS = "abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWYZ"
"""Without x and X, which mark where a series became NaN or infinite."""


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """How one series is drawn: one character wide, wherever it stands."""

    color: str
    """As rich writes it: #rrggbb."""
    shape: str
    """The mark on its curve and before its name."""
    letter: str
    """The mark where only ASCII can be shown."""

    def mark(self, ascii_only: bool) -> str:
        return self.letter if ascii_only else self.shape


BARS = SeriesStyle("#3f9fd8", "█", "#")
"""What was measured, in a histogram."""

MARKS = SeriesStyle("#e08a00", "●", "o")
"""What is expected, over the bars."""


def in_16_colors(style: Style) -> Style:
    """Return a style whose colours of series are told apart where there are 16 colours."""
    color = style.color
    instead = _IN_16.get(color.name) if color is not None else None
    return style + Style(color=instead) if instead else style


def segment_in_16_colors(segment: Segment) -> Segment:
    """Return a piece of output with `in_16_colors` of its style."""
    text, style, control = segment
    return Segment(text, in_16_colors(style), control) if style else segment


def styles_for(names: Iterable[str]) -> dict[str, SeriesStyle]:
    """Give every name a style by its place; the letter is one of the name's own where it can be.

    Past 11 series the shapes are followed by letters, past 61 both come again.
    """
    unique = list(dict.fromkeys(names))
    shapes = itertools.cycle(SHAPES + LETTERS)
    colors = itertools.cycle(COLORS)
    letters = _letters(unique)
    return {
        name: SeriesStyle(color, shape, letter)
        for name, color, shape, letter in zip(unique, colors, shapes, letters, strict=False)
    }


def _letters(names: list[str]) -> Iterator[str]:
    """Give each name a letter of its own: one from the name, else the next that is free."""
    free = dict.fromkeys(LETTERS)
    for name in names:
        for letter in name.lower():
            if letter in free:
                break
        else:
            letter = next(iter(free))
        del free[letter]
        free = free or dict.fromkeys(LETTERS)
        yield letter
