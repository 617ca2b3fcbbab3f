"""A run in a process of its own: started, and its person told how it is followed."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inittui.cli.console import note
from inittui.cli.new_run import new_run
from inittui.errors import ExitCode, MachineError, UsageError
from inittui.events.records import RunEnded, RunStarted
from inittui.experiment.records import Experiment
from inittui.runs import LogTail, RunDirectory, runs_root, summarize
from inittui.runs.launch import start_worker

if TYPE_CHECKING:
    import subprocess

_POLL_SECONDS = 0.05


def detach_and_tell(
    experiment: Experiment,
    runs_dir: Path | None,
    checkpoint_seconds: float | None = None,
    *,
    as_json: bool,
) -> None:
    """Start a run in a process of its own; print its ID, or an object with its id and path.

    Raises:
        InittuiError: it could not start; nothing is left behind.
    """
    run = detach(experiment, runs_dir, checkpoint_seconds)
    name = summarize(run).name
    told = {"id": run.id, "path": str(run.path), "name": name}
    typer.echo(json.dumps(told) if as_json else run.id)
    if sys.stderr.isatty():
        _tell_what_next(name or run.id, runs_dir)


def _tell_what_next(run: str, runs_dir: Path | None) -> None:
    """Say how a run that trains elsewhere is followed, stopped and shown."""
    there = [] if runs_dir is None else ["--runs-dir", str(runs_dir)]
    for what, words in (
        ("follow it", ["attach", run]),
        ("stop it", ["runs", "stop", run]),
        ("show what it has", ["runs", "show", run]),
    ):
        note(f"{what}: {shlex.join(['inittui', *words, *there])}")


def detach(
    experiment: Experiment, runs_dir: Path | None, checkpoint_seconds: float | None = None
) -> RunDirectory:
    """Start a run in a process of its own; return when it trains.

    Code that the experiment names was allowed by the person before.

    Raises:
        InittuiError: it could not start; nothing is left behind.
    """
    with new_run(runs_root(runs_dir), experiment) as run:
        worker = start_worker(run, trust=True, checkpoint_seconds=checkpoint_seconds)
        try:
            _wait_for_start(run, worker)
        except BaseException:
            worker.kill()
            worker.wait()
            raise
    return run


def _wait_for_start(run: RunDirectory, worker: subprocess.Popen[bytes]) -> None:
    """Return when a worker trains; raise what kept it from that."""
    tail = LogTail(run.log)
    while True:
        ended = worker.poll()
        for event in tail.poll():
            if isinstance(event, RunStarted):
                return
            if isinstance(event, RunEnded):
                worker.wait()
                error = UsageError if worker.returncode == ExitCode.USAGE else MachineError
                raise error(event.reason)
        if ended is not None:
            last = run.worker_log.read_text(encoding="utf-8", errors="replace").splitlines()
            raise MachineError(f"the run can't start: {(last or ['no message'])[-1]}")
        time.sleep(_POLL_SECONDS)
