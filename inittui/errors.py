"""Exit codes, and the errors that a person can cause or mend.

An `InittuiError` is shown as one line on stderr. Everything else that escapes is a bug of
inittui's and keeps its traceback.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable


class ExitCode(enum.IntEnum):
    """What the process tells its caller."""

    DONE = 0
    """The command did what was asked."""
    FINDINGS = 1
    """A check found something as grave as was asked for."""
    USAGE = 2
    """The command line, the experiment file or a name in it is wrong."""
    NOTHING_FINISHED = 3
    """Every trial diverged or failed; or a check could not run its model forward."""
    ENVIRONMENT = 4
    """The machine is at fault: data missing, no such device, disk full, memory short."""
    INTERRUPTED = 130
    """Stopped by a signal; what was measured is kept. A process tells 128 plus its number."""


class InittuiError(Exception):
    """One clear line for the person: what is wrong and what to do."""

    exit_code = ExitCode.USAGE


class UsageError(InittuiError):
    """What was asked for is wrong."""


class MachineError(InittuiError):
    """What was asked for is right, but this machine can't do it."""

    exit_code = ExitCode.ENVIRONMENT


class FindingsError(InittuiError):
    """A check found what it was asked to fail on."""

    exit_code = ExitCode.FINDINGS


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the choice closest to ``name``, else ``""``."""
    close = difflib.get_close_matches(name[:80].lower(), list(choices), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def unknown(kind: str, name: str, choices: Iterable[str]) -> UsageError:
    """Build the error for a name that doesn't exist, with the nearest or all valid ones."""
    names = list(choices)
    hint = nearest(name, names) or f"; choose one of: {', '.join(names)}"
    return UsageError(f"there is no {kind} '{name[:80]}'{hint}")
