"""Running a lesson: which size fits, and part after part its experiment and its answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from inittui.errors import ExitCode
from inittui.experiment.known_names import check_names
from inittui.experiment.records import MOST_SEEDS, Experiment
from inittui.lessons import Answer, Lesson, Part, Question, Size
from inittui.lessons.answers import answer_part
from inittui.recording.untrained import drawn, prepare_part, starts, takes_no_images
from inittui.results.state import RunState, fold
from inittui.views.wording import about

if TYPE_CHECKING:
    from inittui.runs import RunDirectory

FITS_SECONDS = 150.0
"""The full size is taken where it takes no longer: about two minutes."""

_TIMING_SECONDS = 0.5
"""Spent on the estimate of each part."""


@dataclass(frozen=True)
class Settings:
    """What a person set for the whole lesson."""

    data: str | None = None
    device: str | None = None
    save: bool = True
    runs_dir: Path | None = None
    quiet: bool = False
    seeds: int | None = None
    """How many; None: the lesson's."""
    seed: int | None = None
    """The first."""
    epochs: int | None = None


@dataclass(frozen=True)
class PartResult:
    """What a part came to."""

    state: RunState
    run: RunDirectory | None
    """None where nothing is kept."""
    answers: tuple[Answer, ...]
    exit_code: ExitCode


def with_settings(lesson: Lesson, settings: Settings) -> Lesson:
    """Return the lesson on the person's data and device, with their seeds and epochs.

    Published numbers are left out where they are of other data or of another training.
    """
    return msgspec.structs.replace(
        lesson, parts=tuple(_part_with(part, settings, lesson.name) for part in lesson.parts)
    )


def _part_with(part: Part, settings: Settings, lesson: str) -> Part:
    if part.draw is not None and settings.seed is not None:
        draw = msgspec.structs.replace(part.draw, seed=settings.seed)
        return msgspec.structs.replace(part, draw=draw)
    if part.experiment is None or part.small is None:
        return part
    others = settings.data not in (None, part.experiment.data.name) or (
        part.is_trained and settings.epochs not in (None, part.experiment.training.epochs)
    )
    return msgspec.structs.replace(
        part,
        experiment=_experiment_with(part.experiment, settings, lesson),
        small=_experiment_with(part.small, settings, lesson),
        ask=tuple(map(_unpublished, part.ask)) if others else part.ask,
    )


def _experiment_with(experiment: Experiment, settings: Settings, lesson: str) -> Experiment:
    data, training = experiment.data, experiment.training
    if settings.data is not None and not takes_no_images(experiment):
        data = msgspec.structs.replace(data, name=settings.data)
    if settings.device is not None:
        training = msgspec.structs.replace(training, device=settings.device)
    if settings.epochs is not None:
        training = msgspec.structs.replace(training, epochs=settings.epochs)
    found = msgspec.structs.replace(
        experiment,
        data=data,
        training=training,
        seeds=_seeds(experiment, settings),
        name=f"lesson {lesson}",
    )
    found.check({"training.epochs": "--epochs", "seeds": "--seed"})
    check_names(found, on_noise=takes_no_images(found))
    return found


def _seeds(experiment: Experiment, settings: Settings) -> tuple[int, ...]:
    if settings.seeds is None and settings.seed is None:
        return experiment.seeds
    count = len(experiment.seeds) if settings.seeds is None else settings.seeds
    first = experiment.seeds[0] if settings.seed is None else settings.seed
    return tuple(range(first, first + min(count, MOST_SEEDS + 1)))


def _unpublished(question: Question) -> Question:
    given = getattr(question, "published", None)
    if not given:
        return question
    nothing: dict[str, float] | None = {} if isinstance(given, dict) else None
    return msgspec.structs.replace(question, published=nothing, remark="")


def choose_size(lesson: Lesson) -> tuple[Size, str]:
    """Time some steps; return the size that fits about two minutes, and a sentence on both."""
    if has_one_size(lesson):
        return "full", describe_size(lesson, "full")
    full = _estimate(lesson, "full")
    if full <= FITS_SECONDS:
        return "full", f"the full size, {about(full)} here; --fast runs a smaller one"
    small = _estimate(lesson, "small")
    return "small", (
        f"the small size, {about(small)} here; --full runs the source's size, {about(full)}"
    )


def has_one_size(lesson: Lesson) -> bool:
    """Whether the small size is the full one."""
    return all(part.small == part.experiment for part in lesson.parts)


def describe_size(lesson: Lesson, size: Size) -> str:
    """Return a sentence on the size that the person chose."""
    expected = about(_estimate(lesson, size))
    if has_one_size(lesson):
        return f"{expected} here; it has one size only"
    if size == "full":
        return f"the full size, {expected} here; --fast runs a smaller one"
    return f"the small size, {expected} here; --full runs the source's size"


def full_takes(lesson: Lesson) -> str:
    """Return what is said where the small size can't tell; steps of the full one are timed."""
    return f"--full takes {about(_estimate(lesson, 'full'))}."


def _estimate(lesson: Lesson, size: Size) -> float:
    from inittui.training.estimate import estimate_probe_seconds, estimate_seconds

    total = 0.0
    for part in lesson.parts:
        experiment = part.sized(size)
        if experiment is None:
            continue
        prepared = prepare_part(experiment)
        if part.trains:
            total += estimate_seconds(prepared, _TIMING_SECONDS)
        if experiment.inspection.before or experiment.inspection.after:
            moments = experiment.inspection.before + experiment.inspection.after
            total += estimate_probe_seconds(prepared) * moments
    return total


def run_part(part: Part, size: Size, settings: Settings) -> PartResult:
    """Draw, measure or train what a part says, with progress on stderr.

    Raises:
        InittuiError: it can't be run here.
    """
    if not part.is_trained:
        return _without_training(part, size)
    from inittui.cli.run import conduct

    experiment = part.sized(size)
    assert experiment is not None
    outcome = conduct(
        experiment,
        save=settings.save,
        runs_dir=settings.runs_dir,
        quiet=settings.quiet,
        expected=True,
    )
    answers = answer_part(part, outcome.state, size)
    return PartResult(outcome.state, outcome.run, answers, outcome.exit_code)


def _without_training(part: Part, size: Size) -> PartResult:
    """Draw values, or measure inside of the untrained models; nothing of it is kept."""
    draw, experiment = part.draw, part.sized(size)
    if draw is not None:
        events = drawn(draw.initializer, draw.values, draw.seed)
    else:
        assert experiment is not None
        events = starts(experiment, sys.argv)
    state = fold(events)
    return PartResult(state, None, answer_part(part, state, size), ExitCode.DONE)
