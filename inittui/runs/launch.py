"""Starting and stopping the process that trains a run; it outlives whoever starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from inittui.errors import UsageError
from inittui.runs.directory import RunDirectory
from inittui.runs.lock import live_writer


def start_worker(run: RunDirectory) -> subprocess.Popen[bytes]:
    """Train a run in a process and a session of its own.

    What it prints goes to the run's worker log; it has no terminal and no standard input, for a
    child that shares a terminal's input hangs on what the terminal sends.
    """
    with run.worker_log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "inittui.worker", str(run.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
        )


def stop_worker(run: RunDirectory) -> None:
    """Ask the process that writes this run to end it in order; it may take a moment.

    The run's lock says who that is, so a process that happens to have an old ID is never asked.

    Raises:
        UsageError: no process on this host writes the run.
    """
    holder = live_writer(run)
    if holder is None:
        raise UsageError(f"run {run.id} isn't running")
    if not holder.is_here or holder.pid <= 0:
        raise UsageError(f"run {run.id} is written by {holder}; stop it there")
    os.kill(holder.pid, signal.SIGTERM)
