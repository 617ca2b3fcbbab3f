"""`inittui runs`: the runs that were kept: list, show, rename, remove, verify.

Those that train, and the exports, are in files of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli.completion import complete_run
from inittui.cli.console import console_for, is_ascii, note, print_path
from inittui.cli.export import export
from inittui.cli.ignored import refuse_before_subcommand
from inittui.cli.registry import ListOrShow
from inittui.cli.resume import repeat, resume, stop
from inittui.cli.run_list import (
    Data,
    Model,
    Most,
    Run,
    RunsDir,
    Scheme,
    Since,
    Sort,
    Status,
    names_of,
    print_difference,
    print_list,
    print_overlay,
    selection,
)
from inittui.cli.shared_options import (
    AsCsv,
    AsJson,
    First,
    LogY,
    MapOf,
    Marker,
    Summary,
    Width,
    parse_first,
)
from inittui.errors import ExitCode, MachineError, UsageError
from inittui.experiment.settings import REPORT

if TYPE_CHECKING:
    from inittui.results.state import RunState
    from inittui.runs import RunDirectory, Verdict

app = typer.Typer(
    cls=ListOrShow,
    help="List the runs that were kept; show, name, verify and remove them.",
    add_completion=False,
)


ListAsCsv = Annotated[
    bool, typer.Option("--csv", help="Print one row per run.", rich_help_panel=REPORT)
]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="ID…", help="IDs as 'inittui runs' shows them.", autocompletion=complete_run
    ),
]


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    status: Status = None,
    scheme: Scheme = None,
    model: Model = None,
    data: Data = None,
    since: Since = None,
    sort: Sort = "when",
    most: Most = None,
    as_json: AsJson = False,
    as_csv: ListAsCsv = False,
    width: Width = None,
    runs_dir: RunsDir = None,
) -> None:
    """List the runs that were kept, the newest first."""
    refuse_before_subcommand(context, but={"--runs-dir"})
    context.obj = runs_dir
    if context.invoked_subcommand is None:
        wanted = selection(status, scheme, model, data, since, sort, most)
        print_list(_root(context, None), wanted, as_json=as_json, as_csv=as_csv, width=width)


@app.command("list")
def list_(
    context: typer.Context,
    status: Status = None,
    scheme: Scheme = None,
    model: Model = None,
    data: Data = None,
    since: Since = None,
    sort: Sort = "when",
    most: Most = None,
    as_json: AsJson = False,
    as_csv: ListAsCsv = False,
    width: Width = None,
    runs_dir: RunsDir = None,
) -> None:
    """List the runs that were kept, the newest first."""
    wanted = selection(status, scheme, model, data, since, sort, most)
    print_list(_root(context, runs_dir), wanted, as_json=as_json, as_csv=as_csv, width=width)


@app.command()
def diff(
    context: typer.Context,
    runs: Runs,
    as_json: AsJson = False,
    width: Width = None,
    runs_dir: RunsDir = None,
) -> None:
    """Say what differs between runs: settings, versions, results, start values.

    Each is put beside the first. Differences in accuracy are paired by seed where both have the
    same images, with 95 % intervals from three shared seeds on.
    """
    found, states = _several(_root(context, runs_dir), runs)
    names = [run.id for run in found] if as_json else _names(found)
    print_difference(names, states, as_json=as_json, width=width)


@app.command()
def show(
    context: typer.Context,
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|last]…",
            help="The run's ID or a part of it, its name, or 'last'; several with --overlay.",
            autocompletion=complete_run,
        ),
    ] = None,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="Draw several runs in one chart and one table.")
    ] = False,
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
    metric: MapOf = "accuracy",
    summary: Summary = False,
    marker: Marker = None,
    width: Width = None,
    runs_dir: RunsDir = None,
) -> None:
    """Print the report of a run again, as 'inittui compare' did."""
    from inittui.cli.output import print_csv, print_json, print_report, print_summary
    from inittui.runs import find_run
    from inittui.runs.loading import no_collection
    from inittui.views.sweep_maps import chosen_map

    if as_json and as_csv:
        raise UsageError("choose --json or --csv, not both")
    steps = parse_first(first)
    texts = runs or ["last"]
    if overlay:
        if as_json or as_csv:
            raise UsageError("--overlay is drawn: 'inittui runs diff --json' has several runs")
        several, states = _several(_root(context, runs_dir), texts)
        names = _names(several)
        print_overlay(names, states, width=width, first=steps, log_y=log_y, marker=marker)
        return
    if len(texts) > 1:
        raise UsageError("several runs are shown with --overlay, or by 'inittui runs diff'")
    found = find_run(_root(context, runs_dir), texts[0])
    with no_collection():
        state = _load(found)
        if as_json:
            print_json(state, found.path)
        elif as_csv:
            print_csv(state)
        elif summary:
            print_summary(state, width=width, marker=marker)
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
    from inittui.cli.new_run import tell_of_other_machines
    from inittui.runs import delete_run, find_run

    root = _root(context, runs_dir)
    found = list(dict.fromkeys(find_run(root, text) for text in runs))
    if not yes and not _confirmed(found):
        note("nothing was removed")
        return
    tell_of_other_machines(found)
    for run in found:
        delete_run(run)
    note(f"removed run {found[0].id}" if len(found) == 1 else f"removed {_count(len(found))}")


@app.command()
def verify(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="ID|last", help="One run only.", autocompletion=complete_run),
    ] = None,
    runs_dir: RunsDir = None,
) -> None:
    """Read all of every run and say what is damaged; exit code 4 if anything is."""
    from inittui.runs import find_run, run_directories, verify_run

    root = _root(context, runs_dir)
    chosen = run_directories(root) if run is None else [find_run(root, run)]
    checked = damaged = unchecked = 0
    for each in chosen:
        verdict = verify_run(each)
        if not each.path.is_dir():  # reading all takes minutes
            gone = f"run {each.id} was removed before all of it was read"
            if run is not None:
                raise UsageError(gone)
            note(gone)
            continue
        checked += 1
        damaged += bool(verdict.problems)
        unchecked += verdict.is_unchecked and not verdict.problems
        found = [*verdict.problems, *verdict.remarks]
        if found or run is not None:
            _print_verdict(each, _judged(verdict), found)
    if damaged:
        raise MachineError(
            f"{damaged:,} of {_count(checked)} damaged; what is intact is still shown"
        )
    but = f" as far as can be seen: {unchecked:,} without checksums" if unchecked else ""
    note(f"{_count(checked)} checked, none damaged{but}")


def _judged(verdict: Verdict) -> str:
    if verdict.problems:
        return "damaged"
    return "intact as far as can be seen" if verdict.is_unchecked else "intact"


def _several(root: Path, texts: list[str]) -> tuple[list[RunDirectory], list[RunState]]:
    """Find and load several runs.

    Raises:
        UsageError: there are fewer than two, or one of them isn't there.
    """
    from inittui.runs import find_run

    found = list(dict.fromkeys(find_run(root, text) for text in texts))
    if len(found) < 2:
        raise UsageError("two runs or more are needed; 'inittui runs' lists them")
    return found, [_load(run) for run in found]


def _names(runs: list[RunDirectory]) -> list[str]:
    from inittui.runs import summarize

    return names_of([run.id for run in runs], [summarize(run).name for run in runs])


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
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
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


for _command in (resume, repeat, stop, export):
    app.command()(_command)
