"""`inittui` processes for tests that start many of them, kill them, or limit what they may do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SERVER = Path(__file__).with_name("launch_server.py")


@dataclass(frozen=True)
class Result:
    """What a process came to; the code is negative where a signal ended it."""

    code: int
    out: str
    err: str
    peak: int
    """The most memory that it had, in bytes: about 350 MB of it are torch."""


@dataclass(frozen=True)
class Started:
    """A process that runs, until it was waited for."""

    process: int
    _launcher: Launcher

    def kill(self) -> None:
        """End it with SIGKILL; it may have ended before, for nobody else takes its end."""
        os.kill(self.process, signal.SIGKILL)

    def wait(self, seconds: float = 120.0) -> Result:
        """Return what it came to; one that takes longer is killed."""
        answer = self._launcher.ask(do="wait", process=self.process, seconds=seconds)
        if answer["code"] is None:
            self.kill()
            answer = self._launcher.ask(do="wait", process=self.process, seconds=60)
            raise AssertionError(f"still running after {seconds:.0f} s: {answer}")
        return Result(answer["code"], answer["out"], answer["err"], answer["peak"])


class Launcher:
    """Starts processes by forking one that has everything loaded: 0.3 s instead of 3."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer

    def start(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        umask: int | None = None,
        file_bytes: int | None = None,
        **environment: str,
    ) -> Started:
        """Start `inittui` with these arguments.

        Args:
            arguments: the command line.
            cwd: the working directory.
            umask: of the new process.
            file_bytes: the size that no file which it writes can exceed.
            environment: variables added to the test's.
        """
        own = {key: value for key, value in os.environ.items() if key.startswith(("INIT", "XDG"))}
        answer = self.ask(
            do="start",
            arguments=[str(argument) for argument in arguments],
            cwd=str(cwd or Path.cwd()),
            umask=umask,
            file_bytes=file_bytes,
            environment=own | environment,
        )
        return Started(answer["process"], self)

    def run(self, *arguments: str | Path, **options: Any) -> Result:
        """Start a process and wait for its end."""
        return self.start(*arguments, **options).wait()


@contextmanager
def launcher() -> Iterator[Launcher]:
    server = subprocess.Popen(
        [sys.executable, str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield Launcher(server)
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()
