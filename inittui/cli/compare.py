"""`inittui compare`: train models that differ in their initialization only, and report."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from inittui.cli import settings_options as opt
from inittui.cli.options import (
    Contestants,
    build_experiment,
    choose_seeds,
    experiment_sections,
    parse_first,
)
from inittui.errors import UsageError

_INSPECTION = "Inspection"


def compare(
    schemes: opt.Schemes = None,
    sweeps: opt.Sweeps = None,
    layers: opt.Layers = None,
    model: opt.ModelName = None,
    hidden: opt.Hidden = None,
    depth: opt.Depth = None,
    width: opt.LayerWidth = None,
    activation: opt.Activation = None,
    dropout: opt.Dropout = None,
    batch_norm: opt.BatchNorm = None,
    model_args: opt.ModelArgs = None,
    input_shape: opt.InputShape = None,
    data: opt.DataName = None,
    validation: opt.Validation = None,
    limit: opt.Limit = None,
    normalize: opt.Normalize = None,
    split: opt.Split = None,
    evaluate_on: opt.EvaluateOn = None,
    epochs: opt.Epochs = None,
    batch_size: opt.BatchSize = None,
    optimizer: opt.Optimizer = None,
    lr: opt.LearningRate = None,
    eval_every: opt.EvalEvery = None,
    seeds: opt.Seeds = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    dtype: opt.DType = None,
    stack: opt.Stack = None,
    inspect: Annotated[
        bool,
        typer.Option(
            "--inspect",
            help="Measure every layer before and after the training; see 'inittui inspect'.",
            rich_help_panel=_INSPECTION,
        ),
    ] = False,
    inspect_every: Annotated[
        int | None,
        typer.Option(
            "--inspect-every",
            metavar="N",
            help="Measure after every N steps too.",
            rich_help_panel=_INSPECTION,
        ),
    ] = None,
    first: Annotated[
        str,
        typer.Option(
            "--first", metavar="N|all", help="Steps in the plot.", rich_help_panel=opt.REPORT
        ),
    ] = "100",
    log_y: Annotated[
        bool | None,
        typer.Option(
            "--log-y/--linear-y",
            help="Axis of the loss. \\[default: log where the curves span more than two decades]",
            rich_help_panel=opt.REPORT,
            show_default=False,
        ),
    ] = None,
    marker: opt.Marker = None,
    report_width: opt.ReportWidth = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document; see 'inittui schema compare'.",
            rich_help_panel=opt.REPORT,
        ),
    ] = False,
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv", help="Print one row per trial and epoch.", rich_help_panel=opt.REPORT
        ),
    ] = False,
    quiet: opt.Quiet = False,
    name: Annotated[
        str | None, typer.Option("--name", help="A name for the run.", rich_help_panel=opt.RUN)
    ] = None,
    config: opt.Config = None,
    trust: opt.Trust = False,
    runs_dir: opt.RunsDir = None,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Keep nothing of this run.", rich_help_panel=opt.RUN)
    ] = False,
    in_background: Annotated[
        bool,
        typer.Option(
            "--detach",
            help="Train in a process of its own, print the run's ID and return.",
            rich_help_panel=opt.RUN,
        ),
    ] = False,
    checkpoint_every: opt.CheckpointEvery = None,
) -> None:
    """Train models that differ in their initialization only; report loss and accuracy.

    Under one seed all of them see the same batches and drop the same units.
    """
    from inittui.cli.output import check_width, print_outcome
    from inittui.cli.run import conduct, detach

    if as_json and as_csv:
        raise UsageError("choose --json or --csv, not both")
    check_width(report_width)
    steps = parse_first(first)
    sections = experiment_sections(
        model=model, hidden=hidden, depth=depth, width=width, activation=activation,
        dropout=dropout, batch_norm=batch_norm, input_shape=input_shape, data=data,
        validation=validation, limit=limit, normalize=normalize, epochs=epochs,
        batch_size=batch_size, optimizer=optimizer, lr=lr, device=device, dtype=dtype, stack=stack,
        split=split, evaluate_on=evaluate_on, eval_every=eval_every, model_args=model_args,
    )  # fmt: skip
    if inspect or inspect_every is not None:
        sections["inspection"] = {"before": True, "after": True, "every": inspect_every}
    experiment = build_experiment(
        config,
        Contestants(schemes or [], layers or [], sweeps or []),
        sections,
        trust=trust,
        seeds=choose_seeds(seeds, seed),
        name=name,
    )
    if in_background:
        if no_save:
            raise UsageError("--detach needs the run to be kept: leave out --no-save")
        typer.echo(detach(experiment, runs_dir, checkpoint_every).id)
        return
    outcome = conduct(
        experiment,
        save=not no_save,
        runs_dir=runs_dir,
        quiet=quiet,
        checkpoint_seconds=checkpoint_every,
    )
    form: Literal["report", "json", "csv"] = "json" if as_json else "csv" if as_csv else "report"
    print_outcome(outcome, form=form, width=report_width, first=steps, log_y=log_y, marker=marker)
    raise typer.Exit(outcome.exit_code)
