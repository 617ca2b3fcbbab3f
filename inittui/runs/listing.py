"""Listing runs, finding one by what a person types, removing one.

What a list shows of a run is read from its log once, then kept beside it.
"""

from __future__ import annotations

import calendar
import math
import os
import shutil
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from inittui.errors import InittuiError, MachineError, UsageError, nearest
from inittui.events.records import RunEnded, RunResumed, RunStarted, RunStatus
from inittui.experiment.records import Experiment
from inittui.experiment.run_names import LAST, LONGEST_NAME
from inittui.files import open_regular, read_small, write_whole
from inittui.results.state import RunState
from inittui.runs.damage import Damage
from inittui.runs.directory import RunDirectory, read_name, run_directories
from inittui.runs.loading import load_state, read_experiment
from inittui.runs.lock import RunBusyError, live_writer
from inittui.runs.log import read_ends
from inittui.text import sanitize

ListingStatus = RunStatus | Literal["lost", "damaged"]
"""How a run ended; "lost" has neither an end nor a writer, "damaged" a log with holes."""

_FORMAT = 5
"""Of `_Summary`: grows whenever the same log would be summarized in another way."""

_LONGEST = 1e9
"""Seconds; a log that says more lies."""

MOST_READ = 32 * 2**20
"""Bytes of a log that are read for a list where no summary of it is kept."""

_TAIL = 4096
"""The end of a log that its summary has the checksum of. Its last line carries the checksum of the
line before, and so on: what is changed anywhere without making all lines after it anew is found by
`verify_run`, and what is made anew changes the end."""

_MAXIMUM_SUMMARY = 2**20
_LISTED_SCHEMES = 100
"""Schemes that a listing names."""

_SHORTEST = 4
"""Characters of an ID that are enough; fewer fit to another run too easily."""

_SHOWN = 3
"""Runs that are named where a text fits to more."""

_MOST = 2**53
_Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]


class RunListing(msgspec.Struct, frozen=True):
    """One run in a list of runs."""

    id: str
    when: float
    """When it started, in seconds since 1970."""
    name: str = ""
    schemes: tuple[str, ...] = ()
    trials: int = 0
    best_accuracy: float | None = None
    """The best scheme's validation accuracy, a fraction: the mean of its trials so far."""
    status: ListingStatus = "lost"
    steps: _Count = 0
    """Steps taken by all trials together."""
    planned_steps: _Count = 0
    """Steps that they would take if none ended early."""
    model: str = ""
    data: str = ""
    seconds: float | None = None
    """Of training and validation; of a lost run as far as its log tells; None before the end."""
    is_partial: bool = False
    """Whether the log is too long to be read for a list: accuracy and steps are left out."""
    epochs: _Count = 0
    best: str = ""
    """The scheme of the best accuracy."""


class LogMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log as it was at one moment: another one, or the same grown longer, has another mark."""

    size: int
    modified: int
    """Its time of modification in nanoseconds, as the file system has it."""
    tail: int
    """CRC-32 of its last bytes."""


class _Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A listing, and the log that it was made from."""

    format: int
    log: LogMark
    listing: RunListing
    checksum: int = 0
    """CRC-32 of this summary with 0 in this place."""

    def sealed(self) -> _Summary:
        """Return the same with its checksum."""
        blank = replace(self, checksum=0)
        return replace(blank, checksum=zlib.crc32(msgspec.json.encode(blank)))


def list_runs(root: Path) -> list[RunListing]:
    """Return the runs in ``root``, the newest first; a broken one is "damaged", never an error.

    Raises:
        MachineError: ``root`` itself can't be read.
    """
    runs = list(run_directories(root))
    listings = [summarize(run) for run in runs]
    # Whether another machine's process lives takes two looks; those at all runs begin together.
    return [
        summarize(run, wait=True) if listing.status == "running" else listing
        for run, listing in zip(runs, listings, strict=True)
    ]


def summarize(run: RunDirectory, *, whole: bool = False, wait: bool = False) -> RunListing:
    """Return what a list shows of a run, from what was kept of it or from its log.

    No more than `MOST_READ` bytes of a log are read: of a longer one that no summary is kept of,
    only the beginning and the end, unless the ``whole`` of it is asked for. ``wait`` is that of
    `live_writer`.
    """
    listing = _recorded(run, whole)
    if listing.status == "lost":
        # A writer that ends between the two looks has written the end before the second.
        is_live = live_writer(run, wait=wait) is not None
        going_on = replace(listing, status="running", seconds=None)
        listing = going_on if is_live else _recorded(run, whole)
    name = read_name(run)
    return listing if name is None else replace(listing, name=name)


def _recorded(run: RunDirectory, whole: bool) -> RunListing:
    """Return the listing as the files have it: a run without an end is "lost"."""
    try:
        mark = mark_log(run)
        listing = _kept(run, mark)
        if listing is None or (whole and listing.is_partial):
            read_all = whole or mark.size <= MOST_READ
            listing = _from_state(run, *load_state(run)) if read_all else _from_ends(run)
            _keep(run, mark, listing)
    except FileNotFoundError:
        return _from_experiment(run, "lost")
    except (OSError, MachineError):
        return _from_experiment(run, "damaged")
    return listing


def mark_log(run: RunDirectory) -> LogMark:
    """Return the mark of a run's log as it is now.

    Raises:
        MachineError: it is not a regular file.
        OSError: it can't be read.
    """
    descriptor = open_regular(run.log)
    try:
        found = os.fstat(descriptor)
        tail = os.pread(descriptor, _TAIL, max(found.st_size - _TAIL, 0))
    finally:
        os.close(descriptor)
    return LogMark(found.st_size, found.st_mtime_ns, zlib.crc32(tail))


def _kept(run: RunDirectory, mark: LogMark) -> RunListing | None:
    """Return the listing that was kept, if it was made from the log as it is now."""
    try:
        content = read_small(run.summary_file, _MAXIMUM_SUMMARY)
        summary = msgspec.json.decode(content, type=_Summary)
    except (OSError, MachineError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    made_from = (summary.format, summary.log, summary.listing.id)
    is_fresh = made_from == (_FORMAT, mark, run.id) and summary == summary.sealed()
    return summary.listing if is_fresh else None


def _keep(run: RunDirectory, mark: LogMark, listing: RunListing) -> None:
    """Spare the next one the reading; somebody else's run can be listed without."""
    summary = _Summary(_FORMAT, mark, listing).sealed()
    with suppress(OSError):
        write_whole(run.summary_file, msgspec.json.encode(summary), durable=False)


def keep_summary(run: RunDirectory, mark: LogMark, state: RunState, damage: Damage) -> bool:
    """Keep what a list shall show of a run that was read whole.

    Args:
        run: its directory.
        mark: of its log, before it was read.
        state: what the log has come to.
        damage: what is wrong with the log.

    Returns:
        Whether what was kept before for the very same log is what the log says, or nothing was.
    """
    listing = _from_state(run, state, damage)
    before = _kept(run, mark)
    if before is None or before.is_partial:
        _keep(run, mark, listing)
        return True
    # Its name is the one that it had then.
    if replace(before, name=listing.name) == listing:
        return True
    _keep(run, mark, listing)
    return False


def _from_ends(run: RunDirectory) -> RunListing:
    """Return what the beginning and the end of a log tell."""
    state = RunState()
    for event in read_ends(run.log, MOST_READ):
        if isinstance(event, RunStarted | RunResumed | RunEnded):
            state.apply(event)
    listing = _from_state(run, state, Damage())
    return replace(listing, best_accuracy=None, best="", steps=0, planned_steps=0, is_partial=True)


def _from_state(run: RunDirectory, state: RunState, damage: Damage) -> RunListing:
    status: ListingStatus = state.ended.status if state.ended else "lost"
    if damage.is_damaged:
        status = "damaged"
    if state.started is None:
        return _from_experiment(run, status)
    best, accuracy = _best(state)
    return RunListing(
        id=run.id,
        when=_started_at(run),
        name=_short(state.started.experiment.name),
        schemes=_schemes(state.schemes),
        trials=len(state.trials),
        best_accuracy=accuracy,
        status=status,
        steps=sum(trial.steps for trial in state.trials),
        planned_steps=min(max(state.total_steps, 0) * len(state.trials), _MOST),
        seconds=state.ended.seconds if state.ended else _taken(state, state.started),
        best=_short(best),
        **_tried(state.started.experiment),
    )


def _taken(state: RunState, started: RunStarted) -> float | None:
    """Return the seconds of the trials; before the first epoch ended those since the start."""
    seconds = math.fsum(trial.seconds for trial in state.trials) or state.last_at - started.at
    return seconds if 0 < seconds < _LONGEST else None


def _tried(experiment: Experiment) -> dict[str, Any]:
    return {
        "model": _short(experiment.model.name),
        "data": _short(experiment.data.name),
        "epochs": min(max(experiment.training.epochs, 0), _MOST),
    }


def _from_experiment(run: RunDirectory, status: ListingStatus) -> RunListing:
    """Return what can be told of a run that has nothing readable in its log."""
    from inittui.experiment.sweeps import plan_trials

    try:
        experiment = read_experiment(run)
        trials = plan_trials(experiment)
    except (OSError, InittuiError):
        return RunListing(id=run.id, when=_started_at(run), status=status)
    return RunListing(
        id=run.id,
        when=_started_at(run),
        name=_short(experiment.name),
        schemes=_schemes(trial.contestant for trial in trials),
        trials=len(trials),
        status=status,
        **_tried(experiment),
    )


def _schemes(contestants: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_short, list(dict.fromkeys(contestants))[:_LISTED_SCHEMES]))


def _best(state: RunState) -> tuple[str, float | None]:
    """Return the scheme of the best mean accuracy so far, and this; "" and None for none."""
    accuracies: dict[str, list[float]] = {}
    for trial in state.trials:
        if trial.val_accuracy is not None:
            accuracies.setdefault(trial.scheme, []).append(trial.val_accuracy)
    means = {scheme: math.fsum(of) / len(of) for scheme, of in accuracies.items()}
    best = max(means, key=means.__getitem__, default="")
    return best, means.get(best)


def _started_at(run: RunDirectory) -> float:
    """Read the start from the ID, to the millisecond; 0 where it names no real moment."""
    with suppress(ValueError):
        day, clock, milliseconds, _ = run.id.split("-")
        moment = (day[:4], day[4:6], day[6:], clock[:2], clock[2:4], clock[4:])
        return calendar.timegm((*map(int, moment), 0, 0, 0)) + int(milliseconds) / 1000
    return 0.0


def _short(text: str) -> str:
    return sanitize(text, LONGEST_NAME)


def find_run(root: Path, text: str) -> RunDirectory:
    """Return the run that ``text`` names: an ID or a part of one, a run's name, or "last".

    What is typed is only compared, never used as a path.

    Raises:
        UsageError: no run matches, or more than one; valid ones are named.
        MachineError: ``root`` can't be read.
    """
    runs = list(run_directories(root))
    if not runs:
        raise UsageError(f"there are no runs in {root}; 'inittui compare' makes one")
    if text == LAST:
        return runs[0]
    for run in runs:
        if run.id == text:
            return run
    # A name goes before a part of an ID, which may be the same by chance.
    names = {run: summarize(run).name for run in runs}
    found = [run for run, name in names.items() if text and name == text]
    if not found and len(text) >= _SHORTEST:
        found = [run for run in runs if text in run.id]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(text, found)
    valid = [run.id for run in runs] + [name for name in names.values() if name]
    hint = nearest(text, valid) or "; 'inittui runs' lists them"
    raise UsageError(f"there is no run '{sanitize(text, 80)}'{hint}")


def _ambiguous(text: str, found: list[RunDirectory]) -> UsageError:
    shown = ", ".join(run.id for run in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return UsageError(f"'{sanitize(text, 80)}' could be {shown}{more}; type more of the ID")


def delete_run(run: RunDirectory, *, wait: bool = True) -> None:
    """Remove a run and all that is in it.

    Args:
        run: its directory.
        wait: until it is known whether another machine's process writes it, see `live_writer`;
            else that counts as being written.

    Raises:
        RunBusyError: the run is being written.
        MachineError: it can't be removed.
    """
    holder = live_writer(run, wait=wait, to_change=True)
    if holder is not None:
        again = "" if wait or holder.is_here else "; if that has stopped, try again in a minute"
        raise RunBusyError(f"run {run.id} is being written by {holder}; it was not removed{again}")
    try:
        shutil.rmtree(run.path)
    except OSError as error:
        raise MachineError(f"can't remove run {run.id}: {error.strerror or error}") from None
