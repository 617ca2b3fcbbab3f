"""One run from the command line: prepare, record, show progress, fold."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inittui.cli.console import note
from inittui.cli.interrupt import orderly_stop
from inittui.cli.new_run import new_run_to_train, tell_how_to_resume, tell_of_other_machines
from inittui.cli.progress import Progress, expectation, show_progress
from inittui.errors import ExitCode, MachineError
from inittui.events.records import Noted
from inittui.experiment.records import Experiment
from inittui.experiment.sweeps import spacings
from inittui.results.state import RunState
from inittui.runs import RunDirectory, read_name, runs_root, summarize
from inittui.runs.loading import named

if TYPE_CHECKING:
    from inittui.recording.recorder import Recorder


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    state: RunState
    run: RunDirectory | None
    failure: MachineError | None
    """Why the run could not be kept, where it could not."""

    @property
    def exit_code(self) -> ExitCode:
        """What the process should tell its caller."""
        if self.failure is not None:
            return ExitCode.ENVIRONMENT
        codes = {
            "finished": ExitCode.DONE,
            "interrupted": ExitCode.INTERRUPTED,
            "nothing-finished": ExitCode.NOTHING_FINISHED,
            "failed": ExitCode.NOTHING_FINISHED,
        }
        return codes.get(self.state.status, ExitCode.DONE)


def process_start() -> float:
    """Return when this process started, in seconds since 1970; now, where that isn't known."""
    import psutil

    try:
        started: float = psutil.Process().create_time()
    except (OSError, psutil.Error):  # without /proc
        return time.time()
    if sys.platform == "linux":
        # psutil adds the start, in ticks since the boot, to a boot time that Linux tells in whole
        # seconds: it comes out up to a second early. The clock since the boot is exact.
        boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        started += boot - psutil.boot_time()
    return started


def conduct(
    experiment: Experiment,
    *,
    save: bool = True,
    runs_dir: Path | None = None,
    quiet: bool = False,
    checkpoint_seconds: float | None = None,
    expected: bool = False,
) -> Outcome:
    """Train an experiment with its progress on stderr.

    The run is there before anything is loaded, so that what ends this process at any moment leaves
    one that can be resumed. An experiment that turns out to be impossible leaves nothing behind.

    Args:
        experiment: what to train.
        save: whether the run is kept.
        runs_dir: where; None means the user's directory.
        quiet: whether to show nothing but notes.
        checkpoint_seconds: how often long epochs are saved; None is the engine's default.
        expected: whether the person knows already how much it is, where something is swept.

    Raises:
        InittuiError: before training starts.
    """
    root = runs_root(runs_dir)
    kept = new_run_to_train(root, experiment) if save else nullcontext((None, None))
    with kept as (run, log), show_progress(quiet) as progress:
        from inittui.recording.recorder import Recorder
        from inittui.training.prepared import prepare

        prepared = prepare(experiment)
        if experiment.sweeps and not (quiet or expected):
            for said in (*spacings(experiment), expectation(prepared)):
                progress(Noted(message=said), RunState())
        recorder = Recorder(prepared, run, log=log, checkpoint_seconds=checkpoint_seconds)
        outcome = _record(recorder, run, RunState(), progress)
    return _told(outcome)


def resume(
    run: RunDirectory,
    *,
    force: bool = False,
    trust: bool = False,
    quiet: bool = False,
    checkpoint_seconds: float | None = None,
) -> Outcome:
    """Go on with a run from its last checkpoints; what had finished is not repeated.

    Raises:
        InittuiError: it is over or being written; or something is not as it was and ``force``
            isn't given; or it names code and ``trust`` isn't given.
    """
    from inittui.recording.resume import open_resumption

    if not force:
        tell_of_other_machines([run])
    resumption = open_resumption(run, force=force)
    for message in resumption.damage:
        note(f"run {run.id}: {message}")
    with show_progress(quiet) as progress:
        from inittui.recording.recorder import Recorder

        recorder = Recorder.of_resumption(
            resumption, force=force, trust=trust, checkpoint_seconds=checkpoint_seconds
        )
        outcome = _record(recorder, run, resumption.state, progress)
    return _told(outcome)


def _told(outcome: Outcome) -> Outcome:
    """Say how what was interrupted goes on, once no progress is drawn any more."""
    if outcome.run is not None and outcome.exit_code is ExitCode.INTERRUPTED:
        tell_how_to_resume(outcome.run)
    return outcome


def _record(
    recorder: Recorder, run: RunDirectory | None, state: RunState, progress: Progress
) -> Outcome:
    from inittui.training.memory import keep_freed_memory

    keep_freed_memory()
    with orderly_stop(saves=run is not None) as should_stop:
        for event in recorder.events(
            should_stop=should_stop, command=sys.argv, process_started=process_start()
        ):
            state.apply(event)
            with suppress(OSError):  # a terminal that is gone stops no run
                progress(event, state)
    if run is not None:
        if state.started is not None:
            state.started = named(state.started, read_name(run))
        summarize(run, whole=True)  # now, while the log is in memory: a list finds it done
    return Outcome(state, run, recorder.failure)
