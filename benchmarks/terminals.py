"""A program in a real pseudo-terminal, its screen as text, and what it wrote."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "f5": "\x1b[15~",
    "ctrl+q": "\x11",
}

UI = (sys.executable, "-c", "from inittui.cli.entry import main; main()")
"""The `inittui` command, whatever the shell's path is."""

_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=?]?[0-9;]*[uqt$p]+")
"""Questions to the terminal that pyte would print."""


class Terminal:
    """A pseudo-terminal with a program in it; ends the program when it is left."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the program in its own session, as a terminal emulator or sshd does."""
        self.written = 0
        """Bytes that the program has written."""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.began = time.monotonic()
        self._master, slave = pty.openpty()
        self._set_size(*size)
        base = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "SSH_CONNECTION")
        }
        self.process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**base, "TERM": "xterm-256color", **(environment or {})},
            preexec_fn=lambda: _own_terminal(slave),  # noqa: PLW1509 (no threads here)
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Let the terminal go away: what is in it gets SIGHUP, and errors from then on."""
        with suppress(OSError):
            os.close(self._master)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(lines, columns)
        self._set_size(columns, lines)
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGWINCH)

    def press(self, *keys: str) -> None:
        """Type keys, by name or by themselves."""
        os.write(self._master, "".join(KEYS.get(key, key) for key in keys).encode())

    def read(self, seconds: float) -> bytes:
        """Take in what is written within a time; return at the first piece."""
        ready, _, _ = select.select([self._master], [], [], max(seconds, 0.0))
        if not ready:
            return b""
        try:
            piece = os.read(self._master, 1 << 16)
        except OSError:  # the program has ended
            time.sleep(min(seconds, 0.01))
            return b""
        self.written += len(piece)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", piece))
        return piece

    def watch(self, seconds: float) -> None:
        """Take in all that is written within a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, text: str, seconds: float = 30.0, *, gone: bool = False) -> float:
        """Wait until a text is on the screen, or ``gone`` from it; return when, since the start.

        Raises:
            TimeoutError: it isn't in time; shows the screen.
        """
        end = time.monotonic() + seconds
        while (text in self.text) is gone:
            if time.monotonic() > end:
                state = "is still" if gone else "is not"
                raise TimeoutError(f"{text!r} {state} on the screen:\n{self.text}")
            self.read(0.05)
        return time.monotonic() - self.began

    def wait_for_end(self, seconds: float = 30.0) -> int:
        """Wait until the program has ended; return its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        if self.process.poll() is None:
            raise TimeoutError(f"the program is still running:\n{self.text}")
        while self.read(0.05):  # its last words
            pass
        return self.process.returncode


def _own_terminal(slave: int) -> None:
    """Make the new process the leader of a session on this terminal, which Ctrl-C ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
