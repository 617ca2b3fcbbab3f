"""`inittui` and `inittui attach`: the terminal UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inittui.errors import ExitCode, UsageError
from inittui.text import sanitize
from inittui.tui.terminal import is_terminal


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--fps: '{sanitize(str(text), 40)}' is not a number") from None


Fps = Annotated[
    float | None,
    typer.Option(
        "--fps",
        metavar="N",
        help="Redraws of live charts per second. [default: 4, over SSH 2]",
        parser=_rate,
    ),
]
NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
Theme = Annotated[
    str | None, typer.Option("--theme", help="Theme by name, such as inittui-light or ansi-dark.")
]
RunsDir = Annotated[
    Path | None,
    typer.Option("--runs-dir", help="Where runs are kept.", envvar="INITTUI_RUNS_DIR"),
]


def attach(
    run_id: Annotated[
        str, typer.Argument(metavar="ID", help="A run's ID, the end of it, its name, or 'last'.")
    ] = "last",
    fps: Fps = None,
    no_mouse: NoMouse = False,
    theme: Theme = None,
    runs_dir: RunsDir = None,
) -> None:
    """Open the terminal UI on one run, live or past."""
    if not is_terminal():
        raise UsageError(f"no terminal here; 'inittui runs show {run_id}' prints the run")
    open_lab(attach_to=run_id, fps=fps, mouse=not no_mouse, theme=theme, runs_dir=runs_dir)


def open_lab(
    *,
    attach_to: str | None = None,
    fps: float | None = None,
    mouse: bool = True,
    theme: str | None = None,
    runs_dir: Path | None = None,
) -> None:
    """Run the terminal UI until it is left, then exit.

    Raises:
        InittuiError: there is no such run, theme or rate.
    """
    from inittui.tui.start import start

    code = start(attach_to=attach_to, fps=fps, mouse=mouse, theme=theme, runs_dir=runs_dir)
    raise typer.Exit(code or ExitCode.DONE)
