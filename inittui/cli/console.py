"""stdout carries the result, stderr progress and notes; both know what their reader can show."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from inittui.text import asks_for_ascii, in_ascii, sanitize

PLAIN_WIDTH = 80
"""Width of everything printed where there is no terminal: stable, whatever COLUMNS says."""


def make_writable() -> None:
    """Let stdout and stderr take any text: what is closed drops it, what can't carry it spells it.

    A closed stream is replaced by one to nowhere, which also keeps its number from going to the
    next file that is opened.
    """
    codecs.register_error("inittui", _spell)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif isinstance(stream, io.TextIOWrapper) and asks_for_ascii(os.environ):
            stream.reconfigure(encoding="ascii", errors="inittui")
        elif (
            isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8"
        ):
            stream.reconfigure(errors="inittui")


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write what an encoding lacks in ASCII; bytes of a path that are no text stay as they were."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return in_ascii(character, keep_width=True), error.start + 1


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


@contextmanager
def even_unread() -> Iterator[None]:
    """Let a reader of stdout that has gone (`inittui … | head`) end the printing in the block only.

    What comes after, an exit code above all, tells scripts the same whoever reads.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()


def drop_stdout() -> None:
    """Let what is written to stdout, or waits to be, go nowhere from here on."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
        line = in_ascii(line)
    with suppress(OSError):
        console_for(sys.stderr, width=None).print(Text(f"inittui: {line}"), soft_wrap=True)
