"""The words for what has become of a run or of its trials, and what they mean to a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from inittui.runs.loading import LEFT

if TYPE_CHECKING:
    from inittui.events.records import TrialStatus
    from inittui.results.state import RunState
    from inittui.runs import RunListing

Meaning = Literal["going on", "good", "to know", "bad", "broken", "quiet"]

_MEANINGS: dict[str, Meaning] = {
    "running": "going on",
    "finished": "good",
    "interrupted": "to know",
    "lost": "to know",
    "diverged": "bad",
    "failed": "bad",
    "nothing-finished": "bad",
    "damaged": "broken",
}

STYLES: dict[Meaning, str] = {
    "going on": "bold cyan",
    "good": "green",
    "to know": "yellow",
    "bad": "red",
    "broken": "bold red",
    "quiet": "dim",
}
"""How a terminal writes it; the UI has its theme's colours."""

_TELLING: tuple[TrialStatus, ...] = (
    "running",
    "failed",
    "interrupted",
    "diverged",
    "waiting",
    "finished",
)


def meaning_of(status: str) -> Meaning:
    return _MEANINGS.get(status, "quiet")


def of_run(listing: RunListing) -> str:
    """Return a kept run's status in at most 12 characters; one that goes on says how far it is."""
    if listing.status == "running" and listing.planned_steps:
        # Rounded down: what still runs has not taken all of its steps.
        return f"running {min(100 * listing.steps // listing.planned_steps, 100)}%"
    return "all failed" if listing.status == "nothing-finished" else listing.status


def counted(statuses: Iterable[str]) -> str:
    """Return the status that all trials share, or how many have which."""
    counts = Counter(statuses)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def most_telling(statuses: Iterable[TrialStatus]) -> tuple[TrialStatus, str]:
    """Return the one status that a reader must know of several, and it with its count."""
    counts = Counter(statuses)
    status: TrialStatus = next((known for known in _TELLING if counts[known]), "waiting")
    alone = counts[status] == counts.total()
    return status, status if alone else f"{counts[status]} {status}"


LOST = "lost"
"""What is said of a run that was left without an end, and of its trials: nobody stopped them."""


def is_lost(state: RunState) -> bool:
    return state.ended is not None and state.ended.reason == LEFT


def said_in(state: RunState, status: str) -> str:
    """Return the word for a status of a run's trials: nobody interrupted those of a lost one."""
    return LOST if status == "interrupted" and is_lost(state) else status


def ended_as(status: str, *, several: bool = False) -> str:
    """Return how trials ended, as a sentence says it: diverged, was interrupted."""
    if status not in ("interrupted", LOST):
        return status
    return f"{'were' if several else 'was'} {status}"
