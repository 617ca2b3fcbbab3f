"""`inittui runs list`, `runs diff` and `runs show --overlay`: several runs together."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli.completion import (
    complete_data,
    complete_model,
    complete_run,
    complete_scheme,
    one_of_words,
)
from inittui.cli.console import console_for, note
from inittui.cli.output import frame_for, print_document, print_text
from inittui.cli.shared_options import number, words
from inittui.errors import UsageError
from inittui.experiment import setting_texts as texts
from inittui.runs.selection import SORTS, STATUSES, Selection, moment, select
from inittui.text import sanitize

if TYPE_CHECKING:
    from inittui.results.state import RunState

_FILTERS = "Which runs"

RunsDir = Annotated[
    Path | None,
    typer.Option(
        "--runs-dir", metavar="DIRECTORY", help="Where runs are kept; INITTUI_RUNS_DIR says it too."
    ),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="ID|last",
        help="The run's ID or a part of it, its name, or 'last'.",
        autocompletion=complete_run,
    ),
]
Status = Annotated[
    str | None,
    typer.Option(
        "--status", metavar="STATUS", help=f"{', '.join(STATUSES)}.",
        parser=words("--status", "status", STATUSES), autocompletion=one_of_words(STATUSES),
        rich_help_panel=_FILTERS,
    ),
]  # fmt: skip
Scheme = Annotated[
    str | None,
    typer.Option(
        "--scheme", metavar="SCHEME", help="With a scheme that begins like this.",
        autocompletion=complete_scheme, rich_help_panel=_FILTERS,
    ),
]  # fmt: skip
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", metavar="NAME", help="Of this model.", autocompletion=complete_model,
        rich_help_panel=_FILTERS,
    ),
]  # fmt: skip
Data = Annotated[
    str | None,
    typer.Option(
        "--data", "-d", metavar="NAME", help="On this data set.", autocompletion=complete_data,
        rich_help_panel=_FILTERS,
    ),
]  # fmt: skip


def _since(text: str) -> float:
    try:
        return moment(text, time.time())
    except UsageError as error:
        raise UsageError(f"--since: {error}") from None


Since = Annotated[
    float | None,
    typer.Option(
        "--since", metavar="AGE|DAY", help="Begun since: 3h, 2d, or 2026-01-31 (UTC).",
        parser=_since, rich_help_panel=_FILTERS,
    ),
]  # fmt: skip
Sort = Annotated[
    str,
    typer.Option(
        "--sort", metavar="|".join(SORTS), help="The largest first.",
        parser=words("--sort", "order", tuple(SORTS)), autocompletion=one_of_words(SORTS),
        rich_help_panel=_FILTERS,
    ),
]  # fmt: skip
Most = Annotated[
    int | None,
    typer.Option(
        "-n", "--most", metavar="N", help="The first N of them.",
        parser=number("--most", texts.whole, 1), rich_help_panel=_FILTERS,
    ),
]  # fmt: skip


def selection(
    status: str | None,
    scheme: str | None,
    model: str | None,
    data: str | None,
    since: float | None,
    sort: str,
    most: int | None,
) -> Selection:
    return Selection(status or "", scheme or "", model or "", data or "", since or 0.0, sort, most)


def print_list(
    root: Path, wanted: Selection, *, as_json: bool, as_csv: bool, width: int | None
) -> None:
    from inittui.documents.runs import runs_csv, runs_document
    from inittui.runs import list_runs

    if as_json and as_csv:
        raise UsageError("choose --json or --csv, not both")
    listings = list_runs(root)
    found = select(listings, wanted)
    if as_json:
        print_document(runs_document(found))
    elif as_csv:
        print_text(runs_csv(found))
    elif found:
        from inittui.views.runs import runs_table

        console = console_for(sys.stdout, width)
        table = runs_table(found, frame_for(console.width), time.time())
        console.print(table, soft_wrap=True)
    if not listings:
        note(f"no runs in {root}; 'inittui compare' makes one")
    elif not found:
        note(f"none of the {len(listings):,} runs in {root} is of that kind")


def print_overlay(
    names: Sequence[str],
    states: Sequence[RunState],
    *,
    width: int | None,
    first: int | None,
    log_y: bool | None,
    marker: str | None,
) -> None:
    """Print one chart and one table of several runs."""
    from inittui.views.run_differences import runs_overlay

    console = console_for(sys.stdout, width)
    frame = frame_for(console.width, marker)
    console.print(runs_overlay(names, states, frame, first=first, log_y=log_y), soft_wrap=True)


def print_difference(
    names: Sequence[str], states: Sequence[RunState], *, as_json: bool, width: int | None
) -> None:
    """Print what differs between runs."""
    if as_json:
        from inittui.documents.runs import runs_diff_document
        from inittui.results.run_differences import compare_runs

        print_document(runs_diff_document(compare_runs(names, states)))
        return
    from inittui.views.run_differences import runs_difference

    console = console_for(sys.stdout, width)
    console.print(runs_difference(names, states, frame_for(console.width)), soft_wrap=True)


def names_of(ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return what runs are called beside each other: their names, or the ends of their IDs."""
    given = [name or run.rpartition("-")[2] for run, name in zip(ids, names, strict=True)]
    if len(set(given)) < len(given):
        given = [run.rpartition("-")[2] for run in ids]
    return [sanitize(name, 24) for name in given]
