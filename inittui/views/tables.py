"""Tables of a run: the contestants sorted by accuracy, and what can be told of differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from inittui.events.wire_numbers import to_wire
from inittui.results.comparison import Difference, Measure
from inittui.results.state import RunState
from inittui.results.summary import SchemeSummary, first_steps
from inittui.views.chart.layout import paragraph
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.frame import Frame

_GAP = 2
_EVALUATED = {"validation": "val.", "test": "test"}
_NARROWEST_NAME = 10
"""Columns for names from which on there is room for another column."""

_LEAST_NAME = 4
"""Columns for names beside a column that takes all the rest."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the one of the highest rank is left out first where room is short."""

    title: str
    cells: Sequence[str]
    rank: int = 0

    @property
    def width(self) -> int:
        """Columns that its widest cell takes."""
        return max(map(cell_len, [*self.title.split("\n"), *self.cells]))


def scheme_table(state: RunState, summaries: Sequence[SchemeSummary], frame: Frame) -> Table:
    """Return one row per scheme, best first, in the frame's width; names wrap, nothing is cut."""
    styles = styles_for(state.schemes)
    names = [_name(one.scheme, styles[one.scheme], frame) for one in summaries]
    evaluated = f"{_EVALUATED[state.evaluated_on]}\nloss"
    columns = [
        Column("accuracy", [frame.say(_percent(s.val_accuracy)) for s in summaries]),
        Column("train\nloss", [_loss(s.train_loss, frame) for s in summaries], 2),
        Column(evaluated, [_loss(s.val_loss, frame) for s in summaries], 4),
        Column(
            f"first {first_steps(state)}\nloss", [_loss(s.first_loss, frame) for s in summaries], 3
        ),
        Column("seconds", [_seconds(s) for s in summaries], 5),
        Column("status", [_status(s) for s in summaries], 1),
    ]
    if any(s.rank is not None for s in summaries):
        ranks = ["-" if s.rank is None else str(s.rank) for s in summaries]
        columns.insert(0, Column("rank", ranks))
    return _table("scheme", names, columns, frame)


def difference_tables(
    state: RunState, summaries: Sequence[SchemeSummary], frame: Frame
) -> list[Table]:
    """Return the paired differences to the best: in one table, or in two where room is short."""
    accuracy = {s.scheme: d for s in summaries if (d := s.accuracy_difference)}
    first = {s.scheme: d for s in summaries if (d := s.first_difference)}
    rows = [s for s in summaries if s.scheme in accuracy or s.scheme in first]
    styles = styles_for(state.schemes)
    names = [_name(one.scheme, styles[one.scheme], frame) for one in rows]
    head = "paired, 95 %"
    columns = []
    for title, found, scale, form in (
        ("accuracy, points", accuracy, 100, "+.2f"),
        (f"first {first_steps(state)} loss", first, 1, "+.3g"),
    ):
        if found:
            best = next(iter(found.values())).to
            cells = [_interval(s.scheme, best, found, scale, form, frame) for s in rows]
            columns.append(Column(f"{title}\nto {frame.say(best, 24)}", cells))
    if _fits(head, names, columns, frame):
        return [_table(head, names, columns, frame)] if columns else []
    return [_table(head, names, [column], frame) for column in columns]


def _table(head: str, names: Sequence[Text], columns: list[Column], frame: Frame) -> Table:
    name_width = max([cell_len(head), *(name.cell_len for name in names)])
    left_out = []
    while len(columns) > 1 and not _fits(head, names, columns, frame):
        left_out.append(max(columns, key=lambda column: column.rank))
        columns.remove(left_out[-1])
    widest = frame.columns - _GAP - _LEAST_NAME
    room = max(frame.columns - _total(0, columns), _LEAST_NAME)
    table = Table(
        box=box.ASCII2 if frame.ascii_only else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP - 1, 0, 0),
        caption=_no_room_for(left_out, frame),
        caption_justify="left",
    )
    table.add_column(head, width=min(name_width, room), overflow="fold")
    for column in columns:
        table.add_column(
            column.title, justify="right", width=min(column.width, widest), overflow="fold"
        )
    for row, name in enumerate(names):
        table.add_row(name, *(column.cells[row] for column in columns))
    return table


def _no_room_for(columns: Sequence[Column], frame: Frame) -> Text | None:
    titles = [column.title.replace("\n", " ") for column in columns]
    lines = paragraph(f"no room for: {', '.join(titles)}", frame.columns)
    return Text("\n").join(lines) if titles else None


def _fits(head: str, names: Sequence[Text], columns: Sequence[Column], frame: Frame) -> bool:
    """Whether a table fits with names of at least `_NARROWEST_NAME` columns, or whole ones."""
    name_width = max([cell_len(head), *(name.cell_len for name in names)])
    return _total(min(name_width, _NARROWEST_NAME), columns) <= frame.columns


def _total(name: int, columns: Sequence[Column]) -> int:
    """Return the columns that a table takes: its cells and the gaps between them."""
    return name + sum(column.width + _GAP for column in columns)


def _name(scheme: str, style: SeriesStyle, frame: Frame) -> Text:
    mark = style.mark(frame.ascii_only or frame.marker == "ascii")
    return Text.assemble((mark, style.color), " ", frame.say(scheme, 300))


def _percent(measure: Measure | None) -> str:
    if measure is None:
        return "-"
    spread = f" ± {100 * measure.std:.2f}" if measure.std is not None else ""
    return f"{100 * measure.mean:.2f}{spread} %"


def number(value: float) -> str:
    """Return a loss in few characters: 0.3646, 12.35, 4.04e+03, NaN."""
    if not math.isfinite(value):
        return str(to_wire(value))
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.2e}"


def _loss(measure: Measure | None, frame: Frame) -> str:
    return "-" if measure is None else number(measure.mean)


def _seconds(summary: SchemeSummary) -> str:
    return f"{sum(trial.seconds for trial in summary.trials):.1f}"


def _status(summary: SchemeSummary) -> str:
    """Return the status that all trials share, or how many have which."""
    statuses = [trial.status for trial in summary.trials]
    counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
    if len(counts) == 1:
        return statuses[0]
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def _interval(
    scheme: str,
    best: str,
    differences: Mapping[str, Difference],
    scale: float,
    form: str,
    frame: Frame,
) -> str:
    if scheme not in differences:
        return "best" if scheme == best else "-"
    found = differences[scheme]
    mean, low, high = (format(scale * value, form) for value in (found.mean, found.low, found.high))
    return frame.say(f"{mean} [{low}, {high}]".replace("-", "−"))
