"""`inittui runs export`: a run as a file for another program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from inittui.cli.console import note, print_path
from inittui.cli.run_list import Run, RunsDir
from inittui.cli.shared_options import NARROWEST, WIDEST, number
from inittui.errors import MachineError, UsageError, unknown
from inittui.experiment import setting_texts as texts
from inittui.files import at_home
from inittui.views.export_formats import FORMATS, listed


def complete_format(incomplete: str) -> list[str]:
    return [name for name in FORMATS if name.startswith(incomplete)]


def export(
    context: typer.Context,
    run: Run = "last",
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help=f"{listed(FORMATS)}.",
            autocompletion=complete_format,
        ),
    ] = "html",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to; a folder gets a file in it, - is stdout. \\[default: here]",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            "-w",
            metavar="COLUMNS",
            help="Columns of a report. \\[default: 100]",
            parser=number("--width", texts.whole, NARROWEST, WIDEST),
        ),
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Write a run as a file for another program; print the file's name.

    json is the document of 'inittui schema compare'; csv has one row per trial and epoch; svg and
    html show the report, and html holds the document too; parquet has the rows of csv with types,
    for which the extra inittui\\[parquet] is needed; tensorboard makes a folder of event files, for
    which the extra inittui\\[tensorboard] is.
    """
    from inittui.runs import find_run, load_settled, runs_root
    from inittui.views.export import WIDTH, export_bytes, export_run

    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    found = find_run(runs_root(runs_dir or context.obj), run)
    state, damage = load_settled(found)
    for message in damage.messages():
        note(f"run {found.id}: {message}")
    if state.started is None:
        why = state.ended.reason if state.ended else ""
        raise MachineError(
            f"run {found.id} has nothing to export: {why or 'no trial was recorded'}"
        )
    if output == Path("-"):
        if form == "parquet" and sys.stdout.isatty():
            raise UsageError("parquet is not for a terminal; name a file with --output")
        sys.stdout.buffer.write(export_bytes(found, state, form, width=width or WIDTH))
        return
    target = Path.cwd() if output is None else at_home(output)
    made = export_run(found, state, form, target, overwrite=force, width=width or WIDTH)
    print_path(made)
