"""Several runs beside each other: settings, versions, results and start values that differ."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from rich.console import Group, RenderableType
from rich.text import Text

from inittui.results.comparison import percent
from inittui.results.run_differences import (
    Contestant,
    Fact,
    Result,
    RunDifferences,
    compare_runs,
    overlaid,
)
from inittui.results.state import RunState
from inittui.results.summary import summarize
from inittui.text import in_ascii, in_points
from inittui.views.chart.layout import paragraph
from inittui.views.columns import Column, fit, heading, left_out, row_line
from inittui.views.curves import loss_curves
from inittui.views.frame import Frame
from inittui.views.tables import scheme_table
from inittui.views.wording import mean_loss

_Row = tuple[Contestant, int, Result]

_NARROWEST = 8
"""Columns of a value that can be cut."""


def runs_overlay(
    names: Sequence[str],
    states: Sequence[RunState],
    frame: Frame,
    *,
    first: int | None = 100,
    log_y: bool | None = None,
) -> RenderableType:
    """Return one chart and one table of several runs; the runs' names stand before the schemes.

    Ranks are left out: who is ranked was compared within one run.
    """
    state = overlaid(names, states)
    rows = [replace(each, rank=None, first_rank=None) for each in summarize(state)]
    chart = [loss_curves(state, frame, first=first, log_y=log_y), Text()]
    return Group(*(chart if any(trial.losses for trial in state.trials) else []),
                 scheme_table(state, rows, frame))  # fmt: skip


def runs_difference(names: Sequence[str], states: Sequence[RunState], frame: Frame) -> Group:
    """Return what differs between runs, the first of them beside each of the others."""
    found = compare_runs(names, states)
    parts: list[Text] = []
    for title, facts in (("setting", found.settings), ("version", found.versions)):
        if facts:
            parts += [_table(title, facts, found.names, frame), Text()]
        else:
            parts += [*paragraph(f"The {title}s are the same.", frame.columns), Text()]
    parts.append(_results(found, frame))
    for said in _sentences(found):
        parts += paragraph(frame.say(said), frame.columns)
    return Group(*parts)


def _mark(frame: Frame) -> str:
    return in_ascii("…", keep_width=True) if frame.ascii_only else "…"


def _table(title: str, facts: Sequence[Fact], names: Sequence[str], frame: Frame) -> Text:
    columns: list[Column[Fact]] = [Column(title, lambda fact: frame.say(fact.name))]
    columns += [
        Column(
            frame.say(name),
            lambda fact, place=number: frame.say(fact.values[place]),  # type: ignore[misc]
            least=_NARROWEST,
            share=1 / (len(names) - number),
        )
        for number, name in enumerate(names)
    ]
    shown = fit(columns, facts, frame.columns)
    head = heading(shown, _mark(frame))
    head.stylize("bold")
    return Text("\n").join([head, *(row_line(shown, fact, _mark(frame)) for fact in facts)])


def _results(found: RunDifferences, frame: Frame) -> Text:
    """Return a line for each contestant in each of the runs."""
    rows = [
        (contestant, number, result)
        for contestant in found.contestants
        for number, result in enumerate(contestant.results)
        if result is not None
    ]
    columns: list[Column[_Row]] = [
        Column("scheme", lambda row: frame.say(row[0].scheme), least=_NARROWEST),
        Column("run", lambda row: frame.say(found.names[row[1]]), least=_NARROWEST, share=0.5),
        Column("accuracy", lambda row: frame.say(percent(row[2].accuracy)), right=True),
        Column("train loss", lambda row: mean_loss(row[2].train_loss), 2, right=True),
        Column("first loss", lambda row: mean_loss(row[2].first_loss), 3, right=True),
        Column("points to the first", lambda row: frame.say(_points(row[2])), 1, right=True),
    ]
    shown = fit(columns, rows, frame.columns)
    head = heading(shown, _mark(frame))
    head.stylize("bold")
    lines = [head, *(row_line(shown, row, _mark(frame)) for row in rows)]
    missing = left_out(columns, shown, frame.columns)
    return Text("\n").join([*lines, *([missing] if missing else [])])


def _points(result: Result) -> str:
    difference = result.difference
    if difference is None:
        return "-"
    ends = (difference.mean, difference.low, difference.high)
    mean, low, high = (in_points(each, "+") for each in ends)
    return f"{mean} [{low}, {high}]"


def _sentences(found: RunDifferences) -> list[str]:
    said = []
    results = [r for c in found.contestants for r in c.results[1:] if r is not None]
    if any(result.difference for result in results):
        said.append(
            "Points: the difference in accuracy to the first run, paired by seed, with its 95 % "
            "interval, each judged alone."
        )
    others = [
        name for name, shares in zip(found.names, found.shares_data, strict=True) if not shares
    ]
    if others:
        said.append(f"Nothing is paired with {'; '.join(others)}: other images than in the first.")
    elif not any(c.results[0] is not None and any(c.results[1:]) for c in found.contestants):
        said.append("Nothing is paired: no scheme of the first run is in another.")
    elif not any(result.difference for result in results):
        said.append(
            "Differences have no intervals: fewer than three seeds have accuracies in both."
        )
    for place, name in enumerate(found.names[1:], 1):
        starts = [
            (contestant.scheme, result.same_start)
            for contestant in found.contestants
            if (result := contestant.results[place]) is not None
            and contestant.results[0] is not None
        ]
        same = [scheme for scheme, is_same in starts if is_same]
        differ = [scheme for scheme, is_same in starts if is_same is False]
        if same:
            said.append(f"{name} starts bitwise as the first run: {', '.join(same)}.")
        if differ:
            said.append(f"{name} starts from other values: {', '.join(differ)}.")
    return said
