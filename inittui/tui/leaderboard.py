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
from inittui.results.summary import (
    accuracy_of,
    clear_winner,
    first_loss_of,
    first_steps,
    furthest,
    is_sound,
    sound,
)
from inittui.results.trial_state import share_done
from inittui.tui.chart_options import ChartOptions, Contestant, Sort
from inittui.tui.open_run import OpenRun
from inittui.tui.status_styles import StatusStyle
from inittui.views.columns import Column, fit, heading, line, sorted_by, where_they_differ
from inittui.views.frame import ellipsis_for, legible
from inittui.views.layer_strip import sparkline, strip
from inittui.views.statuses import most_telling, said_in
from inittui.views.wording import mean_loss

_PLAIN = StatusStyle()
_BAR = 12
_STATUS = 11
_LEAST_NAME, _MOST_NAME = 10, 80
_SPARK = 15
_MOST_CELLS = 16
_FIRST, _TOP = " 1st", " top"
"""Behind the name of the best, where it is beyond doubt which that is; else of the highest."""


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
        return sorted_by(title, ascii_only) if sort == of else title

    longest = max((cell_len(c.label) for c in contestants), default=0) + 2 + len(_FIRST)
    name, *others = fit(
        [
            Column(
                titled("contestant", "listed"),
                lambda c: c.label,
                least=max(width // 3, _LEAST_NAME),
                width=min(max(longest, len(sorted_by("contestant", ascii_only))), _MOST_NAME),
            ),
            *_columns(contestants, options, step, ascii_only, look, titled),
        ],
        contestants,
        width,
    )
    if cell_len(name.title) > name.width:  # the mark is what there is no room for
        name = replace(name, title="contestant")
    sign = ellipsis_for(ascii_only)
    leader, behind = _leader(contestants)
    labels = [legible(c.label, ascii_only, 200) for c in contestants]
    room = max(name.width - len("● "), 1)
    told = where_they_differ(labels, room, sign)
    beside_mark = where_they_differ(labels, max(room - len(_FIRST), 1), sign)
    lines = [heading([name, *others], sign)]
    for place, contestant in enumerate(contestants):
        leads = contestant is leader
        label = (beside_mark if leads else told)[place]
        first = _name(contestant, options, label, ascii_only, behind if leads else "")
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
    """Return the best of a run that has ended, where it is beyond doubt which that is.

    Nobody is said to be the first while any may still change places, nor of several runs: these
    aren't compared seed by seed.
    """
    run = _only_run(contestants)
    best = None if run is None or run.is_live else clear_winner(run.summaries)
    return next((c for c in contestants if best is not None and c.scheme == best.scheme), None)


def highest_of(contestants: Sequence[Contestant]) -> Contestant | None:
    """Return the one with the highest mean accuracy so far, of those that haven't diverged.

    None where it isn't alone with that, or has ended and is said to have learnt nothing.
    """
    compared = [c for c in contestants if any(map(is_sound, c.trials))]
    known = [(m.mean, c) for c in compared if (m := accuracy_of(c.trials)) is not None]
    most = max((mean for mean, _ in known), default=0.0)
    found = [c for mean, c in known if mean == most]
    is_one = len(known) > 1 and len(found) == 1
    return found[0] if is_one and not _learned_nothing(found[0]) else None


def _learned_nothing(contestant: Contestant) -> bool:
    if contestant.run.is_live:
        return False  # it may learn yet
    summaries = {one.scheme: one for one in contestant.run.summaries}
    said = summaries[contestant.scheme].learning if contestant.scheme in summaries else None
    return said is not None and not said.improves


def _leader(contestants: Sequence[Contestant]) -> tuple[Contestant | None, str]:
    best = best_of(contestants)
    return (highest_of(contestants), _TOP) if best is None else (best, _FIRST)


def _only_run(contestants: Sequence[Contestant]) -> OpenRun | None:
    runs = {contestant.run.id: contestant.run for contestant in contestants}
    return next(iter(runs.values())) if len(runs) == 1 else None


def chosen_sort(contestants: Sequence[Contestant], sort: Sort) -> Sort:
    """Return the order that is meant: by itself the best leads when all have ended."""
    if sort != "auto":
        return sort
    return "listed" if any(c.run.is_live for c in contestants) else "accuracy"


def ordered(contestants: Sequence[Contestant], sort: Sort) -> list[Contestant]:
    """Return the contestants in the order of the table; what isn't known comes last.

    By accuracy those of one run that has ended come as in its report: what diverged or was
    interrupted early stands below the others, however high it was then.
    """
    sort = chosen_sort(contestants, sort)
    if sort == "listed":
        return list(contestants)
    run = _only_run(contestants)
    if sort == "accuracy" and run is not None and not run.is_live:
        place = {one.scheme: place for place, one in enumerate(run.summaries)}
        return sorted(contestants, key=lambda c: place.get(c.scheme, len(place)))

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
