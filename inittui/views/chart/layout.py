"""What stands around a chart: title, axis label, legend and notes, fitted to the height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

from inittui.views.chart.palette import SeriesStyle

_LEAST_CHART_LINES = 5
"""What stands around a chart is left out before the chart gets lower than this."""

_GAP = "   "


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines above and below a chart of ``chart_height`` lines."""

    above: tuple[Text, ...]
    below: tuple[Text, ...]
    chart_height: int

    def around(self, chart: Text) -> Text:
        return Text("\n").join([*self.above, *chart.split("\n"), *self.below])


def surroundings(
    width: int,
    height: int,
    *,
    title: list[Text],
    x_label: list[Text],
    legend: list[Text],
    notes: list[Text],
    sign: str,
) -> Layout:
    """Keep the legend, the title, the notes and the label, in this order, where they fit.

    Of the title as much as fits is kept, with ``sign`` for the rest: of charts beside each other
    it alone tells which is which.
    """
    room = height - _LEAST_CHART_LINES
    kept: dict[str, list[Text]] = {}
    wanted = {"legend": legend, "title": title, "notes": notes, "x_label": x_label}
    for name, lines in wanted.items():
        told = first_lines(lines, max(room, 0), width, sign) if name == "title" else lines
        kept[name] = told if len(told) <= room else []
        room -= len(kept[name])
    below = [*kept["x_label"], *kept["legend"], *kept["notes"]]
    chart_height = height - len(kept["title"]) - len(below)
    return Layout(tuple(kept["title"]), tuple(below), chart_height)


def one_line(
    text: str, width: int, style: str = "", *, sign: str, centred: bool = False
) -> list[Text]:
    """Return the text as one line cut with an ellipsis, or nothing for nothing."""
    if not text:
        return []
    line = shortened(text, width, sign)
    return [Text(" " * ((width - cell_len(line)) // 2) + line if centred else line, style)]


def paragraph(text: str, width: int, style: str = "") -> list[Text]:
    """Return the text wrapped between words to lines of at most ``width`` columns."""
    lines: list[str] = []
    for word in text.split():
        for part in chop_cells(word, width) if cell_len(word) > width else [word]:
            if lines and cell_len(lines[-1]) + 1 + cell_len(part) <= width:
                lines[-1] += f" {part}"
            else:
                lines.append(part)
    return [Text(line, style) for line in lines]


def first_lines(lines: Sequence[Text], most: int, width: int, sign: str = "…") -> list[Text]:
    """Return at most so many lines, the last of them with ``sign`` where others were cut."""
    if len(lines) <= most:
        return [*lines]
    *kept, last = [line.copy() for line in lines[: max(most, 0)]] or [Text()]
    return [*kept, truncated(last.append(" " * width), width, sign)] if most > 0 else []


def legend_lines(
    entries: Sequence[tuple[str, SeriesStyle]],
    width: int,
    most: int,
    *,
    ascii_only: bool,
    sign: str,
) -> list[Text]:
    """Return "mark name" of every series, in at most ``most`` lines; the rest is counted.

    With ``ascii_only`` marks are letters; ``sign`` stands for what is cut of a name.
    """
    lines: list[list[Text]] = []
    for name, style in entries:
        entry = Text.assemble(
            (style.mark(ascii_only), style.color), " ", shortened(name, width - 2, sign)
        )
        if lines and _length([*lines[-1], entry]) <= width:
            lines[-1].append(entry)
        else:
            lines.append([entry])
    shown = lines[:most]
    left_out = sum(map(len, lines[most:]))
    while left_out and shown[-1]:
        more = Text(f"+{left_out} more", "dim")
        if _length([*shown[-1], more]) <= width:
            shown[-1].append(more)
            break
        shown[-1].pop()
        left_out += 1
    return [Text(_GAP).join(line) for line in shown if line]


def _length(entries: Sequence[Text]) -> int:
    return sum(entry.cell_len for entry in entries) + len(_GAP) * (len(entries) - 1)


def end_of(text: str, width: int, sign: str = "") -> str:
    """Return the text in at most ``width`` columns, the front cut off: ends tell layers apart.

    ``sign`` stands for what was cut; by default "..." before ASCII, else "…".
    """
    if cell_len(text) <= width:
        return text
    sign = sign or ("..." if text.isascii() else "…")
    kept = set_cell_size(text[::-1], max(width - len(sign), 0))[::-1]
    return sign[: max(width, 0)] + kept.lstrip()


def truncated(text: Text, width: int, sign: str = "…") -> Text:
    """Return styled text in at most ``width`` columns, ``sign`` for what was cut: once, also where
    it is cut behind another one."""
    if text.cell_len <= width:
        return text
    kept = text.copy()
    kept.truncate(max(width - len(sign), 0))
    kept.rstrip()
    while sign and kept.plain.endswith(sign[0]):
        kept.right_crop(1)
    return kept.append(sign[: max(width, 0)])


def shortened(text: str, width: int, sign: str = "") -> str:
    """Return the text in at most ``width`` columns, with an ellipsis where it was cut.

    ``sign`` is the ellipsis; by default "..." after ASCII, else "…".
    """
    if cell_len(text) <= width:
        return text
    sign = sign or ("..." if text.isascii() else "…")
    return set_cell_size(text, max(width - len(sign), 0)).rstrip() + sign[: max(width, 0)]
