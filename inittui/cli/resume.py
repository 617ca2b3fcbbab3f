"""`inittui runs resume` and `inittui runs stop`: going on with a run, and ending one elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from inittui.cli.completion import complete_run
from inittui.cli.console import note
from inittui.cli.run_list import RunsDir
from inittui.cli.shared_options import AsJson, CheckpointEvery, Quiet, Trust, Width

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="A run's ID, the end of it, its name, or 'last'.",
        autocompletion=complete_run,
    ),
]


def resume(
    context: typer.Context,
    run_id: Id = "last",
    force: Annotated[
        bool, typer.Option("--force", help="Even if data, versions or settings are others now.")
    ] = False,
    trust: Trust = False,
    as_json: AsJson = False,
    width: Width = None,
    quiet: Quiet = False,
    checkpoint_every: CheckpointEvery = None,
    runs_dir: RunsDir = None,
) -> None:
    """Go on with a run that was killed, interrupted or lost its machine.

    It continues from its last checkpoint and ends as if it had never stopped. A run that has
    finished is only shown.
    """
    from inittui.cli.output import Form, print_outcome
    from inittui.cli.run import Outcome
    from inittui.cli.run import resume as go_on
    from inittui.recording.resume import RunIsOverError
    from inittui.runs import find_run, load_state, runs_root

    run = find_run(runs_root(runs_dir or context.obj), run_id)
    try:
        outcome = go_on(
            run, force=force, trust=trust, quiet=quiet, checkpoint_seconds=checkpoint_every
        )
    except RunIsOverError as over:
        note(str(over))
        state, damage = load_state(run)
        for message in damage.messages():
            note(f"run {run.id}: {message}")
        outcome = Outcome(state, run, None)
    form: Form = "json" if as_json else "report"
    print_outcome(outcome, form=form, width=width, first=100, log_y=None, marker=None)
    raise typer.Exit(outcome.exit_code)


def stop(context: typer.Context, run_id: Id = "last", runs_dir: RunsDir = None) -> None:
    """Ask the process that trains a run to end it in order."""
    from inittui.runs import find_run, runs_root
    from inittui.runs.launch import stop_worker

    run = find_run(runs_root(runs_dir or context.obj), run_id)
    stop_worker(run)
    note(f"run {run.id} was asked to stop; 'inittui runs resume {run.id}' goes on with it")


def repeat(
    context: typer.Context,
    run_id: Id = "last",
    run_it: Annotated[
        bool, typer.Option("--run", help="Run it, rather than print its command line.")
    ] = False,
    trust: Trust = False,
    quiet: Quiet = False,
    width: Width = None,
    runs_dir: RunsDir = None,
) -> None:
    """Print the command line that runs a run's experiment again, or run it."""
    from inittui.cli.output import print_outcome
    from inittui.cli.run import conduct
    from inittui.cli.settings_options import build_experiment
    from inittui.experiment.settings import repeat_command
    from inittui.runs import find_run, runs_root

    root = runs_root(runs_dir or context.obj)
    file = find_run(root, run_id).experiment_file
    experiment = build_experiment(file, None, {}, trust=trust or not run_it)
    if not run_it:
        typer.echo(repeat_command(experiment, file))
        return
    outcome = conduct(experiment, runs_dir=root, quiet=quiet)
    print_outcome(outcome, form="report", width=width, first=100, log_y=None, marker=None)
    raise typer.Exit(outcome.exit_code)
