"""Tables that fit a width: columns are left out first, then names are cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from typing import Generic, TypeVar

from rich.cells import cell_len, set_cell_size
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
    wanted: dict[int, int] = {}
    for place, one in enumerate(kept):
        if one.least is not None:
            offered = spare if place == last else int(spare * one.share)
            width = max(min(one.width, one.needed + offered), min(one.needed, LEAST_NAME))
            spare -= width - one.needed
            kept[place] = replace(one, width=width)
            wanted[place] = one.width - width
    for place, more in wanted.items():  # what those behind had no use for
        given = min(max(spare, 0), max(more, 0))
        spare -= given
        kept[place] = replace(kept[place], width=kept[place].width + given)
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
    """Return names in ``width`` columns, of which different ones read different.

    A long name is cut at its end, unless another one would then read the same: these are cut where
    they are the same. Where even so there is no room for what differs, they are numbered.
    """
    by_front: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        by_front.setdefault(set_cell_size(name, max(width - cell_len(sign), 0)), []).append(name)
    groups = list(by_front.values())
    told: dict[str, str] = {}
    merged = 0
    while len(groups) != merged:
        merged = len(groups)
        told = {
            name: cut
            for group in groups
            for name, cut in zip(group, _apart(group, width, sign), strict=True)
        }
        groups = _merged(groups, told)
    counts = Counter(told.values())
    for number, name in enumerate((x for x, cut in told.items() if counts[cut] > 1), 1):
        mark = f"{sign}{number}"
        told[name] = set_cell_size(name, max(width - cell_len(mark), 0)).rstrip() + mark
    return [told[name] for name in names]


def _merged(groups: Sequence[list[str]], told: Mapping[str, str]) -> list[list[str]]:
    """Join groups that have names which read the same."""
    owners: dict[str, list[str]] = {}
    for group in groups:
        others = {id(x): x for name in group if (x := owners.get(told[name])) is not None}
        joined = [name for each in (*others.values(), group) for name in each]
        owners |= {told[name]: joined for name in joined}
    return list({id(group): group for group in owners.values()}.values())


def _apart(names: Sequence[str], width: int, sign: str) -> list[str]:
    """Cut different names where they are the same, all in the same places; one at its end."""
    if len(names) == 1 or max(map(cell_len, names)) <= width:
        return [shortened(name, width, sign) for name in names]
    places = zip(*_aligned([_PARTS.findall(name) for name in names]), strict=True)
    segments = [
        (is_same, ["".join(parts) for parts in zip(*group, strict=True)])
        for is_same, group in groupby(places, lambda parts: len(set(parts)) == 1)
    ]
    differ = sum(max(map(cell_len, texts)) for is_same, texts in segments if not is_same)
    same = {place: texts[0] for place, (is_same, texts) in enumerate(segments) if is_same}
    kept = dict(zip(same, _shares(list(same.values()), width - differ, sign), strict=True))
    drawn = [
        [_cut_inside(same[place], kept[place], sign, is_last=place == len(segments) - 1)]
        * len(names)
        if is_same
        else texts
        for place, (is_same, texts) in enumerate(segments)
    ]
    return [shortened("".join(parts), width, sign) for parts in zip(*drawn, strict=True)]


_PARTS = re.compile(r"[^\s:=/,·]+|[\s:=/,·]+")
"""Of a contestant's name: words and numbers, and what stands between them."""


def _aligned(rows: Sequence[list[str]]) -> list[list[str]]:
    """Return rows of one length; where they are not, all between what all begin and end with is
    one part."""
    if len(set(map(len, rows))) == 1:
        return list(rows)
    head = _shared(rows)
    tail = _shared([row[head:][::-1] for row in rows])
    return [
        [*row[:head], "".join(row[head : len(row) - tail]), *row[len(row) - tail :]] for row in rows
    ]


def _shared(rows: Sequence[Sequence[str]]) -> int:
    """Return how many parts all begin with."""
    return sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*rows, strict=False)))


def _shares(texts: Sequence[str], room: int, sign: str) -> list[int]:
    """Return how much is kept of each text where all shall fit; a cut one has a sign, too."""
    kept = [0] * len(texts)
    by_length = sorted(range(len(texts)), key=lambda place: cell_len(texts[place]))
    for left, place in zip(range(len(texts), 0, -1), by_length, strict=True):
        length, share = cell_len(texts[place]), max(room, 0) // left
        is_whole = length <= share
        kept[place] = length if is_whole else max(share - cell_len(sign), 0)
        room -= kept[place] + (0 if is_whole else cell_len(sign))
    return kept


def _cut_inside(text: str, kept: int, sign: str, *, is_last: bool) -> str:
    """Cut a text in its middle, or at its end where it is the last of its line."""
    if kept >= cell_len(text):
        return text
    behind = 0 if is_last else kept - kept // 2
    return f"{text[: kept - behind]}{sign}{text[len(text) - behind :]}"


def left_out(
    columns: Sequence[Column[Row]], shown: Sequence[Column[Row]], width: int
) -> Text | None:
    """Say which columns aren't shown, in lines of a width."""
    titles = {one.title for one in shown}
    missing = sorted((one for one in columns if one.title not in titles), key=lambda one: -one.rank)
    names = ", ".join(one.title.replace("\n", " ") for one in missing)
    return Text("\n").join(paragraph(f"no room for: {names}", width)) if missing else None


def sorted_by(title: str, ascii_only: bool) -> str:
    """Return the title of the column that rows are sorted by, with a mark that is none of it."""
    return f"{title} v" if ascii_only else f"{title}▾"
