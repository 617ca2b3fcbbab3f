"""stdout carries the result, stderr progress and notes; both know what their reader can show."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from inittui.text import sanitize

PLAIN_WIDTH = 80
"""Width of everything printed where there is no terminal: stable, whatever COLUMNS says."""

ASCII = str.maketrans({
    "×": "x", "±": "~", "−": "-", "–": "-", "…": "~", "σ": "s", "√": "sqrt ", "≤": "<", "≥": ">",
    "≈": "~", "✕": "x", "·": ".", "’": "'", "“": '"', "”": '"', "→": ">", "²": "2",
})  # fmt: skip
"""One ASCII character for each of ours where the width of a column counts."""


def console_for(stream: TextIO, width: int | None = None) -> Console:
    """Return a console for stdout or stderr that prints plain, stable text without a terminal.

    NO_COLOR, FORCE_COLOR and TERM=dumb are respected by rich; a width given on the command line
    wins over the terminal's.
    """
    if width is None and not stream.isatty():
        width = PLAIN_WIDTH
    return _Quiet(file=stream, width=width, highlight=False, emoji=False, markup=False)


class _Quiet(Console):
    """Rich's own ends the program when nobody reads any more; ours lets the caller decide."""

    def on_broken_pipe(self) -> None:
        """Raise the `BrokenPipeError` that is being handled."""
        raise  # noqa: PLE0704


def is_ascii(stream: TextIO) -> bool:
    """Whether the stream's encoding can't carry the characters that we draw with."""
    try:
        "─⣿▀±✕σ√".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def print_path(path: Path) -> None:
    """Print a path on stdout: as it is for a program, harmless for a terminal."""
    shown = sanitize(str(path), 4_096) if sys.stdout.isatty() else str(path)
    sys.stdout.write(f"{shown}\n")


def note(message: str) -> None:
    """Print one line of note on stderr; a stderr that takes nothing any more stops nothing."""
    line = sanitize(message)
    if is_ascii(sys.stderr):
        line = line.translate(ASCII).encode("ascii", "replace").decode()
    with suppress(OSError):
        console_for(sys.stderr, width=None).print(Text(f"inittui: {line}"), soft_wrap=True)
