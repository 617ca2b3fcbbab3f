"""Which probes a report is about, and when they were taken."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from inittui.views.probe_selection import moment_of
from tests.support.runs import run_state


@pytest.mark.parametrize(
    ("step", "said"), [(1, "after 1 step"), (0, "after 0 steps"), (1_008, "after 1,008 steps")]
)
def test_when_a_probe_was_taken(step: int, said: str) -> None:
    event = next(trial.probes[0] for trial in run_state("inspected").trials if trial.probes)
    assert moment_of(replace(event, when="step", step=step)) == said
    assert moment_of(replace(event, when="before", step=step)) == "before training"
