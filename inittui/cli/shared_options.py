"""Options that several commands have, and how the texts of options are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from inittui.cli.completion import complete_config, complete_scheme, one_of_words
from inittui.errors import UsageError
from inittui.experiment import setting_texts as texts
from inittui.experiment.settings import REPORT, RUN
from inittui.text import sanitize

NARROWEST, WIDEST = 20, 1_000
"""Columns that something can be asked to be drawn in."""

MARKERS = ("braille", "block", "ascii")
"""As `inittui.views.frame.Marker` has them."""


METRICS = ("accuracy", "loss")
"""As `inittui.views.heat_map.Metric` has them."""


def number(
    option: str,
    read: Callable[[str], Any],
    low: float,
    high: float | None = None,
) -> Callable[[str], Any]:
    """Return what reads an option's number, from ``low`` to ``high``, both included.

    typer's own readers speak of inputs and parsing, and don't say what was typed.
    """

    def parse(text: str) -> Any:
        try:
            value = read(str(text))
        except UsageError as error:
            raise UsageError(f"{option}: {error}") from None
        if not (low <= value and (high is None or value <= high)):  # NaN is neither
            upto = "at least {low:,}" if high is None else "from {low:,} to {high:,}"
            raise UsageError(f"{option} must be {upto.format(low=low, high=high)}, not {value}")
        return value

    return parse


def words(option: str, kind: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    """Return what reads an option that is one of some words, as they are written."""

    def parse(text: str) -> str:
        if text not in choices:
            from inittui.errors import unknown

            raise UsageError(f"{option}: {unknown(kind, sanitize(text, 40), choices)}")
        return text

    return parse


def seed_option(help: str) -> Any:
    return typer.Option(
        "--seed", metavar="N", help=help, parser=number("--seed", texts.whole, 0, 2**63 - 1)
    )


Schemes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SCHEME",
        help="Initializers to compare, NAME\\[:param=value,…]\\[/BIAS]; none: the classic seven. "
        "See 'inittui inits'.",
        autocompletion=complete_scheme,
    ),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run the code (module:function) that the experiment's file names.",
        rich_help_panel=RUN,
    ),
]
Marker = Annotated[
    str | None,
    typer.Option(
        "--marker",
        metavar="|".join(MARKERS),
        help="What curves are drawn with.",
        rich_help_panel=REPORT,
        parser=words("--marker", "marker", MARKERS),
        autocompletion=one_of_words(MARKERS),
    ),
]
First = Annotated[
    str,
    typer.Option(
        "--first",
        metavar="N|all",
        help="Steps in the plot.",
        rich_help_panel=REPORT,
        autocompletion=one_of_words(("100", "all")),
    ),
]
LogY = Annotated[
    bool | None,
    typer.Option(
        "--log-y/--linear-y",
        help="Axis of the loss. \\[default: log where the curves span more than two decades]",
        rich_help_panel=REPORT,
        show_default=False,
    ),
]
MapOf = Annotated[
    str,
    typer.Option(
        "--map-of",
        metavar="|".join(METRICS),
        help="What the cells of a map hold.",
        rich_help_panel=REPORT,
        parser=words("--map-of", "metric", METRICS),
        autocompletion=one_of_words(METRICS),
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        "-w",
        metavar="COLUMNS",
        help="Columns to draw in. \\[default: the terminal's, else 80]",
        rich_help_panel=REPORT,
        parser=number("--width", texts.whole, NARROWEST, WIDEST),
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document.", rich_help_panel=REPORT)
]
AsCsv = Annotated[
    bool,
    typer.Option("--csv", help="Print one row per trial and epoch.", rich_help_panel=REPORT),
]
Summary = Annotated[
    bool,
    typer.Option(
        "--summary",
        help="Print what was seen and the table; no picture.",
        rich_help_panel=REPORT,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel=REPORT)
]
Detach = Annotated[
    bool,
    typer.Option(
        "--detach",
        help="Train in a process of its own, print the run's ID and return; with --json, an "
        "object with its id and path.",
        rich_help_panel=RUN,
    ),
]
CheckpointEvery = Annotated[
    float | None,
    typer.Option(
        "--checkpoint-every",
        metavar="SECONDS",
        help="Save long epochs this often, to go on from there. \\[default: 60]",
        rich_help_panel=RUN,
        show_default=False,
        parser=number("--checkpoint-every", texts.decimal, 0),
    ),
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE|ID|last",
        help="Take the experiment of a file or a run; options override it.",
        rich_help_panel=RUN,
        autocompletion=complete_config,
    ),
]
RunsDir = Annotated[
    Path | None,
    typer.Option(
        "--runs-dir",
        metavar="DIRECTORY",
        help="Where runs are kept.",
        envvar="INITTUI_RUNS_DIR",
        rich_help_panel=RUN,
    ),
]


def check_detach(in_background: bool, no_save: bool) -> None:
    """Raise `UsageError` for a run in a process of its own that isn't kept."""
    if in_background and no_save:
        raise UsageError("--detach needs the run to be kept: leave out --no-save")


def parse_first(text: str) -> int | None:
    """Read the number of steps in the plot; 'all' is None."""
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= 10**9:
        raise UsageError(f"--first must be a number of steps or 'all', not '{sanitize(text, 40)}'")
    return int(text)
