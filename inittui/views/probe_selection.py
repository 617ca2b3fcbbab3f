"""Whom a report on probes is about: each scheme under its first seed, at its moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inittui.events.records import ProbeMeasured
from inittui.experiment.records import Experiment
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.text import number_of, short
from inittui.views.chart.palette import SeriesStyle, styles_for


@dataclass(frozen=True, slots=True)
class ProbeSelection:
    trial: TrialState
    style: SeriesStyle
    probes: tuple[ProbeMeasured, ...]
    """As `moments_of` has them."""
    seed: str
    """As `which_seed` says it."""


def subjects_of(state: RunState) -> Iterator[ProbeSelection]:
    """Yield for each scheme its first trial that was measured, if there is one."""
    styles = styles_for(state.schemes)
    for scheme in state.schemes:
        trial = next((trial for trial in state.of_scheme(scheme) if trial.probes), None)
        if trial is None:
            continue
        yield ProbeSelection(trial, styles[scheme], moments_of(trial), which_seed(state, trial))


def which_seed(state: RunState, trial: TrialState) -> str:
    """Return "seed 0, one of 3" for a trial whose scheme has others beside it; else nothing."""
    count = len(state.of_scheme(trial.scheme))
    return f"seed {trial.seed}, one of {count}" if count > 1 else ""


def moments_of(trial: TrialState) -> tuple[ProbeMeasured, ...]:
    """Return the probe before training, and the newest since: of a trial that is over, after it."""
    known = (trial.probe("before"), newest_of(trial))
    return tuple(event for event in known if event is not None)


def newest_of(trial: TrialState) -> ProbeMeasured | None:
    """Return the newest probe since the training began."""
    return next((event for event in reversed(trial.probes) if event.when != "before"), None)


def moment_of(event: ProbeMeasured) -> str:
    """Return "before training" or "after 960 steps"."""
    if event.when == "before":
        return "before training"
    return f"after {number_of(event.step, 'step')}"


def short_moment_of(event: ProbeMeasured) -> str:
    """Return "before", "after" or, of a probe within the training, "step 1,008"."""
    return f"step {event.step:,}" if event.when == "step" else event.when


def pixels(experiment: Experiment) -> str:
    """Say how the pixels are standardised, after the data's name; nothing where they aren't."""
    mean, std = experiment.data.mean, experiment.data.std
    return "" if (mean, std) == (0, 1) else f" (pixels less {short(mean, 6)}, by {short(std, 6)})"
