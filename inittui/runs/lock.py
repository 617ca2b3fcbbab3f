"""One writer per run: a lock that ends with its process, and a note of who holds it."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import msgspec

from inittui.errors import ExitCode, InittuiError, MachineError
from inittui.files import open_regular, read_small, write_whole
from inittui.text import sanitize

if TYPE_CHECKING:
    from inittui.runs.directory import RunDirectory

_WAIT_SECONDS = 0.5
"""How long to try for the lock: somebody who only asks whether it is held does so for less."""

_RECENT_SECONDS = 600.0
"""A log that another host wrote to so recently is taken for live where locks don't reach."""


class RunBusyError(MachineError):
    """Another process writes the run, or has done so since it was looked at.

    Nothing is wrong with the machine: whoever comes second always gets the same code.
    """

    exit_code = ExitCode.USAGE


class Holder(msgspec.Struct, frozen=True):
    """The process that writes a run."""

    host: str
    pid: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    since: float
    """When it took the lock, in seconds since 1970."""

    @property
    def is_here(self) -> bool:
        """Whether it runs, or ran, on this host."""
        return self.host == socket.gethostname()

    def __str__(self) -> str:
        if not self.host:
            return "another process"
        return f"pid {self.pid} on host {sanitize(self.host, 80)}"


_UNKNOWN = Holder(host="", pid=0, since=0.0)
"""Somebody who holds the lock and has left no note, or not yet."""


class WriterLock:
    """The right to write a run's log, held from `acquire` to `release` or the process's end."""

    def __init__(self, run: RunDirectory) -> None:
        from filelock import FileLock

        self._run = run
        self._lock = FileLock(run.lock, timeout=_WAIT_SECONDS, thread_local=False)

    def acquire(self) -> None:
        """Take the lock and leave a note who holds it.

        Raises:
            RunBusyError: another process, which is named, writes this run.
            OSError: the directory can't be written to.
        """
        from filelock import Timeout

        if not self._run.path.is_dir():  # filelock would make it anew
            raise FileNotFoundError(None, "its directory is gone")
        try:
            self._lock.acquire()
        except Timeout:
            holder = read_holder(self._run) or _UNKNOWN
            raise RunBusyError(f"run {self._run.id} is being written by {holder}") from None
        try:
            holder = Holder(host=socket.gethostname(), pid=os.getpid(), since=time.time())
            write_whole(self._run.holder_file, msgspec.json.encode(holder), durable=False)
        except BaseException:
            self._lock.release()
            raise

    def release(self) -> None:
        """Give the lock back; the note goes first, for the next holder writes its own."""
        with suppress(OSError):
            self._run.holder_file.unlink()
        self._lock.release()


def read_holder(run: RunDirectory) -> Holder | None:
    """Return who holds or last held the lock; None if that isn't known or it ended in order."""
    with suppress(OSError, InittuiError, msgspec.MsgspecError, ValueError, RecursionError):
        return msgspec.json.decode(read_small(run.holder_file, 10_000), type=Holder)
    return None


def live_writer(run: RunDirectory) -> Holder | None:
    """Return the process that writes the run now; None if there is none.

    The lock decides, not the process ID, which may be another process's by now. Where a file
    system doesn't carry locks between hosts, a log written to lately by another one is live.
    """
    holder = read_holder(run)
    if _is_locked(run):
        return holder or _UNKNOWN
    if holder is None or holder.is_here:
        return None
    with suppress(OSError):
        if time.time() - run.log.lstat().st_mtime < _RECENT_SECONDS:
            return holder
    return None


def _is_locked(run: RunDirectory) -> bool:
    """Ask for a shared lock, which those who ask at the same time don't keep from each other."""
    try:
        descriptor = open_regular(run.lock)
    except (OSError, MachineError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False
