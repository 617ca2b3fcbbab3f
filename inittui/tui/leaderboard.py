"""How the contestants stand, as lines of a table that fits its width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from inittui.results.comparison import measure, percent
from inittui.results.curves import ACCURACIES, curve_of, value_at
from inittui.results.layer_marks import LayerMarks, Mark, latest_marks
from inittui.results.learning import judge
from inittui.results.summary import (
    accuracy_of,
    first_loss_of,
    first_steps,
    furthest,
    is_sound,
    sound,
)
from inittui.results.trial_state import share_done
from inittui.tui.chart_options import ChartOptions, Contestant, Sort
from inittui.tui.status_styles import StatusStyle
from inittui.views.columns import Column, fit, heading, line, where_they_differ
from inittui.views.frame import legible
from inittui.views.layer_strip import sparkline, strip
from inittui.views.statuses import most_telling, said_in
from inittui.views.wording import mean_loss

_PLAIN = StatusStyle()
_BAR = 12
_STATUS = 11
_LEAST_NAME, _MOST_NAME = 10, 80
_SPARK = 15
_MOST_CELLS = 16
_FIRST = " 1st"
"""Stands behind the best one's name."""


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
    sort = chosen_sort(contestants, options.sort)

    def titled(title: str, of: Sort) -> str:
        return f"{title}{'v' if ascii_only else '▾'}" if sort == of else title

    longest = max((cell_len(c.label) for c in contestants), default=0) + 2 + len(_FIRST)
    name, *others = fit(
        [
            Column(
                titled("contestant", "listed"),
                lambda c: c.label,
                least=max(width // 3, _LEAST_NAME),
                width=min(max(longest, len("contestant▾")), _MOST_NAME),
            ),
            *_columns(contestants, options, step, ascii_only, look, titled),
        ],
        contestants,
        width,
    )
    if cell_len(name.title) > name.width:  # the mark is what there is no room for
        name = replace(name, title="contestant")
    sign = "..." if ascii_only else "…"
    best = best_of(contestants)
    labels = [legible(c.label, ascii_only, 200) for c in contestants]
    room = max(name.width - len("● "), 1)
    told = where_they_differ(labels, room, sign)
    beside_first = where_they_differ(labels, max(room - len(_FIRST), 1), sign)
    lines = [heading([name, *others], sign)]
    for place, contestant in enumerate(contestants):
        is_best = best is not None and contestant.key == best.key
        label, behind = (beside_first[place], _FIRST) if is_best else (told[place], "")
        first = _name(contestant, options, label, ascii_only, behind)
        cells = [first, *(column.cell(contestant) for column in others)]
        drawn = line([name, *others], cells, sign)
        if contestant.key in options.hidden:
            drawn.stylize("dim")
        lines.append(drawn)
    return lines


def _columns(
    contestants: Sequence[Contestant],
    options: ChartOptions,
    step: int | None,
    ascii_only: bool,
    look: StatusStyle,
    titled: Callable[[str, Sort], str],
) -> list[Column[Contestant]]:
    training = any(c.run.is_live for c in contestants)
    several = any(len(c.trials) > 1 for c in contestants)
    columns: list[Column[Contestant]] = []
    if step is not None:

        def at_cursor(contestant: Contestant) -> str:
            found = measure([value_at(contestant.trials, options.metric, step)])
            return (percent if options.metric in ACCURACIES else mean_loss)(found)

        columns.append(_number(f"at {step}", max(9, len(f"at {step}")), at_cursor, 1))
    if training:
        columns.append(Column("progress", lambda c: _progress(c, ascii_only), 7, width=_BAR + 5))
    if any(len(t.epochs) > 1 for c in contestants for t in c.trials):
        columns.append(Column("accuracy so far", lambda c: _spark(c, ascii_only), 9, width=15))
    columns += _of_layers(contestants, ascii_only, look)
    columns.append(_number(titled("loss", "loss"), 9, _last_loss, 4))
    if not training:
        first = _first_title(contestants)
        columns.append(_number(first, max(9, len(first)), _first_loss, 11))
        columns.append(_number("time", 7, _seconds, 12))
    accuracy = titled("accuracy", "accuracy")
    width = 16 if several else len(accuracy)
    columns.append(_number(accuracy, width, lambda c: _accuracy(c, ascii_only), 3))
    columns.append(Column("status", lambda c: _status(c, options, look), 2, width=_STATUS))
    return columns


def _of_layers(
    contestants: Sequence[Contestant], ascii_only: bool, look: StatusStyle
) -> list[Column[Contestant]]:
    """Return a strip for each quantity that was measured inside, one cell a layer."""
    marks = {c.key: latest_marks(c.trials) for c in contestants}
    styles: dict[Mark, Style] = {"good": look.good, "warn": look.warn, "bad": look.bad}
    quantities: dict[str, Callable[[LayerMarks], Mark]] = {
        "signal": lambda x: x.signal,
        "gradient": lambda x: x.gradient,
        "flat": lambda x: x.flat,
        "alike": lambda x: x.alike,
    }
    ranks = {"signal": 6, "gradient": 5, "flat": 8, "alike": 10}
    if not any(marks.values()):
        return []

    def column(name: str, of: Callable[[LayerMarks], Mark]) -> Column[Contestant]:
        def cell(contestant: Contestant) -> Text:
            found = [of(each) for each in marks[contestant.key]]
            return strip(found, _MOST_CELLS, styles, ascii_only=ascii_only)

        return Column(name, cell, ranks[name])

    return [column(name, of) for name, of in quantities.items()]


def _spark(contestant: Contestant, ascii_only: bool) -> Text:
    curve = curve_of(contestant.trials, "val_accuracy")
    line = sparkline(curve.mean.tolist(), _SPARK, ascii_only=ascii_only)
    return Text(line, contestant.style.color)


def best_of(contestants: Sequence[Contestant]) -> Contestant | None:
    """Return the one with the highest mean accuracy so far, if one is alone with it.

    What diverged under every seed is it only where all did, as in the run's table. None where all
    have ended and that accuracy is said to be no learning: nobody is the first of those that learn
    nothing.
    """
    compared = [c for c in contestants if any(map(is_sound, c.trials))] or contestants
    known = {c.key: m.mean for c in compared if (m := accuracy_of(c.trials)) is not None}
    top = max(known.values(), default=0.0)
    first = [c for c in contestants if known.get(c.key) == top]
    if len(known) < 2 or len(first) > 1:
        return None
    return None if _learns_nothing(first[0], contestants) else first[0]


def _learns_nothing(best: Contestant, contestants: Sequence[Contestant]) -> bool:
    if any(each.run.is_live for each in contestants):
        return False  # it may learn yet
    found = judge(best.run.state, best.trials)
    if found is None:
        return False
    return found.guesses or (found.verdict == "loss explodes" and not found.improves)


def chosen_sort(contestants: Sequence[Contestant], sort: Sort) -> Sort:
    """Return the order that is meant: by itself the best leads when all have ended."""
    if sort != "auto":
        return sort
    return "listed" if any(c.run.is_live for c in contestants) else "accuracy"


def ordered(contestants: Sequence[Contestant], sort: Sort) -> list[Contestant]:
    """Return the contestants in the order of the table; what isn't known comes last."""
    sort = chosen_sort(contestants, sort)
    if sort == "listed":
        return list(contestants)

    def rank(contestant: Contestant) -> float:
        if sort == "loss":
            found = measure(t.losses[-1] if t.losses else None for t in contestant.trials)
            return found.mean if found and math.isfinite(found.mean) else math.inf
        found = accuracy_of(contestant.trials)
        return -found.mean if found else math.inf

    return sorted(contestants, key=rank)


def _number(
    title: str, width: int, cell: Callable[[Contestant], str], rank: int
) -> Column[Contestant]:
    return Column(title, cell, rank, width=width, right=True)


def _name(
    contestant: Contestant, options: ChartOptions, label: str, ascii_only: bool, behind: str
) -> Text:
    style = "bold" if contestant.key == options.highlighted else ""
    mark = contestant.style.mark(ascii_only)
    return Text.assemble((mark, contestant.style.color), " ", (label, style), (behind, "bold"))


def _progress(contestant: Contestant, ascii_only: bool) -> Text:
    share = share_done(contestant.trials, contestant.run.state.total_steps)
    full, empty = ("#", ".") if ascii_only else ("━", "─")
    cells = int(share * _BAR)
    return Text.assemble(
        (full * cells, contestant.style.color), (empty * (_BAR - cells), "dim"), f" {share:4.0%}"
    )


def _last_loss(contestant: Contestant) -> str:
    counted = sound if contestant.run.is_live else furthest
    return mean_loss(
        measure(
            trial.train_loss
            if trial.status == "finished"
            else (trial.losses[-1] if trial.losses else None)
            for trial in counted(contestant.trials)
        )
    )


def _first_title(contestants: Sequence[Contestant]) -> str:
    """Say over how many steps the first loss goes, where that is the same in all runs."""
    counts = {first_steps(contestant.run.state) for contestant in contestants}
    return f"first {counts.pop()}" if len(counts) == 1 else "first loss"


def _first_loss(contestant: Contestant) -> str:
    return mean_loss(first_loss_of(contestant.trials, first_steps(contestant.run.state)))


def _seconds(contestant: Contestant) -> str:
    return f"{math.fsum(t.seconds for t in contestant.trials):.1f} s"


def _accuracy(contestant: Contestant, ascii_only: bool) -> str:
    return legible(percent(accuracy_of(contestant.trials)), ascii_only)


def _status(contestant: Contestant, options: ChartOptions, look: StatusStyle) -> Text:
    status: str
    status, said = most_telling(trial.status for trial in contestant.trials)
    if not contestant.trials and not contestant.run.is_live:
        status = said = contestant.run.status  # it has ended before there were any
    said = said.replace(status, said_in(contestant.run.state, status))
    hidden = contestant.key in options.hidden
    return Text(f"{'hidden' if hidden else said:<{_STATUS}}", look.of_status(status))
