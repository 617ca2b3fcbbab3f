"""`inittui` processes that are many, killed or limited, and what the runs they leave come to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.runs import RunDirectory, load_state
from tests.support.commands import Result, wait_until

_SERVER = Path(__file__).with_name("launch_server.py")


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


def the_run(root: Path) -> RunDirectory:
    """Return the only run in a directory."""
    (path,) = (path for path in root.iterdir() if path.is_dir())
    return RunDirectory(path)


def essence(run: RunDirectory) -> list[dict[str, Any]]:
    """Return everything that a run measured, bit by bit, without clocks."""
    state, damage = load_state(run)
    assert not damage.is_damaged, damage.messages()
    _assert_nothing_doubled(state)
    return [_trial(trial) for trial in state.trials]


def _trial(trial: TrialState) -> dict[str, Any]:
    return {
        "scheme": trial.scheme,
        "seed": trial.seed,
        "status": trial.status,
        "reason": trial.reason,
        "losses": trial.losses.tobytes(),
        "start": trial.start,
        "epochs": [msgspec.structs.replace(e, at=0.0, seconds=0.0) for e in trial.epochs],
        "validations": [msgspec.structs.replace(v, at=0.0) for v in trial.validations],
        "probes": [
            msgspec.to_builtins(msgspec.structs.replace(p, at=0.0, seconds=None), str_keys=True)
            for p in trial.probes
        ],
    }


def _assert_nothing_doubled(state: RunState) -> None:
    for trial in state.trials:
        assert trial.steps <= state.total_steps
        epochs = [event.epoch for event in trial.epochs]
        assert epochs == list(range(1, len(epochs) + 1))
        moments = [(event.when, event.step) for event in trial.probes]
        assert len(moments) == len(set(moments))
        steps = [event.step for event in trial.validations]
        assert len(steps) == len(set(steps))


SETTINGS = (
    "rule", "default", "--hidden", "32", "--limit", "2600", "--batch-size", "20",
    "--epochs", "6",
)  # fmt: skip


class Interrupted:
    """One killed run, and what it would have measured."""

    def __init__(self, inittui: Launcher, root: Path) -> None:
        result = inittui.run("compare", *SETTINGS, "-q", "--runs-dir", root / "whole")
        assert result.code == 0, result.err
        self.essence = essence(the_run(root / "whole"))
        self._root = root / "killed"
        for _ in range(10):
            if self._kill_one(inittui):
                return
        raise AssertionError("no run could be killed between its first checkpoint and its end")

    def _kill_one(self, inittui: Launcher) -> bool:
        shutil.rmtree(self._root, ignore_errors=True)
        options = ("-q", "--checkpoint-every", "0.1", "--runs-dir", self._root)
        process = inittui.start("compare", *SETTINGS, *options)
        with suppress(AssertionError):
            wait_until(lambda: any(self._root.glob("*/checkpoints/stack-*")), 30)
        process.kill()
        return process.wait().code == -9 and any(self._root.glob("*/checkpoints/stack-*"))

    def copy(self, root: Path) -> RunDirectory:
        """Return a copy of the run, the only one in a new runs directory."""
        shutil.copytree(self._root, root, symlinks=True)
        return the_run(root)
