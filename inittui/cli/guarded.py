"""Somebody's model at work in this process: its output kept off stdout, its time limited."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from inittui.errors import ExitCode, UsageError
from inittui.text import sanitize

_GRACE = 5.0
"""Seconds after which code that took no notice is ended with the process."""


class _TimeUp(BaseException):
    """Passes what catches exceptions and goes on."""


@contextmanager
def guarded(reference: str, seconds: float) -> Iterator[None]:
    """Let somebody's code run in the block; what it prints, from C too, goes to stderr.

    A process that it forks, and that comes out of the block, ends there.

    Raises:
        UsageError: it takes longer than ``seconds``. Where it holds on even so, as a loop that
            catches everything does, the process ends with that line.
    """
    process = os.getpid()
    line = f"{reference} took longer than {seconds:g} s; --timeout gives it more"
    try:
        with _limited(seconds, line), _stdout_kept():
            yield
    except _TimeUp:
        raise UsageError(sanitize(line)) from None
    finally:
        if os.getpid() != process:
            os._exit(ExitCode.DONE)


@contextmanager
def _limited(seconds: float, line: str) -> Iterator[None]:
    def give_up(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise _TimeUp

    def end() -> None:
        os.write(2, f"inittui: {sanitize(line)}\n".encode("ascii", "replace"))
        os._exit(ExitCode.USAGE)

    timer = threading.Timer(seconds + _GRACE, end)
    timer.daemon = True
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    timer.start()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        timer.cancel()


@contextmanager
def _stdout_kept() -> Iterator[None]:
    """Let file descriptor 1 be stderr's; Python's own stdout, which others redirect, stays."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # closed
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
