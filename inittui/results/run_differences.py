"""Several runs beside each other: what differs in their settings, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inittui.events.records import RunStarted
from inittui.experiment.records import Experiment
from inittui.experiment.settings import SETTINGS
from inittui.results.comparison import Difference, Measure, measure, paired_difference
from inittui.results.learning import accuracy_of_an_image
from inittui.results.state import RunState
from inittui.results.summary import accuracy_of, first_loss_of, first_steps, furthest
from inittui.results.trial_state import TrialState
from inittui.text import sanitize


@dataclass(frozen=True, slots=True)
class Fact:
    """A setting or a version, and what it is in each of the runs."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a contestant came to in one of the runs; None where that has no such thing."""

    accuracy: Measure | None
    train_loss: Measure | None
    first_loss: Measure | None
    difference: Difference | None
    """To the first run, in accuracy, paired by seed: three seeds and the same data are needed."""
    same_start: bool | None
    """Whether its start values are bitwise those of the first run under every seed that the two
    share; None where that isn't known, or no seed is shared."""


@dataclass(frozen=True, slots=True)
class Contestant:
    scheme: str
    results: tuple[Result | None, ...]
    """One for each run; None where it isn't in it."""


@dataclass(frozen=True, slots=True)
class RunDifferences:
    names: tuple[str, ...]
    settings: tuple[Fact, ...]
    versions: tuple[Fact, ...]
    contestants: tuple[Contestant, ...]
    shares_data: tuple[bool, ...]
    """Whether each run has the images of the first, split in the same way."""


def compare_runs(names: Sequence[str], states: Sequence[RunState]) -> RunDifferences:
    """Put runs beside each other; all of them have begun."""
    started = [state.started for state in states if state.started is not None]
    experiments = [each.experiment for each in started]
    shares = tuple(_same_data(experiments[0], each) for each in experiments)
    schemes = dict.fromkeys(scheme for state in states for scheme in state.schemes)
    return RunDifferences(
        tuple(names),
        tuple(_settings(experiments)),
        tuple(_versions(started)),
        tuple(_contestant(scheme, states, shares, names[0]) for scheme in schemes),
        shares,
    )


def _settings(experiments: Sequence[Experiment]) -> list[Fact]:
    facts = [
        Fact(each.path, tuple(each.write(each.of(one)) or each.default for one in experiments))
        for each in SETTINGS
        if each.path != "name"
    ]
    return [fact for fact in facts if len(set(fact.values)) > 1]


def _versions(started: Sequence[RunStarted]) -> list[Fact]:
    names = dict.fromkeys(name for each in started for name in each.versions)
    facts = [Fact(name, tuple(each.versions.get(name, "-") for each in started)) for name in names]
    facts.append(Fact("device", tuple(each.device_name or each.device for each in started)))
    return [
        Fact(fact.name, tuple(sanitize(value, 60) for value in fact.values))
        for fact in facts
        if len(set(fact.values)) > 1
    ]


def _same_data(first: Experiment, other: Experiment) -> bool:
    return first.data == other.data


def _contestant(
    scheme: str, states: Sequence[RunState], shares: Sequence[bool], first_run: str
) -> Contestant:
    first = states[0].of_scheme(scheme)
    return Contestant(
        scheme,
        tuple(
            _result(
                state,
                scheme,
                first if number and shares[number] else [],
                first if number else [],
                first_run,
            )
            for number, state in enumerate(states)
        ),
    )


def _result(
    state: RunState,
    scheme: str,
    paired_with: list[TrialState],
    first: list[TrialState],
    first_run: str,
) -> Result | None:
    trials = state.of_scheme(scheme)
    if not trials:
        return None
    theirs = _accuracies(paired_with)
    differences = [
        value - theirs[seed] for seed, value in _accuracies(trials).items() if seed in theirs
    ]
    measured = [trial.train_loss for trial in furthest(trials)]
    return Result(
        accuracy_of(trials),
        measure(measured),
        first_loss_of(trials, first_steps(state)),
        paired_difference(first_run, differences, accuracy_of_an_image(state)),
        _same_start(first, trials),
    )


def _accuracies(trials: Sequence[TrialState]) -> dict[int, float]:
    return {
        trial.seed: trial.val_accuracy
        for trial in furthest(trials)
        if trial.val_accuracy is not None
    }


def _same_start(first: Sequence[TrialState], trials: Sequence[TrialState]) -> bool | None:
    digests = {t.seed: {s.parameter: s.digest for s in t.start} for t in first if t.start}
    shared = [trial for trial in trials if trial.start and trial.seed in digests]
    if not shared:
        return None
    return all({s.parameter: s.digest for s in t.start} == digests[t.seed] for t in shared)


def overlaid(names: Sequence[str], states: Sequence[RunState]) -> RunState:
    """Return one state with the trials of all; contestants have the runs' names before theirs."""
    state = RunState(started=states[0].started, ended=states[0].ended)
    for name, each in zip(names, states, strict=True):
        for trial in each.trials:
            state.trials.append(
                replace(trial, index=len(state.trials), scheme=f"{name}/{trial.scheme}", plan=None)
            )
    return state
