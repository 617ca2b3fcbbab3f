"""Findings of several seeds: none that a mark of the table warns of is left untold."""

from __future__ import annotations

from msgspec.structs import replace

from inittui.events.records import ProbeMeasured
from inittui.results.layer_marks import latest_marks
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.views.findings import cause, findings_report
from inittui.views.frame import Frame
from tests.support.runs import run_state


def with_dead_units(trial: TrialState, dead: float) -> None:
    """Let a trial have one probe, in which a share of the first layer's units is dead."""
    event = trial.probe("before")
    assert isinstance(event, ProbeMeasured)
    first, *others = event.probe.layers
    layers = (replace(first, dead=dead), *(replace(each, dead=0.0) for each in others))
    trial.probes = [replace(event, probe=replace(event.probe, layers=layers))]


def of_two_seeds() -> tuple[RunState, TrialState, TrialState]:
    """Return a run whose second seed alone has dead units."""
    state = run_state("inspected")
    (one,) = run_state("inspected").of_scheme("default")
    (other,) = run_state("inspected").of_scheme("default")
    other.seed = one.seed + 1
    with_dead_units(one, 0.0)
    with_dead_units(other, 0.3)
    state.trials[:] = [one, other]
    return state, one, other


def test_what_only_the_second_seed_has_is_told_with_its_number() -> None:
    state, one, other = of_two_seeds()
    assert latest_marks([one, other])[0].flat == "warn"
    said = " ".join(str(cause("default", [one, other], Frame(200), "3")).split())
    assert "units pass hardly any gradient" in said
    assert said.endswith("(before training, seed 1)")
    report = str(findings_report(state, Frame(200)))
    assert "default, before training, seed 0: nothing" in report
    assert "default, before training, seed 1:\n  note, dead:" in report


def test_what_all_seeds_have_is_told_once() -> None:
    state, one, other = of_two_seeds()
    with_dead_units(one, 0.4)
    report = str(findings_report(state, Frame(200)))
    assert report.count("note, dead:") == 1
    assert "default, before training, seed 1" not in report
    said = str(cause("default", [one, other], Frame(200), "3"))
    assert said.endswith("(before training, seed 0)")


def test_one_seed_needs_no_number() -> None:
    _, one, _ = of_two_seeds()
    said = str(cause("default", [one], Frame(200), "3"))
    assert said == "default: nothing stands out before training"
    one.probes = []
    assert not cause("default", [one], Frame(200), "3")
