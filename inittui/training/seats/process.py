"""A seat as its driver sees it: a process, what it is told, and what comes back."""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from inittui.training.seats.messages import (
    Answer,
    FromSeat,
    Lost,
    ToSeat,
    answer_of,
    content_of,
    send,
)
from inittui.user_code import child_environment

_LOOK_SECONDS = 0.1


def started(threads: int, folder: str | None = None) -> subprocess.Popen[bytes]:
    """Start a process that trains; it ends when its input is closed.

    Its directory is this one's, or ``folder`` where this machine has it.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "inittui.training.seats.work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A Ctrl-C is for the driver, which asks the seats to end in order.
        start_new_session=True,
        cwd=folder if folder and Path(folder).is_dir() else None,
        env=child_environment(OMP_NUM_THREADS=str(threads)),
    )


class SeatProcess:
    """One process that trains; it ends when this one does."""

    def __init__(self, name: str, threads: int, inbox: queue.Queue[Answer]) -> None:
        """Start it; what it says is put into ``inbox``."""
        self.name = name
        self._process = started(threads)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._inbox, self._is_over = inbox, False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, message: ToSeat) -> None:
        """Tell the process something; that it is gone comes as an answer."""
        with contextlib.suppress(OSError, ValueError):
            send(message, self._orders)

    def end(self) -> None:
        """End the process at once, and forget what it has still said."""
        self._is_over = True
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._orders, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()

    def _listen(self) -> None:
        while (content := content_of(self._answers)) is not None:
            self._say(answer_of(content))
        self._say(Lost(_how(self._process.wait())))

    def _say(self, message: FromSeat | Lost) -> None:
        while not self._is_over:
            with contextlib.suppress(queue.Full):
                self._inbox.put(Answer(self, message), timeout=_LOOK_SECONDS)
                return


def _how(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
