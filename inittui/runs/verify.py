"""Whether a run is whole: its log, its experiment, and what one says of the other."""

from __future__ import annotations

import math
import stat
from dataclasses import dataclass

from inittui.errors import InittuiError, MachineError
from inittui.experiment.records import Experiment
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.runs.directory import RunDirectory
from inittui.runs.listing import keep_summary, mark_log
from inittui.runs.loading import LEFT, load_state, read_experiment
from inittui.runs.lock import live_writer
from inittui.text import number_of, sanitize

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at all of a run has found."""

    problems: tuple[str, ...]
    """What is lost or contradicts itself, one line each; none if the run is intact."""
    remarks: tuple[str, ...]
    """What is worth knowing and no damage."""
    is_unchecked: bool = False
    """Whether lines have no checksum: that they are as they were written can't be told."""


def verify_run(run: RunDirectory) -> Verdict:
    """Read all of a run and compare its parts; never raises for what is found."""
    unwritten = _unwritten(run)
    if unwritten:
        return Verdict((), (f"{unwritten}: nothing of it was recorded",))
    try:
        mark = mark_log(run)
        state, damage = load_state(run)
    except MachineError as error:
        return Verdict((str(error),), ())
    except OSError as error:
        return Verdict((f"the log can't be read: {error.strerror or error}",), ())
    problems = damage.messages() if damage.is_damaged or damage.repairs else []
    remarks = [] if problems else damage.messages()
    if state.started is None:
        problems.append("the log tells nothing of the run's trials")
        return Verdict(tuple(problems), tuple(remarks))
    if not damage.newer:
        problems += _experiment_problems(run, state.started.experiment)
    problems += _missing_losses(state)
    if not keep_summary(run, mark, state, damage):
        problems.append(f"{run.summary_file}: it said other than the log; it was made anew")
    if damage.added and not damage.is_damaged:
        lines = f"{number_of(damage.added, 'line')} {'was' if damage.added == 1 else 'were'}"
        problems.append(f"{lines} added without a checksum, after others that have one")
    elif damage.unchecked == damage.lines > 0:
        remarks.append(
            "its log has no checksums (an older inittui wrote it, or they were removed): changed "
            "numbers can't be seen"
        )
    elif damage.unchecked:
        remarks.append(
            f"{damage.unchecked:,} of {damage.lines:,} lines "
            f"{'carries' if damage.unchecked == 1 else 'carry'} no checksum, as in an older "
            "inittui's log: a change in one of them isn't noticed"
        )
    if state.started.run != run.id:
        remarks.append(f"the log is that of run {sanitize(state.started.run, 80)}")
    if state.ended is None:
        holder = live_writer(run, wait=True)
        remarks.append(f"it is being written by {holder}" if holder else LEFT)
    return Verdict(tuple(problems), tuple(remarks), is_unchecked=damage.unchecked > 0)


def _unwritten(run: RunDirectory) -> str:
    """Say why nothing is recorded, if so: the process ended at once, or the disk was full."""
    try:
        log = run.log.lstat()
    except FileNotFoundError:
        return "it has no log"
    except OSError:  # as where the directory may not be looked into: reading it tells why
        return ""
    return "its log is empty" if stat.S_ISREG(log.st_mode) and log.st_size == 0 else ""


def _experiment_problems(run: RunDirectory, recorded: Experiment) -> list[str]:
    try:
        experiment = read_experiment(run)
    except InittuiError as error:
        return [str(error)]
    except OSError as error:
        return [f"{run.experiment_file}: {error.strerror or error}"]
    if experiment.identity == recorded.identity:
        return []
    return [f"{run.experiment_file}: not the experiment that the log was written for"]


def _missing_losses(state: RunState) -> list[str]:
    found = []
    for trial in state.trials:
        missing = _missing(trial, state)
        if missing:
            name = f"{sanitize(trial.scheme, 60)}, seed {trial.seed}"
            are = "is" if missing == 1 else "are"
            found.append(f"{name}: {number_of(missing, 'loss', 'losses')} {are} missing")
    more = len(found) - _NAMED
    more_of_them = f"losses of {number_of(more, 'more trial')} are missing"
    return [*found[:_NAMED], more_of_them] if more > 0 else found


def _missing(trial: TrialState, state: RunState) -> int:
    """Count a trial's lost steps: those before its last loss, which alone may be NaN in truth."""
    inside = sum(map(math.isnan, trial.losses[:-1]))
    cut_off = state.total_steps - trial.steps if trial.status == "finished" else 0
    return inside + max(cut_off, 0)
