"""What a view may use of the reader's terminal: its width and its characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inittui.text import in_ascii, sanitize

Marker = Literal["braille", "block", "ascii"]
"""What curves are drawn with: braille dots, quarter blocks, or letters."""

NARROWEST = 20
"""Columns below which a view is drawn as if it had these many."""


@dataclass(frozen=True, slots=True)
class Frame:
    width: int = 80
    """Columns; nothing drawn is wider."""
    ascii_only: bool = False
    """Whether only ASCII characters can be shown."""
    marker: Marker = "braille"
    """What curves are drawn with; `ascii_only` overrides it."""

    @property
    def columns(self) -> int:
        """The columns that views use: `width`, at least `NARROWEST`."""
        return max(self.width, NARROWEST)

    @property
    def ellipsis(self) -> str:
        """What stands for text that there is no room for."""
        return ellipsis_for(self.ascii_only)

    def say(self, text: str, limit: int = 2_000) -> str:
        """Return ``text`` on one line, safe for a terminal, in characters that it can show."""
        return legible(text, self.ascii_only, limit)


def ellipsis_for(ascii_only: bool) -> str:
    """Return what stands for text that there is no room for."""
    return "..." if ascii_only else "…"


def legible(text: str, ascii_only: bool, limit: int = 2_000) -> str:
    """Return ``text`` sanitized, and spelled in ASCII where nothing else can be shown."""
    safe = sanitize(text, limit)
    return in_ascii(safe) if ascii_only else safe
