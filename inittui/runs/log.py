"""Reading a run's log: all of it, or what is new since the last look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inittui.events.records import Event
from inittui.files import open_regular
from inittui.runs.damage import Damage
from inittui.runs.decoding import LogDecoder
from inittui.runs.directory import RunDirectory

_CHUNK = 2**16
"""Bytes read at once: what is in memory of a log of any size."""

_END = 2**20
"""Bytes in which the last events of a run lie: its end, and that it went on."""

_POLL_BYTES = 8 * 2**20
"""Bytes read in one poll at most, so that whoever draws meanwhile isn't kept waiting."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """All that a log holds."""

    events: list[Event]
    damage: Damage


def iter_log(path: Path, damage: Damage | None = None) -> Iterator[Event]:
    """Yield a log's events; what is damaged is left out and noted in ``damage``.

    Memory doesn't grow with the log. A last line that is still being written is left out.

    Raises:
        MachineError: the log is not a regular file.
        OSError: it can't be read.
    """
    decoder = LogDecoder(damage)
    with open(open_regular(path), "rb", buffering=0) as file:  # noqa: PTH123 (a descriptor)
        while chunk := file.read(_CHUNK):
            yield from decoder.feed(chunk)
    yield from decoder.finish()


def read_ends(path: Path, most: int) -> list[Event]:
    """Return the first event of a log and those at its end.

    Args:
        path: the log.
        most: bytes in which the first line has to end.

    Raises:
        MachineError: the log is not a regular file.
        OSError: it can't be read.
    """
    with open(open_regular(path), "rb") as file:  # noqa: PTH123 (a descriptor)
        size = os.fstat(file.fileno()).st_size
        events = LogDecoder().feed(file.readline(most))
        file.seek(max(size - _END, 0))
        _, _, end = file.read(_END).partition(b"\n")
    decoder = LogDecoder(from_start=False)
    return events + decoder.feed(end) + decoder.finish()


def read_log(path: Path) -> LogReading:
    """Return a log's events in a list, with what is wrong with it; raises as `iter_log`."""
    damage = Damage()
    return LogReading(list(iter_log(path, damage)), damage)


def log_size(run: RunDirectory) -> int:
    """Return how many bytes a run's log has; 0 where there is none."""
    try:
        return run.log.lstat().st_size
    except OSError:
        return 0


class LogTail:
    """Reads what has been appended to a log since the last poll."""

    def __init__(self, path: Path) -> None:
        """Start at the beginning of the log, which need not exist yet."""
        self._path = path
        self._start_over()
        self.generation = 0
        """Grows when the log was truncated or replaced: what was read before is void, and the
        events that come now are those of the whole log."""

    @property
    def damage(self) -> Damage:
        """What was found wrong so far."""
        return self._decoder.damage

    def _start_over(self) -> None:
        self._decoder = LogDecoder()
        self._offset = 0
        self._inode: int | None = None

    def poll(self) -> list[Event]:
        """Return the events of the lines that have become whole; no more than 8 MB at once.

        Raises:
            MachineError: the log is not a regular file.
            OSError: it can't be read; that it doesn't exist is no error.
        """
        try:
            descriptor = open_regular(self._path)
        except FileNotFoundError:
            return []
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 (a descriptor)
            now = os.fstat(descriptor)
            if self._inode not in (None, now.st_ino) or now.st_size < self._offset:
                self._start_over()
                self.generation += 1
            self._inode = now.st_ino
            file.seek(self._offset)
            return self._read(file.read(_POLL_BYTES))

    def _read(self, content: bytes) -> list[Event]:
        self._offset += len(content)
        return self._decoder.feed(content)
