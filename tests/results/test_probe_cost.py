"""What probes cost: told where it is known, and called high where it is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from inittui.events.records import ProbeMeasured
from inittui.results.probe_cost import MOST_SHARE, probe_cost
from inittui.results.state import RunState
from inittui.views.findings import findings_report
from inittui.views.frame import Frame
from tests.support.rendering import render
from tests.support.runs import run_state


def timed(seconds: float | None) -> RunState:
    """Return a run each of whose trials took two seconds, and each of its probes so many."""
    state = run_state("inspected")
    for trial in state.trials:
        trial.seconds = 2.0
        trial.probes = [replace(event, seconds=seconds) for event in trial.probes]
    return state


@pytest.mark.parametrize(("seconds", "high"), [(0.025, False), (0.05, True)])
def test_the_cost_is_a_share_of_the_training(seconds: float, high: bool) -> None:
    state = timed(seconds)
    found = probe_cost(state.trials)
    assert found is not None
    assert found.share == pytest.approx(seconds)
    assert found.is_high is high is (seconds > MOST_SHARE)
    text = render(findings_report(state, Frame(100)), 100)
    assert f"{100 * seconds:.1f} % of the 6.0 s of training" in text
    assert ("less often" in text) is high


def test_seconds_and_share_fit_each_other_where_both_are_short() -> None:
    """0.7 s were 918.0 % of 0.1 s."""
    state = timed(0.0116)
    for trial in state.trials:
        trial.seconds = 0.00253
    text = " ".join(render(findings_report(state, Frame(100)), 100).split())
    count = sum(len(trial.probes) for trial in state.trials)
    took, training = 0.0116 * count, 0.00253 * len(state.trials)
    assert f"{took:.3g} s, {100 * took / training:.1f} % of the {training:.3g} s" in text


def test_nothing_is_claimed_of_an_older_log_or_without_training() -> None:
    assert probe_cost(run_state("inspected").trials) is None
    untrained = timed(0.1)
    for trial in untrained.trials:
        trial.seconds = 0.0
    assert probe_cost(untrained.trials) is None
    assert probe_cost([]) is None
    some = timed(0.1)
    some.trials[0].probes = [replace(event, seconds=None) for event in some.trials[0].probes]
    assert probe_cost(some.trials) is None
    assert "Measuring" not in render(findings_report(some, Frame(100)), 100)


def test_a_probe_without_its_time_can_be_read() -> None:
    (event, *_) = run_state("inspected").trials[0].probes
    assert isinstance(event, ProbeMeasured)
    assert event.seconds is None
