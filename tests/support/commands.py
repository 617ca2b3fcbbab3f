"""`inittui` as a person or a script runs it, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Invoked
from typer.testing import CliRunner

from inittui.cli.main import app, main
from inittui.errors import UsageError

INITTUI = str(Path(sys.executable).with_name("inittui"))
MAIN = "from inittui.cli.main import main; main()"
"""The command as an argument of `python -c`."""

Completed = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Result:
    """What a command came to; the code is negative where a signal ended its process."""

    code: int
    out: str
    err: str
    peak: int = 0
    """The most memory that its process had, in bytes: about 350 MB of it are torch."""


Command = Callable[..., Result]


def command_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command in this process, errors as lines on stderr."""

    def command(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["inittui", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return Result(int(str(code or 0)), out, err)

    return command


def invoke(*arguments: str) -> Invoked:
    """Run a command in this process; its error is `exception`."""
    return CliRunner().invoke(app, arguments, standalone_mode=False)


def run(*arguments: str) -> str:
    """Return what a command prints; its error is raised."""
    done = invoke(*arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def document(*arguments: str) -> Any:
    """Return the JSON document of a command."""
    return json.loads(run(*arguments, "--json"))


def refused(*arguments: str) -> str:
    """Return how a command refuses what is wrong."""
    with pytest.raises(UsageError) as caught:
        run(*arguments)
    return str(caught.value)


def python(code: str, *arguments: str, check: bool = True, **environment: str) -> Completed:
    """Run code in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment}, check=check, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def inittui(*arguments: str, **environment: str) -> Completed:
    """Run the installed command in a new process, without a terminal."""
    return subprocess.run(
        [INITTUI, *arguments], capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it takes too long.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
