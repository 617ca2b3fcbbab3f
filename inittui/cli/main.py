"""The `inittui` command: its sub-commands, and what becomes of errors."""

from __future__ import annotations

import sys
import traceback
from contextlib import redirect_stdout
from typing import Annotated

import typer
from typer import TyperException

from inittui.cli.completion import complete_in_bash, is_asked_by_bash
from inittui.cli.console import make_writable, note
from inittui.cli.deferred import load_help
from inittui.cli.ignored import refuse_before_subcommand
from inittui.cli.interrupt import end_at_once, was_asked
from inittui.cli.memory_limit import bear_a_limit, describe_limit, is_lack_of_memory
from inittui.cli.registry import Commands
from inittui.cli.tui import Fps, NoMouse, RunsDir, Theme, open_lab
from inittui.errors import ExitCode, InittuiError
from inittui.tui.terminal import is_terminal

_HELP = ("-h", "--help")

app = typer.Typer(
    name="inittui",
    cls=Commands,
    help="A terminal lab for neural-network weight initialization.",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": list(_HELP)},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"inittui {metadata.version('inittui')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of every error.")
    ] = False,
    fps: Fps = None,
    no_mouse: NoMouse = False,
    theme: Theme = None,
    runs_dir: RunsDir = None,
) -> None:
    """A terminal lab for neural-network weight initialization; without a command, its UI."""
    refuse_before_subcommand(context, but={"--debug"})
    if context.invoked_subcommand is not None:
        return
    if not is_terminal():
        with redirect_stdout(sys.stderr):  # typer prints its help by itself
            typer.echo(context.get_help(), nl=False)
        raise typer.Exit(ExitCode.USAGE)
    open_lab(fps=fps, mouse=not no_mouse, theme=theme, runs_dir=runs_dir)


def main() -> None:
    """Run the command line and exit with an `ExitCode`, or 128 plus the signal that ended it."""
    make_writable()
    bear_a_limit()
    try:
        if is_asked_by_bash():
            complete_in_bash(app)
        if not set(_HELP).isdisjoint(sys.argv):
            load_help()
        code = app(standalone_mode=False)
        if code == ExitCode.INTERRUPTED:  # what typer makes of Ctrl-C too
            end_at_once()
        sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:
        if was_asked() or isinstance(error, (KeyboardInterrupt, typer.Abort)):
            end_at_once()
        told = _told(error)
        if told is None:
            raise
        if "--debug" in sys.argv:
            traceback.print_exc()
        message, code = told
        note(message)
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _told(error: BaseException) -> tuple[str, int] | None:
    """Return the line and the exit code of an error; None for a bug, which keeps its traceback."""
    if isinstance(error, TyperException):
        return _one_line(error), ExitCode.USAGE
    if isinstance(error, InittuiError):
        return str(error), error.exit_code
    if is_lack_of_memory(error):
        return f"there is not enough memory{describe_limit()}", ExitCode.ENVIRONMENT
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{where}", ExitCode.ENVIRONMENT
    return None


def _one_line(error: TyperException) -> str:
    """Say what is wrong with a command line, and where its help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "inittui"
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}; see '{command} --help'"
