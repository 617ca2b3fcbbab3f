"""Writing a run's log: whole lines, by one process at a time."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from inittui.errors import MachineError
from inittui.events.records import Event, RunEnded, encode
from inittui.files import open_regular, sync_directory
from inittui.runs.chain import BEGIN, add_checksum, last_checksum
from inittui.runs.decoding import CANCEL, MAXIMUM_LINE
from inittui.runs.directory import RunDirectory
from inittui.runs.lock import RunBusyError, WriterLock


class LogWriteError(MachineError):
    """The log can't be written; what it holds is whole."""

    def __init__(
        self, message: str, *, reason: str = "", may_pass: bool = False, lacks_room: bool = False
    ) -> None:
        """Take the message; the ``reason`` is its part that the system gave."""
        super().__init__(message)
        self.reason = reason
        self.may_pass = may_pass
        """Whether it may be written later, as where a full disk gets room."""
        self.lacks_room = lacks_room


class LogWriter:
    """Appends to a run's log from `__enter__` to `__exit__`; of one thread at a time."""

    def __init__(self, run: RunDirectory, *, size: int | None = None) -> None:
        """Take a run; ``size`` is what its log must have for what was read of it to be true."""
        self._run = run
        self._size = size
        self._lock = WriterLock(run)
        self._file = -1
        self._last = BEGIN
        """The checksum of the log's last line."""
        self._torn = False
        self._is_new = False
        self._unsynced = False
        self._failed = False

    def __enter__(self) -> Self:
        """Take the run's lock and open its log.

        Raises:
            RunBusyError: another process writes this run, or has written it meanwhile.
            LogWriteError: the log can't be opened.
        """
        try:
            self._lock.acquire()
        except OSError as error:
            raise self._failure(error) from None
        try:
            self._open()
        except BaseException as error:
            self._close()
            if isinstance(error, OSError):
                raise self._failure(error) from None
            raise
        return self

    @property
    def remark(self) -> str:
        """What the person should know of how the run is kept; "" for nothing."""
        trouble = self._lock.trouble
        if not trouble:
            return ""
        return (
            f"files can't be locked in {self._run.path.parent} ({trouble}); the note "
            f"{self._run.holder_file.name} keeps others from writing this run"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait until the disk has the log, and let others write it.

        Raises:
            LogWriteError: the disk didn't take it; only where nothing else went wrong before.
        """
        told = self._failed or error is not None
        try:
            if self._unsynced:
                self.sync()
        except LogWriteError:
            if not told:
                raise
        finally:
            self._close()

    @property
    def is_open(self) -> bool:
        """Whether it was entered and not left yet."""
        return self._file >= 0

    def write(self, event: Event) -> None:
        """Append one event; the last one of a run is on disk when this returns.

        Raises:
            LogWriteError: it can't be written; nothing of it is in the log.
        """
        self.write_many((event,))

    def write_many(self, events: Iterable[Event]) -> None:
        """Append events, all of them or none; raises as `write`."""
        events = list(events)
        lines = []
        last = self._last
        for event in events:
            line, last = add_checksum(encode(event), last)
            lines.append(line)
        longest = max(map(len, lines), default=0)
        if longest > MAXIMUM_LINE:
            raise self._failure(OSError(None, f"an event of {longest:,} bytes is too long"))
        self._append(b"".join(lines))
        self._last = last
        if any(isinstance(event, RunEnded) for event in events):
            self.sync()

    def sync(self) -> None:
        """Wait until the disk has what was written.

        Raises:
            LogWriteError: it can't take it.
        """
        self._unsynced = False
        try:
            os.fsync(self._file)
            if self._is_new:  # a power cut must not take its name back
                with suppress(FileNotFoundError):  # that it was removed is told by `write`
                    sync_directory(self._run.path)
                self._is_new = False
        except OSError as error:
            raise self._failure(error) from None

    def _open(self) -> None:
        self._file = open_regular(self._run.log, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        size = os.fstat(self._file).st_size
        self._is_new = size == 0
        if self._size not in (None, size):
            raise RunBusyError(
                f"run {self._run.id} was written by another process meanwhile; 'inittui runs show "
                f"{self._run.id}' shows how far it has come"
            )
        self._torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
        self._last = last_checksum(self._file, size, 2 * MAXIMUM_LINE)

    def _append(self, lines: bytes) -> None:
        if self._torn:
            lines = CANCEL + b"\n" + lines
        try:
            before = os.fstat(self._file)
            if before.st_nlink == 0:
                raise FileNotFoundError(None, "it was removed")
            if self._lock.is_lost:
                raise PermissionError(None, "another process has taken the run over")
            self._write_all(lines, before.st_size)
        except OSError as error:
            raise self._failure(error) from None
        self._torn = False
        self._unsynced = True

    def _write_all(self, content: bytes, end: int) -> None:
        """Write all after byte ``end`` or, as far as the file system allows it, nothing."""
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except BaseException:
            if len(left) < len(content):
                self._cut_back(end)
            raise

    def _cut_back(self, end: int) -> None:
        try:
            os.ftruncate(self._file, end)
        except OSError:
            self._torn = True

    def _failure(self, error: OSError) -> LogWriteError:
        self._failed = True
        reason = error.strerror or str(error)
        return LogWriteError(
            f"run {self._run.id}: the log can't be written: {reason}",
            reason=reason,
            may_pass=error.errno is not None,  # the system's own errors; ours have no number
            lacks_room=error.errno in (errno.ENOSPC, errno.EDQUOT),
        )

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._lock.release()
