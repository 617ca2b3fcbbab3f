"""`inittui compare`: train models that differ in their initialization only, and report."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.known_names import check_names
from inittui.errors import UsageError
from inittui.experiment.settings import REPORT, RUN


@opt.with_settings("compare")
def compare(
    schemes: shared.Schemes = None,
    *,
    settings: opt.Given,
    first: shared.First = "100",
    log_y: shared.LogY = None,
    marker: shared.Marker = None,
    width: shared.Width = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document; see 'inittui schema compare'.",
            rich_help_panel=REPORT,
        ),
    ] = False,
    as_csv: shared.AsCsv = False,
    quiet: shared.Quiet = False,
    config: shared.Config = None,
    trust: shared.Trust = False,
    runs_dir: shared.RunsDir = None,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Keep nothing of this run.", rich_help_panel=RUN)
    ] = False,
    in_background: Annotated[
        bool,
        typer.Option(
            "--detach",
            help="Train in a process of its own, print the run's ID and return; with --json, an "
            "object with its id and path.",
            rich_help_panel=RUN,
        ),
    ] = False,
    checkpoint_every: shared.CheckpointEvery = None,
) -> None:
    """Train models that differ in their initialization only; report loss and accuracy.

    Under one seed all of them see the same batches and drop the same units.

    From three seeds on: ranks by paired t-tests with Holm's correction over all pairs.
    """
    from inittui.cli.output import print_outcome
    from inittui.cli.run import conduct, detach

    if as_json and as_csv:
        raise UsageError("choose --json or --csv, not both")
    if in_background and no_save:
        raise UsageError("--detach needs the run to be kept: leave out --no-save")
    if in_background and as_csv:
        raise UsageError("--detach prints no results: leave out --csv")
    steps = shared.parse_first(first)
    experiment = opt.build_experiment(config, schemes, settings, trust=trust)
    check_names(experiment)
    if in_background:
        run = detach(experiment, runs_dir, checkpoint_every)
        typer.echo(json.dumps({"id": run.id, "path": str(run.path)}) if as_json else run.id)
        return
    outcome = conduct(
        experiment,
        save=not no_save,
        runs_dir=runs_dir,
        quiet=quiet,
        checkpoint_seconds=checkpoint_every,
    )
    form: Literal["report", "json", "csv"] = "json" if as_json else "csv" if as_csv else "report"
    print_outcome(outcome, form=form, width=width, first=steps, log_y=log_y, marker=marker)
    raise typer.Exit(outcome.exit_code)
