"""What the status of a run and of its trials is called, and how it is written."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from inittui.events.records import TrialStatus
from inittui.runs import RunListing
from inittui.tui.status_styles import StatusStyle
from inittui.views.statuses import STYLES, counted, ended_as, meaning_of, most_telling, of_run

GOOD, WARN, BAD = Style(color="green"), Style(color="yellow"), Style(color="red")
STATUSES: list[TrialStatus] = ["waiting", *(s for s in get_args(TrialStatus) if s != "waiting")]
several = st.lists(st.sampled_from(STATUSES), min_size=1, max_size=8)


@pytest.mark.parametrize(("status", "style", "themed"), [
    ("running", "bold cyan", Style(bold=True)),
    ("finished", "green", GOOD),
    ("interrupted", "yellow", WARN),
    ("lost", "yellow", WARN),
    ("diverged", "red", BAD),
    ("failed", "red", BAD),
    ("nothing-finished", "red", BAD),
    ("damaged", "bold red", BAD),
    ("waiting", "dim", Style(dim=True)),
])  # fmt: skip
def test_the_report_and_the_ui_mean_the_same(status: str, style: str, themed: Style) -> None:
    assert STYLES[meaning_of(status)] == style
    assert StatusStyle(GOOD, WARN, BAD).of_status(status) == themed


def test_a_run_that_goes_on_says_how_far_it_is() -> None:
    def said(**fields: object) -> str:
        return of_run(RunListing(id="x", when=1.0, **fields))  # type: ignore[arg-type]

    assert said(status="running", steps=480, planned_steps=1920) == "running 25%"
    assert said(status="running", steps=4000, planned_steps=1920) == "running 100%"
    assert said(status="running", steps=1919, planned_steps=1920) == "running 99%"
    assert said(status="running") == "running"
    assert said(status="nothing-finished") == "all failed"
    assert said(status="lost") == "lost"


@given(statuses=several)
def test_the_counts_are_of_all_trials(statuses: list[TrialStatus]) -> None:
    text = counted(statuses)
    if len(set(statuses)) == 1:
        assert text == statuses[0]
    else:
        parts = [part.split(" ") for part in text.split(", ")]
        assert {status: int(count) for count, status in parts} == {
            status: statuses.count(status) for status in statuses
        }


@given(statuses=several)
def test_what_must_be_known_is_told_of_several(statuses: list[TrialStatus]) -> None:
    status, said = most_telling(statuses)
    count = statuses.count(status)
    assert count
    assert said == (status if count == len(statuses) else f"{count} {status}")
    if "running" in statuses:
        assert status == "running"
    elif "failed" in statuses:
        assert status == "failed"
    assert (status == "finished") == (set(statuses) == {"finished"})


def test_how_trials_ended_in_a_sentence() -> None:
    assert ended_as("diverged") == ended_as("diverged", several=True) == "diverged"
    assert ended_as("interrupted") == "was interrupted"
    assert ended_as("interrupted", several=True) == "were interrupted"
