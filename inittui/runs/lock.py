"""One writer per run: a lock that ends with its process, and a note of who holds it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import msgspec

from inittui.errors import ExitCode, InittuiError, MachineError
from inittui.files import open_regular, read_small, write_whole
from inittui.runs import processes
from inittui.runs.heartbeat import Heartbeat, beats
from inittui.text import sanitize

if TYPE_CHECKING:
    from inittui.runs.directory import RunDirectory

_WAIT_SECONDS = 0.5
"""How long to try for the lock: somebody who only asks whether it is held does so for less."""

_ASK_SECONDS = 0.05

_SETTLE_SECONDS = 0.3
"""Where locks don't work, how long a note must stand before its writer believes to be alone."""


class RunBusyError(MachineError):
    """Another process writes the run, or has done so since it was looked at.

    Nothing is wrong with the machine: whoever comes second, be it to write or to remove, always
    gets the same code.
    """

    exit_code = ExitCode.USAGE


class Holder(msgspec.Struct, frozen=True):
    """The process that writes a run."""

    host: str
    pid: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    since: float
    """When it took the lock, in seconds since 1970; for people, never compared."""
    machine: str = ""
    """As `processes.machine` has it; "" in an older note."""
    started: int | None = None
    """As `processes.start_of` has it."""
    token: str = ""
    """A random text: no two notes are alike."""
    locks: bool = True
    """Whether it holds the run's lock; it can't where the file system has none."""

    @property
    def is_here(self) -> bool:
        """Whether it runs, or ran, on this host, where its process ID means something."""
        return self.host == socket.gethostname() and self.machine in ("", processes.machine())

    def __str__(self) -> str:
        if not self.host:
            return "another process"
        return f"pid {self.pid} on host {sanitize(self.host, 80)}"


_UNKNOWN = Holder(host="", pid=0, since=0.0)
"""Somebody who holds the lock and has left no note, or not yet."""


class WriterLock:
    """The right to write a run's log, held from `acquire` to `release` or the process's end.

    Where the file system has no locks, the note alone says who writes: it is believed as long as
    its process lives, or its heartbeat goes on where that is another machine's. Two who begin in
    the same moment see from the note who was later, and only that one goes on.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._descriptor = -1
        self._heart: Heartbeat | None = None
        self._note: Holder | None = None
        self.trouble = ""
        """Why the file system's locks can't be used; "" where they can."""

    @property
    def is_lost(self) -> bool:
        """Whether another process has taken the run over, because somebody insisted."""
        return self._heart is not None and self._heart.is_lost

    def acquire(self) -> None:
        """Take the lock and leave a note who holds it.

        Raises:
            RunBusyError: another process, which is named, writes this run.
            MachineError: the lock is no regular file.
            OSError: the directory can't be written to.
        """
        if not self._run.path.is_dir():
            raise FileNotFoundError(None, "its directory is gone")
        self._descriptor = open_regular(self._run.lock, os.O_RDWR | os.O_CREAT)
        try:
            self._lock()
            self._leave_note()
        except BaseException:
            self._close()
            raise
        self._heart = Heartbeat(self._run, self._is_anothers)
        self._heart.start()

    def _lock(self) -> None:
        until = time.monotonic() + _WAIT_SECONDS
        while (held := _try_lock(self._descriptor, fcntl.LOCK_EX)) is True:
            if time.monotonic() >= until:
                raise _busy(self._run, read_holder(self._run))
            time.sleep(_ASK_SECONDS)
        self.trouble = held or ""
        note = read_holder(self._run)
        # With the lock in hand, only one who couldn't lock may still write.
        if note is not None and not (note.locks and not held) and _lives_here(note):
            raise _busy(self._run, note)

    def _leave_note(self) -> None:
        self._note = Holder(
            host=socket.gethostname(),
            pid=os.getpid(),
            since=time.time(),
            machine=processes.machine(),
            started=processes.start_of(os.getpid()),
            token=os.urandom(8).hex(),
            locks=not self.trouble,
        )
        write_whole(self._run.holder_file, msgspec.json.encode(self._note), durable=False)
        if self.trouble:
            time.sleep(_SETTLE_SECONDS)
            found = read_holder(self._run)
            if found != self._note:
                raise _busy(self._run, found)

    def _is_anothers(self) -> bool:
        """Whether somebody else's note stands there; one that is gone or damaged is nobody's."""
        found = read_holder(self._run)
        return found is not None and found != self._note

    def release(self) -> None:
        """Give the lock back; the note goes first, for the next holder writes its own."""
        if self._heart is not None:
            self._heart.stop()
        if self._descriptor >= 0 and not self._is_anothers():
            with suppress(OSError):
                self._run.holder_file.unlink()
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)  # and with it goes the lock
            self._descriptor = -1


def _busy(run: RunDirectory, holder: Holder | None) -> RunBusyError:
    return RunBusyError(f"run {run.id} is being written by {holder or _UNKNOWN}")


def read_holder(run: RunDirectory) -> Holder | None:
    """Return who holds or last held the lock; None if that isn't known or it ended in order."""
    with suppress(OSError, InittuiError, msgspec.MsgspecError, ValueError, RecursionError):
        return msgspec.json.decode(read_small(run.holder_file, 10_000), type=Holder)
    return None


def live_writer(run: RunDirectory, *, wait: bool = False, to_change: bool = False) -> Holder | None:
    """Return the process that writes the run now; None if there is none.

    Where the file system locks, the lock decides, not the process ID, which may be another
    process's by now. Where it doesn't, the process decides. Whether one of another machine lives
    is told by its heartbeat.

    Args:
        run: its directory.
        wait: look for up to `heartbeat.LOOK_SECONDS` until it is known whether another machine's
            process lives; else one of which nothing was seen yet counts as alive.
        to_change: the run is to be taken over or removed if there is none: look for up to
            `heartbeat.CHANGE_SECONDS`.
    """
    holder = read_holder(run)
    held = _is_locked(run)
    if held is True:
        return holder or _UNKNOWN
    if holder is None:
        return None
    if not holder.is_here:
        return holder if beats(run, wait=wait, to_change=to_change) else None
    is_unlocked = held is False and holder.locks
    return holder if not is_unlocked and _lives_here(holder) else None


def _lives_here(holder: Holder) -> bool:
    return holder.is_here and processes.lives(holder.pid, holder.started)


def _is_locked(run: RunDirectory) -> bool | None:
    """Whether somebody holds the run's lock; None where the file system has no locks.

    A shared lock is asked for, which those who ask at the same time don't keep from each other.
    """
    try:
        descriptor = open_regular(run.lock)
    except (OSError, MachineError):
        return False
    try:
        held = _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
    return None if isinstance(held, str) else held


def _try_lock(descriptor: int, kind: int) -> bool | str:
    """Try for a lock: False where it is taken now, True where another has it, else why not.

    Lustre without flock answers ENOSYS, NFS without its lock manager ENOLCK, others EOPNOTSUPP or
    EIO, a policy of the system's EACCES: whatever it is, nobody can lock there.
    """
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            return True
        return error.strerror or str(error)
    return False
