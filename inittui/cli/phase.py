"""`inittui phase`: a map of trained networks, with the lines of mean-field theory over it."""

from __future__ import annotations

from typing import Annotated

import typer

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.completion import one_of_words
from inittui.errors import UsageError
from inittui.experiment import phase as diagram
from inittui.experiment import setting_texts as texts
from inittui.experiment.known_names import check_names
from inittui.experiment.settings import REPORT, RUN, with_options

_TAKEN = ("sweeps", "layers", "model.depth", "model.hidden", "model.name", "model.arguments",
          "model.input", "model.output", "model.batch_norm", "model.dropout")  # fmt: skip
"""Settings that the diagram sets itself, or that its theory doesn't cover."""

_MAP = "Map"


@opt.with_settings("compare", but=_TAKEN, usual=diagram.USUAL)
def phase(
    *,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="|".join(diagram.AGAINST),
            help="What lies upwards: depth, the variance of the biases, or the learning rate.",
            rich_help_panel=_MAP,
            parser=shared.words("--against", "axis", diagram.AGAINST),
            autocompletion=one_of_words(diagram.AGAINST),
        ),
    ] = "depth",
    scales: Annotated[
        str | None,
        typer.Option(
            "--scales",
            metavar="VALUES",
            help="σ_w², fan_in × the variance of the weights: LOW..HIGH:COUNT or 'a|b|c'.",
            rich_help_panel=_MAP,
        ),
    ] = None,
    upwards: Annotated[
        str | None,
        typer.Option(
            "--upwards",
            metavar="VALUES",
            help="Depths, variances of the biases, or learning rates.",
            rich_help_panel=_MAP,
        ),
    ] = None,
    bias: Annotated[
        float,
        typer.Option(
            "--bias",
            metavar="VARIANCE",
            help="σ_b², the variance of the biases.",
            rich_help_panel=_MAP,
            parser=shared.number("--bias", texts.decimal, 0, 1e6),
        ),
    ] = diagram.USUAL_BIAS,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            help="Hidden layers, where depth doesn't lie upwards. \\[default: 30]",
            rich_help_panel=_MAP,
            show_default=False,
            metavar="N",
            parser=shared.number("--depth", texts.whole, 1, 10_000_000),
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Fewer cells: a third of the time.", rich_help_panel=_MAP),
    ] = False,
    settings: opt.Given,
    metric: shared.MapOf = "accuracy",
    marker: shared.Marker = None,
    width: shared.Width = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document; see 'inittui schema phase'.",
            rich_help_panel=REPORT,
        ),
    ] = False,
    quiet: shared.Quiet = False,
    runs_dir: shared.RunsDir = None,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Keep nothing of this run.", rich_help_panel=RUN)
    ] = False,
    in_background: shared.Detach = False,
    checkpoint_every: shared.CheckpointEvery = None,
) -> None:
    """Train a map of networks over the variance of their weights; draw theory's lines on it.

    Every cell is a network; those of one depth train as one computation.

    The run is one of 'inittui compare': 'inittui runs show', 'runs resume' and the UI know it.
    """
    from inittui.cli.detached import detach_and_tell
    from inittui.cli.output import print_phase
    from inittui.cli.run import conduct

    shared.check_detach(in_background, no_save)
    if against == "depth" and depth is not None:
        raise UsageError("--depth is for --against bias or lr; the depths of a map are --upwards")
    if against == "bias" and bias != diagram.USUAL_BIAS:
        raise UsageError("--bias is one variance; with --against bias they are --upwards")
    given = {**settings, **({"model.depth": depth} if depth is not None else {})}
    base = with_options(diagram.USUAL, given, from_file=True)
    experiment = diagram.phase_experiment(
        base, against, scales=scales, values=upwards, bias=bias, quick=quick
    )
    experiment.check()
    check_names(experiment)
    if in_background:
        detach_and_tell(experiment, runs_dir, checkpoint_every, as_json=as_json)
        return
    outcome = conduct(
        experiment,
        save=not no_save,
        runs_dir=runs_dir,
        quiet=quiet,
        checkpoint_seconds=checkpoint_every,
    )
    print_phase(outcome, as_json=as_json, width=width, marker=marker, metric=metric)
    raise typer.Exit(outcome.exit_code)
