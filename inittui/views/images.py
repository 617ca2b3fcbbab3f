"""Images as characters, and how many each class has.

Half blocks in true colour, or a ramp of ASCII where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.color import Color
from rich.style import Style
from rich.table import Table
from rich.text import Text

from inittui.views.frame import legible

RAMP = " .:-=+*#%@"
"""From black to white, for terminals whose background is dark."""

NARROWEST_IMAGE = 14
"""Columns below which a 28-pixel image can't be recognised."""
MOST_IN_A_ROW = 5
"""Images beside each other: more columns then make them larger instead of more."""
GAP = 2
"""Columns between two images, and between two columns of the table."""
NARROWEST_BAR, WIDEST_BAR = 8, 40
"""Columns of the longest bar; there are none where fewer are left."""


def draw_images(
    images: Sequence[ArrayLike], captions: Sequence[str], width: int, *, ascii_only: bool
) -> Text:
    """Draw captioned images in a grid that fits ``width`` columns.

    Args:
        images: each [height, width] grey or [channels, height, width] with 1 or 3 channels,
            from 0 to 255.
        captions: one for each image; cut with an ellipsis where it is wider than its image.
        width: columns; no line is wider.
        ascii_only: draw with `RAMP`, without colour.
    """
    native = max((np.shape(image)[-1] for image in images), default=1)
    in_a_row = min(MOST_IN_A_ROW, max(1, (width + GAP) // (NARROWEST_IMAGE + GAP)), len(images))
    columns = max(1, min(native, (width + GAP) // max(1, in_a_row) - GAP))
    cells = [
        [*draw_image(image, columns, ascii_only=ascii_only), _caption(name, columns, ascii_only)]
        for image, name in zip(images, captions, strict=True)
    ]
    rows = [cells[start : start + in_a_row] for start in range(0, len(cells), max(1, in_a_row))]
    return Text("\n\n").join(Text("\n").join(_beside(row)) for row in rows)


def draw_image(image: ArrayLike, columns: int, *, ascii_only: bool) -> list[Text]:
    """Draw one image ``columns`` wide as lines that are half as many as its rows of pixels."""
    pixels = np.asarray(image, dtype=np.float64)
    pixels = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    lines = max(1, round(columns * pixels.shape[1] / pixels.shape[2] / 2))
    # A character is about twice as high as wide: one line shows two rows of pixels.
    if ascii_only:
        grey = _resize(pixels, lines, columns).mean(axis=0)
        steps = np.rint(grey * ((len(RAMP) - 1) / 255)).astype(int)
        return [Text("".join(RAMP[step] for step in row)) for row in steps]
    colours = np.rint(_resize(pixels, 2 * lines, columns)).astype(int)
    colours = np.broadcast_to(colours, (3, *colours.shape[1:])).transpose(1, 2, 0)
    return [
        Text.assemble(
            *(
                ("▀", _half_block((*upper,), (*lower,)))
                for upper, lower in zip(above.tolist(), below.tolist(), strict=True)
            )
        )
        for above, below in zip(colours[::2], colours[1::2], strict=True)
    ]


@lru_cache(maxsize=65_536)
def _half_block(upper: tuple[int, ...], lower: tuple[int, ...]) -> Style:
    return Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))


def _resize(pixels: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Return [channels, height, width] in which each pixel is the mean of the area it covers."""
    rows, columns = _areas(pixels.shape[1], height), _areas(pixels.shape[2], width)
    resized: NDArray[np.float64] = rows @ pixels @ columns.T
    return resized


def _areas(before: int, after: int) -> NDArray[np.float64]:
    """Return [after, before]: the share of each old pixel in each new one along one axis."""
    edges = np.linspace(0, before, after + 1)
    starts, ends = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    old = np.arange(before)
    overlap = np.minimum(ends, old + 1) - np.maximum(starts, old)
    shares: NDArray[np.float64] = np.maximum(overlap, 0.0) * (after / before)
    return shares


def _caption(name: str, columns: int, ascii_only: bool) -> Text:
    caption = Text(legible(name, ascii_only))
    ellipsis = legible("…", ascii_only)
    if caption.cell_len > columns:
        caption.truncate(max(0, columns - len(ellipsis)))
        caption.append(ellipsis[:columns])
    return caption


def _beside(cells: Sequence[Sequence[Text]]) -> list[Text]:
    """Put drawings of equal height side by side, each padded to the widest line of its own."""
    lines: list[Text] = []
    for parts in zip(*cells, strict=True):
        line = Text()
        for position, part in enumerate(parts):
            line.append_text(part)
            if position < len(parts) - 1:
                wide = max(each.cell_len for each in cells[position])
                line.append(" " * (wide - part.cell_len + GAP))
        lines.append(line)
    return lines


def class_counts(
    classes: Sequence[str],
    train: Sequence[int],
    test: Sequence[int],
    width: int,
    *,
    ascii_only: bool,
) -> Table:
    """Return a table of counts with one bar a class: training images, then test images."""
    solid, light = ("#", "-") if ascii_only else ("█", "░")
    legend = f"{solid} train {light} test"
    columns = [
        ["class", *(legible(name, ascii_only) for name in classes)],
        ["train", *(f"{count:,}" for count in train)],
        ["test", *(f"{count:,}" for count in test)],
    ]
    room = min(WIDEST_BAR, width - sum(max(map(len, cells)) + GAP for cells in columns))
    if room >= NARROWEST_BAR:
        bars = _bars(train, test, room, solid, light)
        columns.append([legend if len(legend) <= room else "", *bars])
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for header, *_ in columns:
        if header in {"train", "test"}:
            table.add_column(header, no_wrap=True, justify="right")
        else:
            table.add_column(Text(header), overflow="fold")
    for row in list(zip(*columns, strict=True))[1:]:
        table.add_row(*map(Text, row))
    return table


def _bars(
    train: Sequence[int], test: Sequence[int], room: int, solid: str, light: str
) -> Iterator[str]:
    most = max(1, *(a + b for a, b in zip(train, test, strict=True)))
    for trained, tested in zip(train, test, strict=True):
        end = round((trained + tested) / most * room)
        middle = min(end, round(trained / most * room))
        yield solid * middle + light * (end - middle)
