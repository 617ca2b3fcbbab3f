"""Images as characters: right colours in right places, and never wider than asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from inittui.views.images import RAMP, class_counts, draw_image, draw_images
from tests.support.commands import python
from tests.support.rendering import render


def colours(line: Text) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The colours of the upper and the lower half of each character."""
    found = []
    for segment in line.render(Console(width=200)):
        style = segment.style
        if style is None or style.color is None or style.bgcolor is None:
            continue
        pair = (tuple(style.color.get_truecolor()), tuple(style.bgcolor.get_truecolor()))
        found.extend([pair] * len(segment.text))
    return found


def test_a_half_block_shows_two_pixels() -> None:
    lines = draw_image([[0, 255, 7], [16, 32, 64], [1, 2, 3], [4, 5, 6]], 3, ascii_only=False)
    assert [line.plain for line in lines] == ["▀▀▀", "▀▀▀"]
    assert colours(lines[0]) == [
        ((0, 0, 0), (16, 16, 16)),
        ((255, 255, 255), (32, 32, 32)),
        ((7, 7, 7), (64, 64, 64)),
    ]
    assert colours(lines[1])[2] == ((3, 3, 3), (6, 6, 6))


def test_channels_are_red_green_and_blue() -> None:
    image = np.zeros((3, 2, 1), np.uint8)
    image[0, 0, 0], image[1, 1, 0], image[2, :, 0] = 200, 100, 50
    (line,) = draw_image(image, 1, ascii_only=False)
    assert colours(line) == [((200, 0, 50), (0, 100, 50))]


def test_one_channel_is_grey_with_or_without_its_dimension() -> None:
    image = np.arange(8, dtype=np.uint8).reshape(4, 2)
    assert draw_image(image, 2, ascii_only=False) == draw_image(image[None], 2, ascii_only=False)


def test_a_smaller_image_has_the_means_of_the_areas() -> None:
    image = np.arange(16.0).reshape(4, 4)
    (line,) = draw_image(image, 2, ascii_only=False)
    means = image.reshape(2, 2, 2, 2).mean(axis=(1, 3)).round().astype(int)
    assert colours(line) == [((m,) * 3, (n,) * 3) for m, n in zip(*means.tolist(), strict=True)]


@given(st.integers(1, 28), st.integers(0, 255))
def test_an_even_image_stays_even_at_every_size(columns: int, level: int) -> None:
    for line in draw_image(np.full((28, 28), level, np.uint8), columns, ascii_only=False):
        assert set(colours(line)) == {((level,) * 3, (level,) * 3)}


def test_the_ramp_goes_from_black_to_white() -> None:
    levels = np.linspace(0, 255, len(RAMP))
    (line,) = draw_image(np.vstack([levels, levels]), len(RAMP), ascii_only=True)
    assert line.plain == RAMP
    assert line.spans == []


@settings(deadline=None)
@given(
    st.integers(0, 12),
    st.integers(1, 140),
    st.sampled_from([(28, 28), (1, 28, 28), (3, 32, 32), (1, 1), (2, 9)]),
    st.booleans(),
)
def test_no_line_is_wider_than_asked(
    count: int, width: int, shape: tuple[int, ...], ascii_only: bool
) -> None:
    images = [np.full(shape, 9 * number, np.uint8) for number in range(count)]
    captions = ["Ankle boot, left, worn out"] * count
    drawn = draw_images(images, captions, width, ascii_only=ascii_only)
    lines = drawn.plain.split("\n")
    assert max(map(len, lines)) <= width
    if ascii_only:
        assert drawn.plain.isascii()


def test_eighty_columns_show_five_in_a_row_with_their_names() -> None:
    images = [np.full((28, 28), 255, np.uint8)] * 7
    names = ["Sneaker", "Bag", "T-shirt/top", "a name that is too long", "Coat", "Dress", "Shirt"]
    lines = draw_images(images, names, 80, ascii_only=True).plain.split("\n")
    assert lines[0] == "  ".join(["@" * 14] * 5)
    assert lines[7] == "Sneaker         Bag             T-shirt/top     a name that...  Coat"
    assert lines[8] == ""
    assert lines[16] == "Dress                 Shirt".replace(" " * 17, " " * 11)
    assert len(lines) == 17


def test_a_caption_from_outside_cant_steer_the_terminal() -> None:
    drawn = draw_images([[[0]]], ["\x1b"], 80, ascii_only=False)
    assert "\x1b" not in drawn.plain


def test_sixteen_colours_still_tell_dark_from_light() -> None:
    image = np.array([[0, 90, 170, 255]] * 2, np.uint8)
    (line,) = render(draw_image(image, 4, ascii_only=False)[0], 80, color="standard").splitlines()
    codes = [part.split("m")[0] for part in line.split("\x1b[")[1:] if "▀" in part]
    assert len(set(codes)) == 4


def test_the_views_need_no_torch() -> None:
    ran = python("import sys, inittui.views.images\nprint('torch' in sys.modules)")
    assert ran.stdout == "False\n"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_class_counts_have_bars_to_scale(width: int, ascii_only: bool) -> None:
    table = class_counts(
        ["Coat", "Bag", "none"], [600, 300, 0], [200, 100, 0], width, ascii_only=ascii_only
    )
    header, *rows = (line.rstrip() for line in render(table, width).splitlines())
    solid, light = ("#", "-") if ascii_only else ("█", "░")
    legend = [solid, "train", light, "test"]
    assert header.split() == ["class", "train", "test", *legend]
    assert [row.split()[:3] for row in rows] == [
        ["Coat", "600", "200"],
        ["Bag", "300", "100"],
        ["none", "0", "0"],
    ]
    coat, bag, none = ((row.count(solid), row.count(light)) for row in rows)
    assert coat[0] == pytest.approx(3 * coat[1], abs=2)
    assert sum(bag) == pytest.approx(sum(coat) / 2, abs=1)
    assert none == (0, 0)
    assert max(map(len, rows)) <= width


def test_where_no_bar_fits_the_numbers_stay() -> None:
    table = class_counts(["Coat"], [60_000], [10_000], 24, ascii_only=True)
    assert [line.split() for line in render(table, 24).splitlines()] == [
        ["class", "train", "test"],
        ["Coat", "60,000", "10,000"],
    ]
