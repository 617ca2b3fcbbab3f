"""stdout and stderr as they were given to us: closed, in ASCII, or as they should be."""

from __future__ import annotations

import codecs
import io
import os
import sys

_SPELLED = {"…": "~", "–": "-", "’": "'", "×": "x"}


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
    return _SPELLED.get(character, "?"), error.start + 1
