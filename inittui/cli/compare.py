"""`inittui compare`: train models that differ in their initialization only, and report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.console import note
from inittui.cli.settings import compare_defaults
from inittui.cli.settings_options import experiment_file
from inittui.errors import ExitCode, UsageError
from inittui.experiment.known_names import check_names
from inittui.experiment.settings import REPORT, RUN

if TYPE_CHECKING:
    from inittui.cli.output import Form
    from inittui.cli.run import Outcome
    from inittui.experiment.records import Experiment
    from inittui.results.conditions import Condition


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
    summary: shared.Summary = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            metavar="CONDITION",
            help="Exit with code 3 if it holds: 'rule < 0.8' (accuracy), or 'rule worse-than "
            "normal' (by a paired t-test, from 3 seeds on); may be repeated.",
            rich_help_panel=REPORT,
        ),
    ] = None,
    quiet: shared.Quiet = False,
    config: shared.Config = None,
    trust: shared.Trust = False,
    runs_dir: shared.RunsDir = None,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Keep nothing of this run.", rich_help_panel=RUN)
    ] = False,
    in_background: shared.Detach = False,
    checkpoint_every: shared.CheckpointEvery = None,
) -> None:
    """Train models that differ in their initialization only; report loss and accuracy.

    Under one seed all of them see the same batches and drop the same units.

    From three seeds on: ranks by paired t-tests with Holm's correction over all pairs, of first
    losses by their logarithms.
    """
    from inittui.cli.detached import detach_and_tell
    from inittui.cli.output import print_outcome
    from inittui.cli.run import conduct

    if as_json and as_csv:
        raise UsageError("choose --json or --csv, not both")
    shared.check_detach(in_background, no_save)
    if in_background and as_csv:
        raise UsageError("--detach prints no results: leave out --csv")
    steps = shared.parse_first(first)
    if in_background and fail_if:
        raise UsageError("--detach waits for no results: leave out --fail-if")
    if config is None:
        settings = {**compare_defaults(), **settings}
    experiment = opt.build_experiment(
        experiment_file(config, runs_dir), schemes, settings, trust=trust
    )
    check_names(experiment)
    conditions = _conditions(fail_if or (), experiment)
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
    form: Form = "json" if as_json else "csv" if as_csv else "summary" if summary else "report"
    print_outcome(outcome, form=form, width=width, first=steps, log_y=log_y, marker=marker)
    raise typer.Exit(_fails(conditions, outcome) or outcome.exit_code)


def _conditions(texts: Sequence[str], experiment: Experiment) -> list[Condition]:
    """Read conditions; their schemes are spelled as those that are compared."""
    from inittui.experiment.sweeps import plan_trials
    from inittui.initializers import parse_scheme
    from inittui.results.conditions import parse_condition

    if not texts:
        return []
    contestants = dict.fromkeys(trial.contestant for trial in plan_trials(experiment))
    seeds = len(experiment.seeds)
    return [
        parse_condition(text, contestants, seeds, lambda scheme: str(parse_scheme(scheme)))
        for text in texts
    ]


def _fails(conditions: Sequence[Condition], outcome: Outcome) -> ExitCode | None:
    """Say which conditions hold of a run that came to its end; return what they make of it."""
    if outcome.exit_code not in (ExitCode.DONE, ExitCode.NOTHING_FINISHED):
        return None
    from inittui.results.conditions import broken

    reasons = [why for each in conditions if (why := broken(each, outcome.state)) is not None]
    for why in reasons:
        note(f"--fail-if: {why}")
    return ExitCode.NOTHING_FINISHED if reasons else None
