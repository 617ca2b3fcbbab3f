"""How many images each class has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from inittui.views.frame import legible

GAP = 2
"""Columns between two columns of the table."""
NARROWEST_BAR, WIDEST_BAR = 8, 40
"""Columns of the longest bar; there are none where fewer are left."""


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
    """Yield a bar for each class; the longest fills the room."""
    most = max(1, *(a + b for a, b in zip(train, test, strict=True)))
    for trained, tested in zip(train, test, strict=True):
        end = round((trained + tested) / most * room)
        middle = min(end, round(trained / most * room))
        yield solid * middle + light * (end - middle)
