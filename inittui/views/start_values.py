"""Who wrote the start values of each parameter of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from inittui.errors import UsageError
from inittui.experiment.models import has_own_start
from inittui.experiment.scheme import parse_syntax
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.results.written import Share, Writer, shares, writer_of
from inittui.text import first_ones
from inittui.views.chart.layout import end_of, paragraph
from inittui.views.columns import Column, fit, heading, row_line
from inittui.views.frame import Frame

_MOST_TABLES = 8
"""Contestants whose parameters are listed; the rest is in the JSON document."""

_MOST_NAMES = 6


def written_tables(state: RunState, frame: Frame) -> list[RenderableType]:
    """Return who wrote what, for each contestant where that isn't plain from its name.

    These are the schemes with layer rules or somebody's own function. A parameter that no
    initializer wrote is told of in any case, and who wrote how much, unless the model is ours and
    the schemes wrote all of it.
    """
    trials = [trials[0] for scheme in state.schemes if (trials := state.of_scheme(scheme))]
    trials = [trial for trial in trials if trial.start]
    parts: list[RenderableType] = []
    writers = {each.by for trial in trials for each in shares(trial.start)}
    if trials and (_has_own_start(state) or writers - {"scheme"}):
        parts += [*_shares(trials, frame), Text()]
    told = [trial for trial in trials if _is_worth_telling(trial)]
    for trial in told[:_MOST_TABLES]:
        parts += [*_table(trial, frame), Text()]
    if len(told) > _MOST_TABLES:
        more = f"who wrote the weights of {len(told) - _MOST_TABLES} more: see --json"
        parts += [*paragraph(frame.say(more), frame.columns, "dim"), Text()]
    for said in _remarks(trials):
        parts += [*paragraph(frame.say(said, 600), frame.columns), Text()]
    return parts


def _has_own_start(state: RunState) -> bool:
    return state.started is not None and has_own_start(state.started.experiment.model.name)


def _shares(trials: Sequence[TrialState], frame: Frame) -> list[RenderableType]:
    """Return, for each scheme, how much of the model each kind of writer wrote."""
    rows = [(trial.scheme, {each.by: each for each in shares(trial.start)}) for trial in trials]
    counts = frame.columns >= _COUNTS_FROM
    title = f"who wrote the start values: share of all values{' (tensors)' if counts else ''}"
    columns: list[Column[_Row]] = [
        Column("", lambda row: frame.say(row[0], 300), least=8, cut=end_of)
    ]
    columns += [
        Column(_HEADINGS[by], partial(_cell, by=by, counts=counts), rank, right=True)
        for by, rank in _RANKS.items()
        if any(by in found for _, found in rows)
    ]
    shown = fit(columns, rows, frame.columns)
    sign = frame.say("…")
    lines = [heading(shown, sign), *(row_line(shown, row, sign) for row in rows)]
    return [*paragraph(frame.say(title), frame.columns, "bold"), Text("\n").join(lines)]


_Row = tuple[str, dict[Writer, Share]]

_COUNTS_FROM = 60
"""Columns from which on there is room for numbers of tensors."""

_HEADINGS = {"scheme": "the scheme", "built": "as built", "frozen": "frozen", "nobody": "nobody"}

_RANKS: dict[Writer, int] = {"scheme": 0, "built": 2, "frozen": 3, "nobody": 1}
"""The writers, with where each is left out for want of room."""


def _cell(row: _Row, *, by: Writer, counts: bool) -> str:
    share = row[1].get(by)
    if share is None:
        return "-"
    if share.share is None:  # an older log doesn't say how many values
        return f"({share.tensors})"
    near = f"{100 * share.share:.1f}"
    if near == "0.0":
        near = "<0.1" if share.values else "0"
    elif near == "100.0" and share.share < 1:
        near = ">99.9"
    return f"{near}% ({share.tensors})" if counts else f"{near}%"


def _remarks(trials: Sequence[TrialState]) -> list[str]:
    """Say, for all schemes that it is so in, what a scheme left or couldn't write."""
    found: dict[str, list[str]] = {}
    for trial in trials:
        by = {values.parameter: writer_of(values.initializer) for values in trial.start}
        nobody = [parameter for parameter, writer in by.items() if writer == "nobody"]
        frozen = [parameter for parameter, writer in by.items() if writer == "frozen"]
        notes = {values.parameter: values.note for values in trial.start if values.note}
        if nobody:
            found.setdefault(f"only the model's own code wrote {_listed(nobody)}", []).append(
                trial.scheme
            )
        if frozen:
            said = f"{_listed(frozen)} {_are(frozen)} frozen and left alone"
            found.setdefault(said, []).append(trial.scheme)
        for note in dict.fromkeys(notes.values()):
            of = [parameter for parameter, each in notes.items() if each == note]
            found.setdefault(f"of {_listed(of)}: {note}", []).append(trial.scheme)
        scheme = trial.plan.scheme if trial.plan is not None else trial.scheme
        if "scheme" not in by.values() and scheme != "built":
            said = "no value was written: the start is the model's own"
            found.setdefault(said, []).append(trial.scheme)
    return [f"In {_listed(schemes)} {said}." for said, schemes in found.items()]


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _is_worth_telling(trial: TrialState) -> bool:
    scheme = trial.plan.scheme if trial.plan is not None else trial.scheme
    return "@" in scheme or any(_is_own(values.initializer) for values in trial.start)


def _is_own(initializer: str | None) -> bool:
    try:
        return initializer is not None and parse_syntax(initializer).weights.is_reference
    except UsageError:  # a module's own default; and a log may say anything
        return False


def _table(trial: TrialState, frame: Frame) -> list[RenderableType]:
    written = [(values.initializer, values.parameter) for values in trial.start]
    return start_table(trial.scheme, written, frame)


def start_table(
    scheme: str, written: Iterable[tuple[str | None, str]], frame: Frame
) -> list[RenderableType]:
    """Return which parameters each initializer wrote; ``written``: (initializer, parameter)."""
    title = paragraph(frame.say(f"start values of {scheme}"), frame.columns, "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for initializer, parameters in _by_initializer(written):
        table.add_row(frame.say(initializer, 300), frame.say(", ".join(parameters), 2_000))
    return [*title, table]


def _by_initializer(written: Iterable[tuple[str | None, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for initializer, parameter in written:
        found.setdefault(initializer or "nobody", []).append(parameter)
    return list(found.items())


def _listed(names: Sequence[str]) -> str:
    return first_ones(names, _MOST_NAMES)
