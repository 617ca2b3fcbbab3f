"""Who wrote the start values of each parameter of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from inittui.errors import UsageError
from inittui.events.records import StartValues
from inittui.experiment.models import has_own_start
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
    initializer wrote is told of in any case, and for somebody's own model who wrote how much of it.
    """
    trials = [trials[0] for scheme in state.schemes if (trials := state.of_scheme(scheme))]
    trials = [trial for trial in trials if trial.start]
    parts: list[RenderableType] = []
    if trials and _has_own_start(state):
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
    kinds = ("the scheme", "as built", "frozen", "nobody")
    counted = [(trial.scheme, _by_kind(trial.start)) for trial in trials]
    shown = [kind for kind in kinds if any(kind in found for _, found in counted)]
    title = "who wrote the start values: share of all values (tensors)"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    for kind in shown:
        table.add_column(frame.say(kind), justify="right", no_wrap=True)
    for scheme, found in counted:
        total = sum(values for values, _ in found.values())
        cells = [_share(*found.get(kind, (0, 0)), total) for kind in shown]
        table.add_row(frame.say(scheme, 300), *(frame.say(cell) for cell in cells))
    return [*paragraph(frame.say(title), frame.columns, "bold"), table]


def _share(values: int, tensors: int, total: int) -> str:
    if not tensors:
        return "-"
    if not total:
        return f"({tensors})"  # an older log doesn't say how many values
    percent = 100 * values / total
    near = f"{percent:.1f}"
    if near == "0.0":
        near = "<0.1"
    elif near == "100.0" and values < total:
        near = ">99.9"
    return f"{near}% ({tensors})"


def _by_kind(start: Iterable[StartValues]) -> dict[str, tuple[int, int]]:
    """Return values and tensors by who wrote them."""
    found: dict[str, tuple[int, int]] = {}
    for each in start:
        kind = _KINDS.get(each.initializer, "the scheme")
        values, tensors = found.get(kind, (0, 0))
        found[kind] = values + each.values, tensors + 1
    return found


_KINDS = {None: "nobody", "built": "as built", "own default": "as built", "frozen": "frozen"}


def _remarks(trials: Sequence[TrialState]) -> list[str]:
    """Say, for all schemes that it is so in, what a scheme left or couldn't write."""
    found: dict[str, list[str]] = {}
    for trial in trials:
        nobody = [values.parameter for values in trial.start if values.initializer is None]
        frozen = [values.parameter for values in trial.start if values.initializer == "frozen"]
        notes = {values.parameter: values.note for values in trial.start if values.note}
        if nobody:
            found.setdefault(f"no initializer wrote {_listed(nobody)}", []).append(trial.scheme)
        if frozen:
            said = f"{_listed(frozen)} {_are(frozen)} frozen and left alone"
            found.setdefault(said, []).append(trial.scheme)
        for note in dict.fromkeys(notes.values()):
            of = [parameter for parameter, each in notes.items() if each == note]
            found.setdefault(f"of {_listed(of)}: {note}", []).append(trial.scheme)
        scheme = trial.plan.scheme if trial.plan is not None else trial.scheme
        if "the scheme" not in _by_kind(trial.start) and scheme != "built":
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
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
