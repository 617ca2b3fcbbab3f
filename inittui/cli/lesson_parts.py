"""Running a lesson: which size fits, and part after part its experiment and its answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from inittui.errors import ExitCode
from inittui.experiment.models import MODELS
from inittui.experiment.records import Experiment
from inittui.initializers import parse_scheme
from inittui.lessons import Answer, Lesson, Part, Question, Size
from inittui.lessons.answers import Drawn, answer, answer_all, answer_moments
from inittui.results.state import RunState
from inittui.views.wording import about

if TYPE_CHECKING:
    from inittui.initializers.sampling import Sample
    from inittui.runs import RunDirectory
    from inittui.training.prepared import Prepared

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


@dataclass(frozen=True)
class PartResult:
    """What a part came to."""

    state: RunState | None
    """None for a histogram."""
    sample: Sample | None
    run: RunDirectory | None
    answers: tuple[Answer, ...]
    exit_code: ExitCode


def with_settings(lesson: Lesson, settings: Settings) -> Lesson:
    """Return the lesson on the person's data and device.

    Published numbers are left out where they are of other data.
    """
    return msgspec.structs.replace(
        lesson, parts=tuple(_part_with(part, settings, lesson.name) for part in lesson.parts)
    )


def _part_with(part: Part, settings: Settings, lesson: str) -> Part:
    if part.experiment is None or part.small is None:
        return part
    others = settings.data not in (None, part.experiment.data.name)
    return msgspec.structs.replace(
        part,
        experiment=_experiment_with(part.experiment, settings, lesson),
        small=_experiment_with(part.small, settings, lesson),
        ask=tuple(map(_unpublished, part.ask)) if others else part.ask,
    )


def _experiment_with(experiment: Experiment, settings: Settings, lesson: str) -> Experiment:
    data, training = experiment.data, experiment.training
    if settings.data is not None and not _takes_no_images(experiment):
        data = msgspec.structs.replace(data, name=settings.data)
    if settings.device is not None:
        training = msgspec.structs.replace(training, device=settings.device)
    name = f"lesson {lesson}"
    return msgspec.structs.replace(experiment, data=data, training=training, name=name)


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


def _estimate(lesson: Lesson, size: Size) -> float:
    from inittui.training.estimate import estimate_probe_seconds, estimate_seconds

    total = 0.0
    for part in lesson.parts:
        experiment = part.sized(size)
        if experiment is None:
            continue
        materials = _prepare(experiment)
        if part.trains:
            total += estimate_seconds(materials, _TIMING_SECONDS)
        if experiment.inspection.before or experiment.inspection.after:
            moments = experiment.inspection.before + experiment.inspection.after
            total += estimate_probe_seconds(materials) * moments
    return total


def run_part(part: Part, size: Size, settings: Settings) -> PartResult:
    """Draw, measure or train what a part says, with progress on stderr.

    Raises:
        InittuiError: it can't be run here.
    """
    experiment = part.sized(size)
    if part.draw is not None:
        return _draw(part)
    assert experiment is not None
    if not part.trains:
        return _look(part, experiment)
    from inittui.cli.run import conduct

    outcome = conduct(
        experiment,
        save=settings.save,
        runs_dir=settings.runs_dir,
        quiet=settings.quiet,
        expected=True,
    )
    answers = answer_all(part.ask, outcome.state)
    return PartResult(outcome.state, None, outcome.run, answers, outcome.exit_code)


def _draw(part: Part) -> PartResult:
    from inittui.initializers.layer import LayerContext
    from inittui.initializers.sampling import draw_sample

    draw = part.draw
    assert draw is not None
    layer = LayerContext((draw.values, 1))
    sample = draw_sample(parse_scheme(draw.initializer), layer, draw.seed)
    expected = sample.expected
    answers: tuple[Answer, ...] = ()
    if expected is not None:
        drawn = Drawn(
            sample.size, sample.measured.mean, sample.measured.std, expected.mean, expected.std
        )
        answers = tuple(answer_moments(drawn) for _ in part.ask)
    return PartResult(None, sample, None, answers, ExitCode.DONE)


def _look(part: Part, experiment: Experiment) -> PartResult:
    """Measure inside of the untrained models; nothing of it is kept."""
    from inittui.training.engine import inspect_starts

    state = RunState()
    for event in inspect_starts(_prepare(experiment), command=sys.argv):
        state.apply(event)
    answers = tuple(answer(question, state) for question in part.ask)
    return PartResult(state, None, None, answers, ExitCode.DONE)


def _prepare(experiment: Experiment) -> Prepared:
    from inittui.training.prepared import prepare, prepare_on_noise

    return prepare_on_noise(experiment) if _takes_no_images(experiment) else prepare(experiment)


def _takes_no_images(experiment: Experiment) -> bool:
    described = MODELS.get(experiment.model.name)
    return described is not None and described.input is not None
