"""Results on stdout: the report of a run, its JSON document and its CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from inittui.cli.console import console_for, is_ascii
from inittui.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inittui.cli.run import Outcome
    from inittui.events.widths import WidthPoint
    from inittui.experiment.records import Experiment
    from inittui.results.state import RunState
    from inittui.results.widths import Slope
    from inittui.views.frame import Frame
    from inittui.views.sweep_maps import Map

Form = Literal["report", "summary", "json", "csv"]


def print_outcome(
    outcome: Outcome,
    *,
    form: Form,
    width: int | None,
    first: int | None,
    log_y: bool | None,
    marker: str | None,
) -> None:
    if form == "json":
        print_json(outcome.state, outcome.run.path if outcome.run else None)
    elif form == "csv":
        print_csv(outcome.state)
    elif form == "summary":
        print_summary(outcome.state, width=width, marker=marker)
    else:
        print_report(outcome.state, width=width, first=first, log_y=log_y, marker=marker)


def print_summary(state: RunState, *, width: int | None, marker: str | None) -> None:
    """Print `compare_summary`; ``width`` as in `print_report`."""
    from inittui.views.report import compare_summary

    console = console_for(sys.stdout, width)
    console.print(compare_summary(state, frame_for(console.width, marker)), soft_wrap=True)


def print_report(
    state: RunState,
    *,
    width: int | None = None,
    first: int | None = 100,
    log_y: bool | None = None,
    marker: str | None = None,
    wanted: Map | None = None,
) -> None:
    """Print `compare_report`; ``width`` None means the terminal's, else 80 columns."""
    from inittui.views.report import compare_report

    console = console_for(sys.stdout, width)
    frame = frame_for(console.width, marker)
    report = compare_report(state, frame, first=first, log_y=log_y, wanted=wanted)
    console.print(report, soft_wrap=True)


def frame_for(width: int, marker: str | None = None) -> Frame:
    """Return the frame of what is drawn on stdout."""
    from inittui.views.frame import Frame, Marker

    chosen: Marker = marker or "braille"  # type: ignore[assignment]  # checked with the option
    return Frame(width=width, ascii_only=is_ascii(sys.stdout), marker=chosen)


def print_inspection(
    state: RunState,
    path: Path | None,
    *,
    as_json: bool,
    width: int | None,
    marker: str | None,
    only: str | None,
    density: bool,
    values: str | None = None,
    theory: bool = True,
) -> None:
    """Print `inspection_report` or the inspect document of the layers that match ``only``.

    ``path`` is the run's directory, None where nothing is kept; ``width`` as in `print_report`;
    ``values`` the pattern of the layers whose first weights are shown, None means none;
    ``theory`` whether what was predicted is told.
    """
    console = console_for(sys.stdout, width)
    frame = frame_for(console.width, marker)
    if as_json:
        from inittui.documents.inspect import inspect_document

        shown = values is not None
        document = inspect_document(
            state, path, layers=only, density=density, values=shown, theory=theory
        )
        print_document(document)
        return
    from inittui.views.inspection import inspection_report

    report = inspection_report(
        state, frame, layers=only, density=density, values=values, theory=theory
    )
    console.print(report, soft_wrap=True)


def print_json(state: RunState, path: Path | None) -> None:
    """Print the compare document; ``path`` is the run's directory, None where nothing is kept."""
    from inittui.documents.compare import compare_document

    print_document(compare_document(state, path))


def print_document(document: str) -> None:
    """Print a JSON document in plain ASCII."""
    from inittui.documents.json_documents import plain_json

    typer.echo(plain_json(document))


def print_csv(state: RunState) -> None:
    from inittui.documents.table import compare_csv

    print_text(compare_csv(state))


def print_text(table: str) -> None:
    """Print CSV: harmless for a terminal, in what stdout can carry."""
    text = "\n".join(sanitize(line, len(line)) for line in table.split("\n"))
    encoding = sys.stdout.encoding or "ascii"
    typer.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def print_phase(
    outcome: Outcome, *, as_json: bool, width: int | None, marker: str | None, metric: str
) -> None:
    """Print the map of a phase diagram with theory's lines, or its document."""
    from inittui.views.report import map_report
    from inittui.views.sweep_maps import Map, checked_metric

    if as_json:
        from inittui.documents.phase import phase_document

        print_document(phase_document(outcome.state, outcome.run.path if outcome.run else None))
        return
    console = console_for(sys.stdout, width)
    report = map_report(
        outcome.state, frame_for(console.width, marker), Map(None, checked_metric(metric))
    )
    console.print(report, soft_wrap=True)


def print_widths(
    experiment: Experiment,
    steps: int,
    points: Sequence[WidthPoint],
    slopes: Sequence[Slope],
    *,
    as_json: bool,
    width: int | None,
) -> None:
    """Print the tables of a coordinate check, or its document."""
    if as_json:
        from inittui.documents.widths import widths_document

        print_document(widths_document(experiment, steps, points, slopes))
        return
    from inittui.views.widths import widths_report

    console = console_for(sys.stdout, width)
    report = widths_report(experiment, slopes, frame_for(console.width), steps=steps)
    console.print(report, soft_wrap=True)
