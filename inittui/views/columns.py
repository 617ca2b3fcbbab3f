"""Tables that fit a width: columns are left out first, then names are cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from rich.cells import cell_len
from rich.text import Text

from inittui.views.chart.layout import paragraph, shortened, truncated

GAP = 2
"""Between two columns."""

LEAST_NAME = 4
"""The width of a name that can be cut, beside columns that take all the rest."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    title: str
    cell: Callable[[Row], str | Text]
    rank: int = 0
    """Where room is short the highest is left out first; 0 is never."""
    least: int | None = None
    """A width that it's worth showing with; None where it is never cut."""
    share: float = 1.0
    """Of the room that is left, what it takes at most while a column behind it could use it."""
    right: bool = False
    width: int = 0
    """The most that it takes; 0 stands for the width of its widest cell."""
    cut: Callable[[str, int, str], str] = shortened
    """Makes a cell narrower: of text, width and what stands for the rest."""

    @property
    def needed(self) -> int:
        """The width without which it isn't shown."""
        return self.width if self.least is None else min(self.least, self.width)


def fit(columns: Sequence[Column[Row]], rows: Sequence[Row], room: int) -> list[Column[Row]]:
    """Return the columns that are shown, with their widths.

    Together they are at most ``room`` wide, unless those that are never left out are wider.
    """
    kept = [one if one.width else replace(one, width=_widest(one, rows)) for one in columns]
    while _excess(kept, room) > 0 and any(one.rank for one in kept):
        kept.remove(max(kept, key=lambda one: one.rank))
    spare = -_excess(kept, room)
    last = max((place for place, one in enumerate(kept) if one.least is not None), default=None)
    for place, one in enumerate(kept):
        if one.least is not None:
            offered = spare if place == last else int(spare * one.share)
            width = max(min(one.width, one.needed + offered), min(one.needed, LEAST_NAME))
            spare -= width - one.needed
            kept[place] = replace(one, width=width)
    return kept


def _widest(column: Column[Row], rows: Sequence[Row]) -> int:
    cells = (column.cell(row) for row in rows)
    widths = (cell.cell_len if isinstance(cell, Text) else cell_len(cell) for cell in cells)
    return max([*map(cell_len, column.title.split("\n")), *widths])


def _excess(columns: Sequence[Column[Row]], room: int) -> int:
    return sum(one.needed + GAP for one in columns) - GAP - room


def heading(columns: Sequence[Column[Row]], sign: str = "") -> Text:
    return line(columns, [one.title for one in columns], sign)


def row_line(columns: Sequence[Column[Row]], row: Row, sign: str = "") -> Text:
    return line(columns, [one.cell(row) for one in columns], sign)


def line(columns: Sequence[Column[Row]], cells: Sequence[str | Text], sign: str = "") -> Text:
    """Return cells beside each other, each in the width of its column; the last isn't padded.

    ``sign`` stands for what is cut off, see `Column.cut`.
    """
    drawn, plain = Text(), ""
    for column, cell in zip(columns, cells, strict=True):
        gap = "" if column is columns[-1] else " " * GAP
        if isinstance(cell, str):
            text = column.cut(cell, column.width, sign)
            pad = " " * (column.width - cell_len(text))
            plain += f"{pad}{text}{gap}" if column.right else text + (gap and pad + gap)
            continue
        cell = truncated(cell, column.width, sign or "…")  # noqa: PLW2901
        pad = " " * (column.width - cell.cell_len)
        # What is appended to a text has its style, what stands before it has none.
        drawn.append(plain + pad if column.right else plain)
        drawn.append_text(cell + (gap if column.right else gap and pad + gap))
        plain = ""
    return drawn.append(plain)


def where_they_differ(names: Sequence[str], width: int, sign: str = "…") -> list[str]:
    """Return names in ``width`` columns, cut in the middle where only then each tells itself.

    A long name is cut at its end, unless another one would then read the same.
    """
    ends = [shortened(name, width, sign) for name in names]
    told: dict[str, set[str]] = {}
    for name, cut in zip(names, ends, strict=True):
        told.setdefault(cut, set()).add(name)
    return [
        _middle_cut(name, width, sign) if len(told[cut]) > 1 else cut
        for name, cut in zip(names, ends, strict=True)
    ]


def _middle_cut(name: str, width: int, sign: str) -> str:
    kept = max(width - len(sign), 0)
    return shortened(
        f"{name[: kept // 2]}{sign}{name[len(name) - kept + kept // 2 :]}", width, sign
    )


def left_out(
    columns: Sequence[Column[Row]], shown: Sequence[Column[Row]], width: int
) -> Text | None:
    titles = {one.title for one in shown}
    missing = sorted((one for one in columns if one.title not in titles), key=lambda one: -one.rank)
    names = ", ".join(one.title.replace("\n", " ") for one in missing)
    return Text("\n").join(paragraph(f"no room for: {names}", width)) if missing else None
