"""How many images each class has."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from inittui.views.frame import legible


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
    names = [legible(name, ascii_only) for name in classes]
    numbers = [[f"{count:,}" for count in counts] for counts in (train, test)]
    taken = sum(max(map(len, column)) for column in (names, *numbers))
    room = max(8, min(40, width - taken - 8))
    most = max(1, *(a + b for a, b in zip(train, test, strict=True)))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("class", no_wrap=True)
    table.add_column("train", justify="right", no_wrap=True)
    table.add_column("test", justify="right", no_wrap=True)
    table.add_column(f"{solid} train {light} test", no_wrap=True)
    for name, trained, tested, first, second in zip(names, train, test, *numbers, strict=True):
        end = round((trained + tested) / most * room)
        middle = min(end, round(trained / most * room))
        bar = Text(solid * middle + light * (end - middle))
        table.add_row(Text(name), first, second, bar)
    return table
