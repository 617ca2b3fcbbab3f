"""stdout carries the result, stderr progress and notes; both know what their reader can show."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from inittui.text import asks_for_ascii, in_ascii, sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment
    from typing_extensions import Buffer

PLAIN_WIDTH = 80
"""Width of everything printed where there is no terminal: stable, whatever COLUMNS says."""


def make_writable() -> None:
    """Let stdout and stderr take any text: what is closed or has lost its reader (`… | head`) drops
    it, what can't carry it spells it.

    A closed stream is replaced by one to nowhere, which also keeps its number from going to the
    next file that is opened.
    """
    codecs.register_error("inittui", _spell)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif isinstance(stream, io.TextIOWrapper):
            if asks_for_ascii(os.environ):
                stream.reconfigure(encoding="ascii", errors="inittui")
            elif codecs.lookup(stream.encoding).name != "utf-8":
                stream.reconfigure(errors="inittui")
            with suppress(io.UnsupportedOperation):  # one in memory, which has no file
                setattr(sys, name, _even_unread(stream))


class _Piped(io.FileIO):
    """A stream whose reader may go: exit codes, above all, tell the same whoever reads."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        super().__init__(stream.fileno(), "w", closefd=False)
        self._stream = stream  # which closes the file where nobody has it any more

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(data)


def _even_unread(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(_Piped(stream)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


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
    return _Console(file=stream, width=width, highlight=False, emoji=False, markup=False)


class _Console(Console):
    """One on which series are told apart where the terminal has 16 colours, too."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        segments = super().render(renderable, options)
        if self.color_system != "standard":
            return segments
        from inittui.views.chart.palette import segment_in_16_colors

        return map(segment_in_16_colors, segments)


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
