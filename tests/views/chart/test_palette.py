"""Series can be told apart: by mark alone, by colour in any eye, on black and on white."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rich.color import ColorSystem
from rich.style import Style

from inittui.experiment.records import CLASSIC_SCHEMES
from inittui.views.chart.palette import COLORS, in_16_colors, styles_for

VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
    "tritanopia": np.array([
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]),
}  # fmt: skip
"""Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB."""


def linear(color: str) -> np.ndarray:
    """Return linear RGB of #rrggbb (IEC 61966-2-1)."""
    values = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE Lab (D65) of linear RGB."""
    to_xyz = np.array([
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ])  # fmt: skip
    t = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_differ_in_every_eye(vision: str) -> None:
    # A difference of 2.3 in Lab can just be noticed; 20 is seen in single characters.
    seen = [lab(VISIONS[vision] @ linear(color)) for color in COLORS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 20


@pytest.mark.parametrize("color", COLORS)
def test_colours_are_legible_on_black_and_white(color: str) -> None:
    luminance = float(np.array([0.2126, 0.7152, 0.0722]) @ linear(color))
    assert (luminance + 0.05) / 0.05 > 2.3
    assert 1.05 / (luminance + 0.05) > 2.2


def test_colours_differ_where_there_are_16() -> None:
    drawn = [in_16_colors(Style.parse(f"bold {color}")) for color in COLORS]
    numbers = {style.color.downgrade(ColorSystem.STANDARD).number for style in drawn if style.color}
    assert len(numbers) == len(COLORS)
    assert not numbers & {0, 7, 8, 15}, "the greys are the text's"
    assert all(style.bold for style in drawn)
    assert in_16_colors(Style.parse("#123456 on #de9e00")) == Style.parse("#123456 on #de9e00")


def test_marks_alone_tell_series_apart() -> None:
    styles = styles_for(f"normal:std={i}" for i in range(61)).values()
    assert len({style.shape for style in styles}) == 61
    assert len({style.letter for style in list(styles)[:50]}) == 50


def test_seventy_series_have_seventy_looks() -> None:
    styles = styles_for(f"normal:std={i}" for i in range(70)).values()
    assert len({(style.shape, style.color) for style in styles}) == 70


def test_letters_are_those_of_the_names() -> None:
    styles = styles_for(CLASSIC_SCHEMES)
    assert [styles[name].letter for name in CLASSIC_SCHEMES] == list("zoucrnd")
    assert [s.letter for s in styles_for(["rule", "rule/ones", "xx"]).values()] == ["r", "u", "a"]


def test_a_name_that_comes_twice_is_one_series() -> None:
    assert list(styles_for(["a", "b", "a"])) == ["a", "b"]
