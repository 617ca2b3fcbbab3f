"""Which runs a list shows, and in which order."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args

from inittui.errors import UsageError
from inittui.runs.listing import ListingStatus, RunListing
from inittui.text import sanitize

STATUSES = tuple(dict.fromkeys(word for part in get_args(ListingStatus) for word in get_args(part)))

SORTS: dict[str, Callable[[RunListing], Any]] = {
    "when": lambda run: run.when,
    "best": lambda run: -1.0 if run.best_accuracy is None else run.best_accuracy,
    "duration": lambda run: -1.0 if run.seconds is None else run.seconds,
}
"""What a list is sorted by, the largest first."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run has to be; empty for anything."""

    status: str = ""
    scheme: str = ""
    """The beginning of one of its schemes."""
    model: str = ""
    data: str = ""
    since: float = 0.0
    """In seconds since 1970."""
    sort: str = "when"
    most: int | None = None


def select(listings: Iterable[RunListing], wanted: Selection) -> list[RunListing]:
    found = [run for run in listings if _fits(run, wanted)]
    found.sort(key=SORTS[wanted.sort], reverse=True)
    return found[: wanted.most]


def _fits(run: RunListing, wanted: Selection) -> bool:
    return (
        wanted.status in ("", run.status)
        and wanted.model in ("", run.model)
        and wanted.data in ("", run.data)
        and run.when >= wanted.since
        and (not wanted.scheme or any(name.startswith(wanted.scheme) for name in run.schemes))
    )


def moment(text: str, now: float) -> float:
    """Read a moment: an age such as 3h or 2d, or a day such as 2026-01-31 (UTC).

    Raises:
        UsageError: it is neither.
    """
    age = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([smhdw])", text)
    if age is not None:
        return now - float(age[1]) * _UNITS[age[2]]
    try:
        day = time.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise UsageError(
            f"'{sanitize(text, 40)}' is neither an age such as 3h or 2d nor a day such as "
            "2026-01-31"
        ) from None
    return float(calendar.timegm(day))
