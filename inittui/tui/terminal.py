"""What the terminal around the UI can do, as far as its environment tells."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.text import asks_for_ascii
from inittui.views.frame import ellipsis_for

if TYPE_CHECKING:
    from inittui.views.frame import Marker

DEFAULT_FPS, SSH_FPS = 4.0, 2.0
SLOWEST, FASTEST = 0.2, 30.0
"""Redraws per second that can be asked for."""


_DUMB = ("dumb", "unknown")


@dataclass(frozen=True, slots=True)
class Terminal:
    over_ssh: bool = False
    no_color: bool = False
    few_colors: bool = False
    """Whether there are 16 colours or fewer: then the terminal's own are used."""
    ascii_only: bool = False
    """Whether nothing but ASCII can be shown."""
    marker: Marker = "braille"
    fps: float = DEFAULT_FPS
    """Redraws of charts per second at most."""

    @property
    def is_plain(self) -> bool:
        """Whether a background colour isn't seen, or not surely: a cursor is reversed there."""
        return self.no_color or self.few_colors or self.ascii_only

    @property
    def ellipsis(self) -> str:
        return ellipsis_for(self.ascii_only)


def look_around(
    environment: Mapping[str, str],
    *,
    encoding: str,
    marker: str = "auto",
    fps: float | None = None,
) -> Terminal:
    """Read the environment; ``marker`` and ``fps`` are what the person has asked for."""
    over_ssh = bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))
    ascii_only = _is_ascii(environment, encoding)
    if marker == "ascii" or ascii_only:
        chosen: Marker = "ascii"
    else:
        chosen = "block" if marker == "block" else "braille"
    wanted = fps if fps is not None else SSH_FPS if over_ssh else DEFAULT_FPS
    return Terminal(
        over_ssh=over_ssh,
        no_color=bool(environment.get("NO_COLOR")),
        few_colors=_has_few_colors(environment),
        ascii_only=ascii_only,
        marker=chosen,
        fps=min(max(wanted, SLOWEST), FASTEST),
    )


def _has_few_colors(environment: Mapping[str, str]) -> bool:
    """Whether rich takes the terminal for one of 16 colours at most; SSH drops COLORTERM."""
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return False
    term = environment.get("TERM", "").strip().lower()
    return not (term.endswith(("256color", "-direct", "kitty")) or "256" in term)


def _is_ascii(environment: Mapping[str, str], encoding: str) -> bool:
    """Whether the locale or the terminal has no braille: Linux's own console draws boxes."""
    if asks_for_ascii(environment) or environment.get("TERM") == "linux":
        return True
    try:
        "─⣿●✕".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def drop_empty_no_color(environment: MutableMapping[str, str]) -> None:
    """Unset a NO_COLOR that is empty: that asks for nothing, see no-color.org.

    Textual takes it for one that is set.
    """
    if not environment.get("NO_COLOR"):
        environment.pop("NO_COLOR", None)


def here(marker: str = "auto", fps: float | None = None) -> Terminal:
    encoding = getattr(sys.__stdout__, "encoding", None) or "ascii"
    return look_around(os.environ, encoding=encoding, marker=marker, fps=fps)


def is_terminal() -> bool:
    """Whether a person sits before standard input, output and error, which the UI draws on."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)  # None: it is closed


def is_dumb(environment: Mapping[str, str]) -> bool:
    """Whether TERM says that the terminal places no text.

    Any other name will do, also one that this machine has no description of: over SSH names of
    terminals are often known on the other side only. So will none: most terminals are like xterm.
    """
    return environment.get("TERM", "").strip().lower() in _DUMB


def input_has_ended() -> bool:
    if sys.__stdin__ is None or sys.__stdin__.closed:
        return False
    asked = select.poll()
    try:
        asked.register(sys.__stdin__.fileno(), select.POLLHUP | select.POLLERR)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in asked.poll(0))
    except (OSError, ValueError):
        return True
