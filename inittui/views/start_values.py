"""Who wrote the start values of each parameter of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from inittui.errors import UsageError
from inittui.experiment.scheme import parse_syntax
from inittui.results.state import RunState, TrialState
from inittui.views.chart.layout import paragraph
from inittui.views.frame import Frame

_MOST_TABLES = 8
"""Contestants whose parameters are listed; the rest is in the JSON document."""

_MOST_NAMES = 6


def written_tables(state: RunState, frame: Frame) -> list[RenderableType]:
    """Return who wrote what, for each contestant where that isn't plain from its name.

    These are the schemes with layer rules or somebody's own function. A parameter that no
    initializer wrote is told of in any case.
    """
    trials = [trials[0] for scheme in state.schemes if (trials := state.of_scheme(scheme))]
    told = [trial for trial in trials if trial.start and _is_worth_telling(trial)]
    parts: list[RenderableType] = []
    for trial in told[:_MOST_TABLES]:
        parts += [*_table(trial, frame), Text()]
    if len(told) > _MOST_TABLES:
        more = f"who wrote the weights of {len(told) - _MOST_TABLES} more: see --json"
        parts += [*paragraph(frame.say(more), frame.columns, "dim"), Text()]
    for trial in trials:
        nobody = [values.parameter for values in trial.start if values.initializer is None]
        if nobody:
            said = f"In {trial.scheme} no initializer wrote {_listed(nobody)}."
            parts += [*paragraph(frame.say(said), frame.columns), Text()]
    return parts


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
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
