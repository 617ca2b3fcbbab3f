"""How the contestants stand, as lines of a table that fits its width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from inittui.events.records import TrialStatus
from inittui.results.comparison import Measure, measure
from inittui.results.curves import value_at
from inittui.results.state import FIRST_STEPS
from inittui.results.summary import accuracy_of, first_loss_of, first_steps, furthest, sound
from inittui.tui.chart_options import ChartOptions, Contestant
from inittui.tui.progress import share_done
from inittui.tui.status_styles import StatusStyle
from inittui.views.chart.layout import shortened
from inittui.views.frame import legible

_PLAIN = StatusStyle()
_GAP = 2
_BAR = 12
_LEAST_NAME, _MOST_NAME = 10, 44

_ORDER: tuple[TrialStatus, ...] = (
    "running",
    "failed",
    "interrupted",
    "diverged",
    "waiting",
    "finished",
)
"""Of a contestant's trials the one of the first of these is what is told of it."""


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    width: int
    cell: Callable[[Contestant], Text]
    priority: int
    """Columns with the highest number go first where it is narrow."""
    right: bool = True


def standings(
    contestants: Sequence[Contestant],
    options: ChartOptions,
    width: int,
    *,
    step: int | None = None,
    ascii_only: bool = False,
    look: StatusStyle = _PLAIN,
) -> list[Text]:
    """Return a heading and a line per contestant, none wider than ``width``.

    ``step`` is where the chart's cursor is: then a column gives the value there.
    """
    columns = _columns(contestants, options, step, ascii_only, look)
    longest = max((cell_len(c.label) for c in contestants), default=0) + 2
    least = max(min(longest, _MOST_NAME, max(width // 3, _LEAST_NAME)), len("contestant"))
    while columns and least + sum(c.width + _GAP for c in columns) > width:
        columns.remove(max(columns, key=lambda column: column.priority))
    room = width - sum(c.width + _GAP for c in columns)
    name_width = max(min(longest, room, _MOST_NAME), min(len("contestant"), width))
    head = _padded(Text("contestant"), name_width, False)
    for column in columns:
        head += Text(" " * _GAP) + _padded(Text(column.head), column.width, column.right)
    lines = [head]
    for contestant in contestants:
        line = _padded(_name(contestant, options, name_width, ascii_only), name_width, False)
        for column in columns:
            cell = _padded(column.cell(contestant), column.width, column.right)
            line += Text(" " * _GAP) + cell
        if contestant.key in options.hidden:
            line.stylize("dim")
        lines.append(line)
    return lines


def _columns(
    contestants: Sequence[Contestant],
    options: ChartOptions,
    step: int | None,
    ascii_only: bool,
    look: StatusStyle,
) -> list[_Column]:
    """Return the columns from left to right."""
    training = any(c.run.is_live for c in contestants)
    several = any(len(c.trials) > 1 for c in contestants)
    columns: list[_Column] = []
    if step is not None:

        def at_cursor(contestant: Contestant) -> Text:
            found = measure([value_at(contestant.trials, options.metric, step)])
            return Text((percent if options.metric == "val_accuracy" else loss_text)(found))

        columns.append(_Column(f"at {step}", max(9, len(f"at {step}")), at_cursor, 1))
    if training:
        columns.append(
            _Column("progress", _BAR + 5, lambda c: _progress(c, ascii_only), 4, right=False)
        )
    columns.append(_Column("loss", 9, _last_loss, 3))
    if not training:
        columns.append(_Column(f"first {FIRST_STEPS}", 9, _first_loss, 5))
        columns.append(_Column("time", 7, _seconds, 6))
    accuracy_width = 16 if several else 8
    columns.append(_Column("accuracy", accuracy_width, lambda c: _accuracy(c, ascii_only), 2))
    columns.append(_Column("status", 11, lambda c: _status(c, options, look), 2, right=False))
    return columns


def _padded(text: Text, width: int, right: bool) -> Text:
    if text.cell_len > width:
        text = text.copy()
        text.truncate(width, overflow="ellipsis")
    pad = Text(" " * (width - text.cell_len))
    return pad + text if right else text + pad


def _name(contestant: Contestant, options: ChartOptions, width: int, ascii_only: bool) -> Text:
    label = legible(contestant.label, ascii_only, 200)
    style = "bold" if contestant.key == options.highlighted else ""
    mark = contestant.style.mark(ascii_only)
    return Text.assemble(
        (mark, contestant.style.color), " ", (shortened(label, max(width - 2, 1)), style)
    )


def _progress(contestant: Contestant, ascii_only: bool) -> Text:
    share = share_done(contestant.trials, contestant.run.state.total_steps)
    full, empty = ("#", ".") if ascii_only else ("━", "─")
    cells = int(share * _BAR)
    return Text.assemble(
        (full * cells, contestant.style.color), (empty * (_BAR - cells), "dim"), f" {share:4.0%}"
    )


def _last_loss(contestant: Contestant) -> Text:
    """Return the newest loss while training, then that of the last epoch."""
    counted = sound if contestant.run.is_live else furthest
    return Text(
        loss_text(
            measure(
                trial.train_loss
                if trial.status == "finished"
                else (trial.losses[-1] if trial.losses else None)
                for trial in counted(contestant.trials)
            )
        )
    )


def _first_loss(contestant: Contestant) -> Text:
    steps = first_steps(contestant.run.state)
    return Text(loss_text(first_loss_of(contestant.trials, steps)))


def _seconds(contestant: Contestant) -> Text:
    return Text(f"{math.fsum(t.seconds for t in contestant.trials):.1f} s")


def _accuracy(contestant: Contestant, ascii_only: bool) -> Text:
    return Text(legible(percent(accuracy_of(contestant.trials)), ascii_only))


def _status(contestant: Contestant, options: ChartOptions, look: StatusStyle) -> Text:
    statuses = [trial.status for trial in contestant.trials]
    status: TrialStatus = next((known for known in _ORDER if known in statuses), "waiting")
    count = statuses.count(status)
    text = status if count == len(statuses) else f"{count} {status}"
    if contestant.key in options.hidden:
        text = "hidden"
    return Text(text, look.of_status(status))


def loss_text(measure: Measure | None) -> str:
    """Return a loss in at most 9 characters: 0.3646, 4.04e+03, NaN."""
    from inittui.views.tables import number

    return "-" if measure is None else number(measure.mean)


def percent(measure: Measure | None) -> str:
    """Return an accuracy: 86.31 %, or 86.31 ± 0.27 % over several seeds."""
    if measure is None:
        return "-"
    spread = f" ± {100 * measure.std:.2f}" if measure.std is not None else ""
    return f"{100 * measure.mean:.2f}{spread} %"
