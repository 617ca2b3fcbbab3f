"""Whether somebody on another machine still writes a run: its sign of life must change.

Two machines' clocks may be hours apart, and a file's time may be any. So no time that somebody
wrote down is compared with another: a writer counts up in a file, and who asks looks twice.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from inittui.errors import MachineError
from inittui.files import open_regular, read_small

if TYPE_CHECKING:
    from inittui.runs.directory import RunDirectory

BEAT_SECONDS = 1.0
"""How often a writer counts up."""

LOOK_SECONDS = 3.5
"""How long one sign of life may stand: three beats, and some time for a busy machine or disk."""

CHANGE_SECONDS = 30.0
"""How long it has to stand before a run is taken over or removed: a writer that stood still for
seconds, as a network's file system can make it, goes on afterwards."""

_ASK_SECONDS = 0.1


class Heartbeat:
    """Counts up in a run's directory from `start` to `stop`."""

    def __init__(self, run: RunDirectory, is_anothers: Callable[[], bool]) -> None:
        """Take a run; ``is_anothers`` says whether another process has taken it over."""
        self._path = run.beat_file
        self._is_anothers = is_anothers
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.is_lost = False
        """Whether another process has taken the run over."""

    def start(self) -> None:
        """Begin; a directory that can't be written to has no heartbeat."""
        self._count(0, os.O_CREAT)
        self._thread.start()

    def stop(self) -> None:
        """End; the file goes, unless it is somebody else's now."""
        self._ended.set()
        self._thread.join()
        if not self._is_anothers():
            with suppress(OSError):
                self._path.unlink()

    def _beat(self) -> None:
        beat = 0
        while not self._ended.wait(BEAT_SECONDS):
            if self._is_anothers():
                self.is_lost = True
                return
            beat += 1
            self._count(beat)

    def _count(self, beat: int, flags: int = 0) -> None:
        # Opened anew each time, and not made anew: closing it makes NFS tell the others, and a run
        # that was removed stays removed.
        with suppress(OSError, MachineError):
            descriptor = open_regular(self._path, os.O_WRONLY | flags)
            try:
                os.pwrite(descriptor, b"%020d\n" % beat, 0)
            finally:
                os.close(descriptor)


_Sign = tuple[bytes, bytes, int]

_seen: dict[Path, tuple[_Sign, float]] = {}
"""The last sign of life of each run, and when this process first saw it, by its monotonic clock.
It is kept from look to look, so that a screen that asks again and again never has to wait."""


def beats(run: RunDirectory, *, wait: bool, to_change: bool = False) -> bool:
    """Whether a run's sign of life changes.

    Args:
        run: its directory.
        wait: look until that is known, for `LOOK_SECONDS` at most; else a sign that was not seen
            for so long yet counts as life.
        to_change: look for `CHANGE_SECONDS`, for the run is to be taken over or removed.
    """
    patience = CHANGE_SECONDS if to_change else LOOK_SECONDS
    sign, now = _sign(run), time.monotonic()
    known = _seen.get(run.path)
    if known is None or known[0] != sign:
        _seen[run.path] = (sign, now)
        if known is not None and now - known[1] < 2 * LOOK_SECONDS:
            return True
        known = (sign, now)
    until = known[1] + patience
    while wait and time.monotonic() < until:
        time.sleep(_ASK_SECONDS)
        found = _sign(run)
        if found != sign:
            _seen[run.path] = (found, time.monotonic())
            return True
    return time.monotonic() < until


def _sign(run: RunDirectory) -> _Sign:
    """Return what changes as long as somebody writes a run."""
    content: list[bytes] = []
    for path in (run.beat_file, run.holder_file):
        try:
            content.append(read_small(path, 10_000))
        except (OSError, MachineError):
            content.append(b"")
    size = 0
    with suppress(OSError):
        size = run.log.lstat().st_size
    return content[0], content[1], size
