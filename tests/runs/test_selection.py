"""Which runs a list shows, and in which order."""

from __future__ import annotations

import pytest

from inittui.errors import UsageError
from inittui.runs.listing import RunListing
from inittui.runs.selection import STATUSES, Selection, moment, select

RUNS = [
    RunListing("c", 300.0, schemes=("rule",), best_accuracy=0.7, status="finished", seconds=9.0),
    RunListing("b", 200.0, schemes=("normal:std=0.1",), best_accuracy=0.9, status="lost",
               model="lenet"),
    RunListing("a", 100.0, status="finished", seconds=20.0, data="mnist"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Selection(), "cba"),
        (Selection(status="finished"), "ca"),
        (Selection(scheme="normal"), "b"),
        (Selection(model="lenet"), "b"),
        (Selection(data="mnist"), "a"),
        (Selection(since=200.0), "cb"),
        (Selection(sort="best"), "bca"),
        (Selection(sort="duration"), "acb"),
        (Selection(sort="best", most=1), "b"),
        (Selection(scheme="zeros"), ""),
    ],
)
def test_a_list_has_what_was_asked_for(wanted: Selection, found: str) -> None:
    assert "".join(run.id for run in select(RUNS, wanted)) == found


def test_moments_are_ages_or_days() -> None:
    assert moment("2h", 10_000.0) == 2_800.0
    assert moment("1.5d", 200_000.0) == 70_400.0
    assert moment("1970-01-02", 0.0) == 86_400.0
    for text in ("", "x", "3y", "2026-13-01", "-1d"):
        with pytest.raises(UsageError):
            moment(text, 0.0)


def test_every_status_can_be_asked_for() -> None:
    assert set(STATUSES) == {
        "running", "finished", "nothing-finished", "interrupted", "failed", "lost", "damaged",
    }  # fmt: skip
