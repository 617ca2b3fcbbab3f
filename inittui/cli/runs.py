"""`inittui runs`: the runs that were kept: list, show, rename, remove, verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli.console import console_for, is_ascii, note, print_path
from inittui.cli.ignored import refuse_before_subcommand
from inittui.cli.registry import ListOrShow
from inittui.cli.shared_options import AsCsv, AsJson, First, LogY, Marker, Width, parse_first
from inittui.errors import ExitCode, MachineError, UsageError

if TYPE_CHECKING:
    from inittui.results.state import RunState
    from inittui.runs import RunDirectory, RunListing

app = typer.Typer(
    cls=ListOrShow, help="List the runs that were kept; show, name, verify and remove them."
)


def _complete_run(context: typer.Context, incomplete: str) -> list[str]:
    from inittui.runs import run_directories

    names = ["last", *(run.id for run in run_directories(_root(context, None)))]
    return [name for name in names if name.startswith(incomplete)]


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
        autocompletion=_complete_run,
    ),
]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="ID…", help="IDs as 'inittui runs' shows them.", autocompletion=_complete_run
    ),
]


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context, as_json: AsJson = False, width: Width = None, runs_dir: RunsDir = None
) -> None:
    """List the runs that were kept, the newest first."""
    refuse_before_subcommand(context, but={"--runs-dir"})
    context.obj = runs_dir
    if context.invoked_subcommand is None:
        _list(_root(context, None), as_json=as_json, width=width)


@app.command("list")
def list_(
    context: typer.Context, as_json: AsJson = False, width: Width = None, runs_dir: RunsDir = None
) -> None:
    """List the runs that were kept, the newest first."""
    _list(_root(context, runs_dir), as_json=as_json, width=width)


@app.command()
def show(
    context: typer.Context,
    run: Run = "last",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    first: First = "100",
    log_y: LogY = None,
    pair: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="X,Y",
            help="Sweeps of the map: across and upwards, such as training.lr,model.depth. "
            "\\[default: the first two]",
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option("--map-of", metavar="METRIC", help="accuracy or loss.")
    ] = "accuracy",
    marker: Marker = None,
    width: Width = None,
    runs_dir: RunsDir = None,
) -> None:
    """Print the report of a run again, as 'inittui compare' did."""
    from inittui.cli.output import print_csv, print_json, print_report
    from inittui.runs import find_run
    from inittui.runs.loading import no_collection
    from inittui.views.heat_map import chosen_map

    if as_json and as_csv:
        raise UsageError("choose --json or --csv, not both")
    steps = parse_first(first)
    found = find_run(_root(context, runs_dir), run)
    with no_collection():
        state = _load(found)
        if as_json:
            print_json(state, found.path)
        elif as_csv:
            print_csv(state)
        else:
            wanted = chosen_map(state, pair, metric)
            print_report(state, width=width, first=steps, log_y=log_y, marker=marker, wanted=wanted)


@app.command()
def path(context: typer.Context, run: Run = "last", runs_dir: RunsDir = None) -> None:
    """Print the directory of a run."""
    from inittui.runs import find_run

    print_path(find_run(_root(context, runs_dir), run).path)


@app.command()
def rename(context: typer.Context, run: Run, name: str, runs_dir: RunsDir = None) -> None:
    """Give a run a name, or another one; its ID stays."""
    from inittui.runs import find_run, rename_run, summarize

    found = find_run(_root(context, runs_dir), run)
    before = summarize(found).name
    rename_run(found, name)
    was = f"; it was '{before}'" if before and before != name else ""
    note(f"run {found.id} is now called '{name}'{was}")


@app.command()
def rm(
    context: typer.Context,
    runs: Runs,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    runs_dir: RunsDir = None,
) -> None:
    """Remove runs and all that is in them."""
    from inittui.runs import delete_run, find_run

    root = _root(context, runs_dir)
    found = list(dict.fromkeys(find_run(root, text) for text in runs))
    if not yes and not _confirmed(found):
        note("nothing was removed")
        return
    for run in found:
        delete_run(run)
    note(f"removed run {found[0].id}" if len(found) == 1 else f"removed {_count(len(found))}")


@app.command()
def verify(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="ID|last", help="One run only.", autocompletion=_complete_run),
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Read all of every run and say what is damaged; exit code 4 if anything is."""
    from inittui.runs import find_run, run_directories, verify_run

    root = _root(context, runs_dir)
    chosen = run_directories(root) if run is None else [find_run(root, run)]
    checked = damaged = 0
    for each in chosen:
        verdict = verify_run(each)
        checked += 1
        damaged += bool(verdict.problems)
        found = [*verdict.problems, *verdict.remarks]
        if found or run is not None:
            _print_verdict(each, "damaged" if verdict.problems else "intact", found)
    if damaged:
        raise MachineError(
            f"{damaged:,} of {_count(checked)} damaged; what is intact is still shown"
        )
    note(f"{_count(checked)} checked, none damaged")


def _list(root: Path, *, as_json: bool, width: int | None) -> None:
    from inittui.runs import list_runs

    listings = list_runs(root)
    if as_json:
        _print_listings(listings)
    elif listings:
        _print_table(listings, width)
    if not listings:
        note(f"no runs in {root}; 'inittui compare' makes one")


def _print_listings(listings: list[RunListing]) -> None:
    import json

    import msgspec

    typer.echo(json.dumps(msgspec.to_builtins(listings), indent=2))


def _print_table(listings: list[RunListing], width: int | None) -> None:
    import time

    from inittui.views.frame import Frame
    from inittui.views.runs import runs_table

    console = console_for(sys.stdout, width)
    frame = Frame(width=console.width, ascii_only=is_ascii(sys.stdout))
    console.print(runs_table(listings, frame, time.time()), soft_wrap=True)


def _print_verdict(run: RunDirectory, verdict: str, found: list[str]) -> None:
    from rich.text import Text

    from inittui.views.frame import Frame

    console = console_for(sys.stdout)
    frame = Frame(ascii_only=is_ascii(sys.stdout))
    lines = [f"{run.id}  {verdict}", *(f"  {frame.say(line)}" for line in found)]
    console.print(Text("\n".join(lines)), soft_wrap=True)


def _confirmed(runs: list[RunDirectory]) -> bool:
    """Ask on the terminal; without one nobody can answer.

    Raises:
        UsageError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"removing {_count(len(runs))} needs --yes where nobody can be asked")
    for run in runs:
        note(run.id)
    try:
        return typer.confirm(f"Remove {_count(len(runs))} for good?", err=True)
    except typer.Abort:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs:,} runs"


def _root(context: typer.Context, option: Path | None) -> Path:
    """Return where runs are kept; the option may stand before or after the sub-command's name."""
    from inittui.runs import runs_root

    return runs_root(option or context.obj)


def _load(run: RunDirectory) -> RunState:
    """Load a run for its report; what is wrong with it goes to stderr."""
    from inittui.runs import load_settled

    state, damage = load_settled(run)
    for message in damage.messages():
        note(f"run {run.id}: {message}")
    if state.started is None:
        why = state.ended.reason if state.ended else ""
        raise MachineError(f"run {run.id} has nothing to show: {why or 'no trial was recorded'}")
    if state.ended is None:
        note(f"run {run.id} is still running; this is what it has so far")
    elif state.ended.reason:
        note(f"run {run.id}: {state.ended.reason}")
    return state
