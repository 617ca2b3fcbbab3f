"""Starting and stopping the process that trains a run; it outlives whoever starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

from inittui.errors import MachineError, UsageError
from inittui.files import open_regular
from inittui.runs.directory import RunDirectory
from inittui.runs.lock import live_writer
from inittui.runs.processes import PROCESSES
from inittui.user_code import child_environment


def start_worker(
    run: RunDirectory,
    *,
    resume: bool = False,
    trust: bool = False,
    checkpoint_seconds: float | None = None,
    starts: bool = False,
    draw: int | None = None,
) -> subprocess.Popen[bytes]:
    """Train a run in a process and a session of its own.

    What it prints goes to the run's worker log; it has no terminal and no standard input, for a
    child that shares a terminal's input hangs on what the terminal sends.

    Args:
        run: its directory, with its experiment in it.
        resume: go on with what a process before has left.
        trust: import the code that the experiment names.
        checkpoint_seconds: how often long epochs are saved; None is the engine's default.
        starts: measure the models as they start; train nothing.
        draw: draw so many values of the experiment's first scheme; train nothing.

    Raises:
        MachineError: the worker's log is no regular file.
        OSError: it can't be written.
    """
    options = [*(["--resume"] if resume else []), *(["--trust"] if trust else [])]
    if checkpoint_seconds is not None:
        options += ["--checkpoint-every", str(checkpoint_seconds)]
    options += ["--starts"] if starts else []
    if draw is not None:
        options += ["--draw", str(draw)]
    log = open_regular(run.worker_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with open(log, "ab") as output:  # noqa: PTH123 (a descriptor)
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "inittui.recording.worker", *options, str(run.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
            env=child_environment(),
        )


def stop_worker(run: RunDirectory) -> None:
    """Ask the process that writes this run to end it in order; it may take a moment.

    A process that happens to have an old ID is never asked: the run's lock says whether anybody
    writes it, and who is named in its note must have the lock open.

    Raises:
        UsageError: no process on this host that is known writes the run.
        MachineError: it belongs to another user.
    """
    holder = live_writer(run, wait=True)
    if holder is None:
        raise UsageError(f"run {run.id} isn't running")
    if not holder.pid:
        raise UsageError(f"run {run.id} is written by a process that left no note; try again")
    if not holder.is_here:
        raise UsageError(f"run {run.id} is written by {holder}; stop it there")
    try:
        _terminate(holder.pid, run)
    except ProcessLookupError:
        raise UsageError(
            f"run {run.id} is written by another process than {holder}, which its note names; "
            "nothing was stopped"
        ) from None
    except PermissionError:
        raise MachineError(f"run {run.id} is written by {holder}, another user's process") from None


def _terminate(process: int, run: RunDirectory) -> None:
    """Send SIGTERM to a process if it has the run's lock open.

    Raises:
        ProcessLookupError: there is no such process, or it has nothing to do with the run.
        PermissionError: it belongs to another user.
    """
    if not hasattr(os, "pidfd_open"):
        _check_writer(process, run)
        os.kill(process, signal.SIGTERM)
        return
    # From here on the ID can't become another process's.
    handle = os.pidfd_open(process)
    try:
        _check_writer(process, run)
        signal.pidfd_send_signal(handle, signal.SIGTERM)
    finally:
        os.close(handle)


def _check_writer(process: int, run: RunDirectory) -> None:
    """Raise `ProcessLookupError` for a process that hasn't the run's lock open, as far as known."""
    if not PROCESSES.is_dir():  # only Linux tells
        return
    lock = run.lock.lstat()
    for opened in (PROCESSES / str(process) / "fd").iterdir():
        with suppress(FileNotFoundError):
            if os.path.samestat(opened.stat(), lock):
                return
    raise ProcessLookupError
