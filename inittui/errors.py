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
    """The command line, the experiment file or a name in it is wrong, or names a busy run."""
    NOTHING_FINISHED = 3
    """Every trial diverged or failed; a condition of --fail-if holds; or a check could not run its
    model forward."""
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


_ALSO_CALLED = {
    "swish": "silu",
    "linear": "identity",
    "he": "he_normal",
    "glorot": "glorot_normal",
    "gaussian": "normal",
    "cifar": "cifar10",
    "fmnist": "fashion-mnist",
}
"""Names of other programs, and what they are here."""

_SIMILAR = 0.72
"""Similarity from which on a name is near: one letter of four differs."""

_FEWEST_LETTERS = 3
"""Of a name that is only the beginning of another."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the choice that is near ``name``, else ``""``.

    Near is another word for it, the beginning of it, one with two letters swapped, or one that
    differs in about one letter of four.
    """
    typed = name[:80].lower()
    known = {each.lower(): each for each in reversed(list(choices))}
    close = [
        *(each for each in [_ALSO_CALLED.get(typed, "")] if each in known),
        *(each for each in reversed(known) if _begins(typed, each) or _is_swapped(typed, each)),
        *difflib.get_close_matches(typed, list(known), n=1, cutoff=_SIMILAR),
    ]
    return f"; did you mean '{known[close[0]]}'?" if close else ""


def _begins(typed: str, name: str) -> bool:
    return len(typed) >= _FEWEST_LETTERS and name.startswith(typed)


def _is_swapped(typed: str, name: str) -> bool:
    return (
        1 < len(typed) == len(name)
        and sum(map(str.__ne__, typed, name)) == 2
        and (sorted(typed) == sorted(name))
    )


def unknown(kind: str, name: str, choices: Iterable[str]) -> UsageError:
    """Build the error for a name that doesn't exist, with the nearest or all valid ones."""
    names = list(choices)
    hint = nearest(name, names) or f"; choose one of: {', '.join(names)}"
    return UsageError(f"there is no {kind} '{name[:80]}'{hint}")
