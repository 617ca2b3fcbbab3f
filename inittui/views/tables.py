"""Tables of a run: the contestants sorted by accuracy, and what can be told of differences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from inittui.results.comparison import Difference, percent
from inittui.results.state import RunState
from inittui.results.summary import SchemeSummary, first_steps
from inittui.text import in_points, number_of
from inittui.views.chart.layout import paragraph
from inittui.views.chart.palette import styles_for
from inittui.views.columns import GAP, LEAST_NAME, Column, fit, left_out
from inittui.views.frame import Frame
from inittui.views.statuses import counted, said_in
from inittui.views.wording import mean_loss, times

MOST_ROWS = 500
"""Schemes that are listed, those of the highest means."""

_EVALUATED = {"validation": "val.", "test": "test"}
_NARROWEST_NAME = 24
"""Columns for names from which on there is room for another column."""

_SAYS_NOTHING = 10
"""Added to the rank of a column that says the same in every row: it is left out first."""

_PLACES = re.compile(r"(?<=[:,/@ ])|(?<=\w=)")
"""Where a name can be broken: never within a number or a word."""


def run_tables(
    state: RunState, summaries: Sequence[SchemeSummary], frame: Frame
) -> list[RenderableType]:
    shown = summaries[:MOST_ROWS]
    parts: list[RenderableType] = [scheme_table(state, shown, frame)]
    if len(summaries) > MOST_ROWS:
        count = len(summaries) - MOST_ROWS
        more = f"and {number_of(count, 'more scheme')}: --csv and --json have them"
        parts += paragraph(frame.say(more), frame.columns, "dim")
    parts.append(Text())
    for table in difference_tables(state, shown, frame):
        parts += [table, Text()]
    return parts


def scheme_table(state: RunState, summaries: Sequence[SchemeSummary], frame: Frame) -> Table:
    """Return one row per scheme, the highest mean first; names wrap, nothing is cut."""
    columns: list[Column[SchemeSummary]] = [
        _names("scheme", state, frame),
        Column("accuracy", lambda s: frame.say(percent(s.val_accuracy))),
        Column("train\nloss", lambda s: mean_loss(s.train_loss), 3),
        Column(f"{_EVALUATED[state.evaluated_on]}\nloss", lambda s: mean_loss(s.val_loss), 5),
        Column(f"first {first_steps(state)}\nloss", lambda s: mean_loss(s.first_loss), 4),
        Column("seconds", lambda s: f"{sum(trial.seconds for trial in s.trials):.1f}", 6),
        Column("status", lambda s: counted(said_in(state, t.status) for t in s.trials), 2),
    ]
    if any(s.rank is not None for s in summaries):
        columns.insert(1, Column("rank", lambda s: "-" if s.rank is None else str(s.rank), 1))
    return _table(columns, summaries, frame)


def difference_tables(
    state: RunState, summaries: Sequence[SchemeSummary], frame: Frame
) -> list[Table]:
    """Return the paired differences to the best mean; in two tables where room is short."""
    accuracy = {s.scheme: d for s in summaries if (d := s.accuracy_difference)}
    first = {s.scheme: d for s in summaries if (d := s.first_difference)}
    rows = [s for s in summaries if s.scheme in accuracy or s.scheme in first]
    if not rows:
        return []
    names = _names("paired, 95 %", state, frame)
    columns = [
        _differences(title, found, end, said, frame)
        for title, found, end, said in (
            ("accuracy, points", accuracy, "highest", lambda value: in_points(value, "+")),
            (f"first {first_steps(state)} loss, times", first, "lowest", times),
        )
        if found
    ]
    together = len(fit([names, *columns], rows, frame.columns)) > len(columns)
    tables = [columns] if together else [[replace(column, rank=0)] for column in columns]
    return [_table([names, *each], rows, frame) for each in tables if each]


def _table(
    columns: Sequence[Column[SchemeSummary]], rows: Sequence[SchemeSummary], frame: Frame
) -> Table:
    """Draw the columns that fit; the last one that is left may be as wide as it must."""
    ranked = [replace(one, rank=one.rank + _idle(one, rows)) for one in columns]
    shown = fit(ranked, rows, frame.columns)
    widths = [min(column.width, frame.columns - GAP - LEAST_NAME) for column in shown]
    table_width = sum(widths) + GAP * (len(widths) - 1)  # rich would wrap what is wider once more
    table = Table(
        box=box.ASCII2 if frame.ascii_only else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        caption=left_out(ranked, shown, table_width),
        caption_justify="left",
    )
    for column, width in zip(shown, widths, strict=True):
        justify: JustifyMethod = "left" if column is shown[0] else "right"
        table.add_column(column.title, justify=justify, width=width, overflow="fold")
    names = shown[0]
    for row in rows:
        name = _broken(names.cell(row), widths[0])
        table.add_row(name, *(column.cell(row) for column in shown[1:]))
    return table


def _idle(column: Column[SchemeSummary], rows: Sequence[SchemeSummary]) -> int:
    says_nothing = len(rows) > 1 and len({str(column.cell(row)) for row in rows}) == 1
    return _SAYS_NOTHING if column.rank and says_nothing else 0


def _broken(name: str | Text, width: int) -> Text:
    """Return a mark and a name in lines of a width: broken where its parts meet, not in numbers.

    Only a part that is wider than a line by itself is broken anywhere.
    """
    text = Text(name) if isinstance(name, str) else name
    plain, room = text.plain[_INDENT:], max(width - _INDENT, 1)
    if cell_len(text.plain) <= width:
        return text
    lines = [""]
    for part in _PLACES.split(plain):
        for piece in [part] if cell_len(part) <= room else chop_cells(part, room):
            if lines[-1] and cell_len(lines[-1] + piece) > room:
                lines.append("")
            lines[-1] += piece
    head = text[:_INDENT]
    return Text.assemble(head, f"\n{' ' * _INDENT}".join(lines))


_INDENT = 2
"""The mark before a name, and a space."""


def _names(head: str, state: RunState, frame: Frame) -> Column[SchemeSummary]:
    styles = styles_for(state.schemes)

    def name(summary: SchemeSummary) -> Text:
        style = styles[summary.scheme]
        mark = style.mark(frame.ascii_only or frame.marker == "ascii")
        return Text.assemble((mark, style.color), " ", frame.say(summary.scheme, 300))

    return Column(head, name, least=_NARROWEST_NAME)


def _differences(
    title: str,
    found: Mapping[str, Difference],
    end: str,
    said: Callable[[float], str],
    frame: Frame,
) -> Column[SchemeSummary]:
    """Return differences to one of the means, that at the ``end`` which is better."""
    best = next(iter(found.values())).to

    def interval(summary: SchemeSummary) -> str:
        difference = found.get(summary.scheme)
        if difference is None:
            return end if summary.scheme == best else "-"
        mean, low, high = (
            said(value) for value in (difference.mean, difference.joint_low, difference.joint_high)
        )
        return frame.say(f"{mean} [{low}, {high}]".replace("-", "−"))

    return Column(f"{title}\nto {frame.say(best, 24)}", interval, 1)
