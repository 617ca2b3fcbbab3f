"""Probes in a log: read back as they were written, in their places, within limits."""

from __future__ import annotations

from msgspec.structs import replace

from inittui.events.records import ProbeMeasured, decode, encode
from inittui.experiment.records import Experiment, InspectionConfig
from inittui.experiment.toml import from_toml, to_toml
from tests.support.runs import log_events, run_state


def test_probes_survive_the_log() -> None:
    events = [event for event in log_events("inspected") if isinstance(event, ProbeMeasured)]
    assert len(events) == 6
    assert all(decode(encode(event)) == event for event in events)
    assert all(len(encode(event)) < 20_000 for event in events)


def test_a_trial_keeps_its_probes_in_the_order_of_steps() -> None:
    state = run_state("inspected")
    trial = state.trials[0]
    before, after = trial.probes
    middle = replace(after, when="step", step=7)
    for event in (after, middle, before, middle):  # as a resumed run repeats them
        state.apply(event)
    assert [(event.when, event.step) for event in trial.probes] == [
        ("before", 0), ("step", 7), ("after", after.step),
    ]  # fmt: skip
    assert trial.probe("before") == before
    assert trial.probe("after") == after


def test_probes_of_unknown_trials_are_ignored() -> None:
    state = run_state("inspected")
    event = state.trials[0].probes[0]
    for number in (-1, 3, 10**6):
        state.apply(replace(event, trial=number))
    assert sum(len(trial.probes) for trial in state.trials) == 6


def test_no_log_fills_the_memory_with_probes() -> None:
    state = run_state("inspected")
    state._layers_left = 7
    event = run_state("inspected").trials[0].probes[0]
    for step in range(100):
        state.apply(replace(event, when="step", step=1_000 + step))
    kept = [found for found in state.trials[0].probes if found.step >= 1_000]
    assert len(kept) == 2
    assert any("more probes than can be kept" in note for note in state.notes)


def test_inspection_is_part_of_the_experiments_file() -> None:
    wanted = Experiment(inspection=InspectionConfig(before=True, every=50, percentile=90.0))
    assert from_toml(to_toml(wanted)) == wanted
