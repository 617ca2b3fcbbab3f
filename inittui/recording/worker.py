"""The process that trains: engine → log; `python -m inittui.recording.worker RUN_DIR`.

The command line records in its own process; the terminal UI and detached runs start this module
in a session of its own, so that neither a closed terminal nor a crash of the screen stops it.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    sys.path.pop(0)  # `python -m` looks in the current directory first

import argparse
import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from inittui.errors import ExitCode, InittuiError, MachineError
from inittui.events.records import RunEnded, RunStatus
from inittui.recording.recorder import Recorder, failed
from inittui.recording.resume import open_resumption
from inittui.runs import LogWriter, RunBusyError, RunDirectory, read_experiment, summarize

NICENESS = 10
"""How far a worker steps back, so that a screen on the same machine stays quick."""


def work(
    run: RunDirectory,
    *,
    resume: bool = False,
    trust: bool = False,
    checkpoint_seconds: float | None = None,
    starts: bool = False,
    draw: int | None = None,
) -> ExitCode:
    """Train a run's experiment until it ends or SIGTERM asks for an orderly stop.

    With ``starts`` its models are only measured as they start; with ``draw`` so many values of its
    first scheme are drawn.
    """
    began = time.time()
    os.nice(NICENESS)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resumption = open_resumption(run) if resume else None
    except InittuiError as error:  # nothing about it belongs into the log
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    recorder: Recorder | None = None
    try:
        if starts or draw is not None:
            _record_untrained(run, asked, trust=trust, draw=draw)
            return ExitCode.DONE
        recorder = (
            Recorder.of_resumption(resumption, trust=trust, checkpoint_seconds=checkpoint_seconds)
            if resumption
            else _new_recorder(run, trust=trust, checkpoint_seconds=checkpoint_seconds)
        )
        _keep_freed_memory()
        for _ in recorder.events(should_stop=asked.is_set, command=sys.argv, process_started=began):
            pass
        summarize(run, whole=True)  # so that no list has to read the log
    except RunBusyError as error:  # the log is the other's
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except InittuiError as error:
        if recorder is None or not recorder.has_told_failure:
            _tell_failure(run, str(error))
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BaseException as error:
        if recorder is None or not recorder.has_told_failure:
            _tell_failure(run, f"{type(error).__name__}: {error}")
        raise
    return ExitCode.ENVIRONMENT if recorder.failure else ExitCode.DONE


def _keep_freed_memory() -> None:
    from inittui.training.memory import keep_freed_memory  # loads torch

    keep_freed_memory()


def _new_recorder(run: RunDirectory, *, trust: bool, checkpoint_seconds: float | None) -> Recorder:
    # Before all that takes long, torch above all: nobody else shall begin the run meanwhile.
    with ExitStack() as stack:
        log = stack.enter_context(LogWriter(run))
        from inittui.training.prepared import prepare
        from inittui.trust import load_code

        experiment = read_experiment(run)
        load_code(experiment, run.experiment_file, trust=trust)
        prepared = prepare(experiment)
        stack.pop_all()  # the recorder closes it
    return Recorder(prepared, run, log=log, checkpoint_seconds=checkpoint_seconds)


def _record_untrained(
    run: RunDirectory, asked: threading.Event, *, trust: bool, draw: int | None
) -> None:
    from inittui.recording import untrained
    from inittui.trust import load_code

    began = time.monotonic()
    experiment = read_experiment(run)
    load_code(experiment, run.experiment_file, trust=trust)
    if draw is None:
        events = untrained.starts(experiment, sys.argv)
    else:
        events = untrained.drawn(experiment.schemes[0], draw, experiment.seeds[0])
    status: RunStatus = "finished"
    with LogWriter(run) as log:
        for event in events:
            if isinstance(event, RunEnded):
                break  # this process began earlier: its own end says how long all took
            log.write(event)
            if asked.is_set():
                status = "interrupted"
                break
        taken = time.monotonic() - began
        log.write(RunEnded(at=time.time(), status=status, seconds=0.0, wall_seconds=taken))


def _tell_failure(run: RunDirectory, reason: str) -> None:
    """Write into the log why the run ended, where the log can still be written."""
    try:
        with LogWriter(run) as log:
            log.write(failed(reason))
    except MachineError as error:
        print(error, file=sys.stderr)  # noqa: T201


def main() -> ExitCode:
    """Train the run that the command line names."""
    parser = argparse.ArgumentParser("inittui.recording.worker", description="Train one run.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--trust", action="store_true")
    parser.add_argument("--checkpoint-every", type=float, metavar="SECONDS")
    parser.add_argument("--starts", action="store_true", help="measure; train nothing")
    parser.add_argument("--draw", type=int, metavar="COUNT", help="draw values; train nothing")
    options = parser.parse_args()
    return work(
        RunDirectory(options.directory.absolute()),
        resume=options.resume,
        trust=options.trust,
        checkpoint_seconds=options.checkpoint_every,
        starts=options.starts,
        draw=options.draw,
    )


if __name__ == "__main__":
    sys.exit(main())
