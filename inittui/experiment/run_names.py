"""What a run can be called: whoever names one, on any way, asks here."""

from __future__ import annotations

import re

from inittui.errors import UsageError
from inittui.text import sanitize

LONGEST_NAME = 200
"""Characters in a run's name."""

LAST = "last"
"""What a person types for the newest run."""

_MEANT = {LAST: "it means the newest run", "first": "it would be taken for the oldest run"}

_ID = re.compile(r"\d{8}-\d{6}-\d{3}-[0-9a-f]{6}")
_BEGINS_ID = re.compile(r"\d{8}(-|$)")
"""What a run may be found by, too."""


def is_id(name: str) -> bool:
    """Whether a name is that of a run directory."""
    return _ID.fullmatch(name) is not None


def check_run_name(name: str, *, own_id: str = "") -> None:
    """Raise `UsageError` for a name that a run couldn't be found or shown by.

    Of all IDs, those of runs to come included, it can only be its own.
    """
    if not 1 <= len(name) <= LONGEST_NAME:
        raise UsageError(f"a name has 1 to {LONGEST_NAME} characters, not {len(name)}")
    if not name.strip():
        raise UsageError("a name can't be blank")
    if name != name.strip():
        raise UsageError(f"a name has no blanks around it: '{sanitize(name.strip())}'?")
    if name != sanitize(name):
        raise UsageError(f"'{sanitize(name)}' has control characters in it; a name has none")
    if name.startswith("-"):
        raise UsageError(f"'{name}' can't be a name: with a dash first it would be an option")
    if name.lower() in _MEANT:
        raise UsageError(f"'{name}' can't be a name: {_MEANT[name.lower()]}")
    if is_id(name) and name != own_id:
        raise UsageError(f"'{name}' is the ID of another run; a name must not look like one")
    if _BEGINS_ID.match(name) and name != own_id:
        raise UsageError(f"'{name}' looks like the beginning of an ID; a name must not")


def check_wanted_name(name: str) -> None:
    """Check an experiment's name for its run, where it has one; raise as `check_run_name`."""
    if name:
        check_run_name(name)
