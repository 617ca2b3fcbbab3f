"""From what a person types to a run."""

from __future__ import annotations

from pathlib import Path

from inittui.errors import UsageError, nearest
from inittui.runs.directory import RunDirectory, run_directories
from inittui.runs.listing import summarize
from inittui.text import sanitize

_SHORTEST = 4
"""Characters of an ID that are enough; fewer fit to another run too easily."""

_SHOWN = 3


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
    if text == "last":
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
