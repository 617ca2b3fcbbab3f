"""Lessons: a question, experiments that answer it, and what to look at; one TOML file each."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from inittui.errors import UsageError, unknown
from inittui.experiment.records import Experiment
from inittui.experiment.toml import MAXIMUM_FILE_BYTES
from inittui.lessons.questions import Question
from inittui.text import sanitize

Size = Literal["full", "small"]
"""The source's size, or one that takes seconds."""

Picture = Literal["loss", "accuracy", "sweep", "map", "table", "layers", "variance", "start-values"]
"""What is drawn of a part: curves of loss or accuracy over the steps, accuracy against swept
values, losses over two sweeps, the table of contestants, histograms by layer, variance against
depth, who wrote what."""


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of one initializer, drawn and counted."""

    initializer: str
    """As a scheme writes it."""
    values: int = 1_000
    seed: int = 0


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One experiment of a lesson, or one histogram."""

    title: str
    text: str = ""
    """Said before it runs."""
    draw: Draw | None = None
    experiment: Experiment | None = None
    """In the source's size."""
    small: Experiment | None = None
    """In a size that takes seconds; in the file only what differs."""
    trains: bool = True
    """False: the models are only looked into."""
    pictures: tuple[Picture, ...] = ()
    first: int | None = 100
    """Steps in the picture of the loss; 0 in the file means all."""
    axes: tuple[str, ...] = ()
    """Sweeps that accuracy is drawn against, such as trunc_normal:std; () means all."""
    layers: str | None = None
    """Pattern of the layers that are drawn; None means all."""
    ask: tuple[Question, ...] = ()
    """What is asked of its numbers."""

    @property
    def is_trained(self) -> bool:
        """Whether it is an experiment that is trained, not a look or a histogram."""
        return self.experiment is not None and self.trains

    def sized(self, size: Size) -> Experiment | None:
        """Return the experiment in one of its sizes; None for a histogram."""
        return self.small if size == "small" else self.experiment


class Lesson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question and what answers it."""

    name: str
    title: str
    order: int = 1_000
    """Its place in the list."""
    question: str
    look: tuple[str, ...]
    """What to look at."""
    remarks: tuple[str, ...] = ()
    """What differs from the source, and why."""
    derivation: tuple[str, ...] = ()
    """Where its formulas come from, one step each."""
    references: tuple[str, ...]
    parts: tuple[Part, ...]


def lesson_names() -> tuple[str, ...]:
    """Return the shipped lessons in their order."""
    return tuple(lesson.name for lesson in lessons())


def lessons() -> tuple[Lesson, ...]:
    """Return the shipped lessons in their order."""
    found = [read_lesson(name) for name in _shipped()]
    return tuple(sorted(found, key=lambda lesson: (lesson.order, lesson.name)))


def read_lesson(name: str) -> Lesson:
    """Return a shipped lesson by name, or one of a file whose name ends in .toml.

    Raises:
        UsageError: there is none, or the file is wrong.
    """
    if name.endswith(".toml"):
        path = Path(name)
        return parse_lesson(_read(path), path.stem, source=name)
    if name not in _shipped():
        raise unknown("lesson", sanitize(name, 60), _shipped())
    text = (resources.files("inittui.lessons") / f"{name}.toml").read_text(encoding="utf-8")
    return parse_lesson(text, name, source=f"{name}.toml")


def parse_lesson(text: str, name: str, source: str) -> Lesson:
    """Read a lesson; ``source`` is named in errors.

    Raises:
        UsageError: it is no TOML, or a key or a value is wrong.
    """
    try:
        document = tomllib.loads(text)
        document["name"] = name
        for part in document.get("parts", ()):
            _complete(part)
        lesson = msgspec.convert(document, Lesson)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise UsageError(f"{sanitize(source, 200)}: {sanitize(str(error), 300)}") from None
    except (TypeError, AttributeError):
        raise UsageError(f"{sanitize(source, 200)}: 'parts' must be a list of tables") from None
    for part in lesson.parts:
        _check(part, source)
        for question in part.ask:
            _check_figures(question, len(lesson.look), source)
    return lesson


def _complete(part: dict[str, Any]) -> None:
    """Put what the small size shares with the full one into it."""
    if "experiment" in part:
        part["small"] = _merged(part["experiment"], part.get("small", {}))
    if part.get("first") == 0:
        part["first"] = None


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, dict) and key != "layers":
            merged[key] = _merged(known, value)
        else:
            merged[key] = value
    return merged


def _check(part: Part, source: str) -> None:
    if (part.draw is None) == (part.experiment is None):
        raise UsageError(
            f"{sanitize(source, 200)}: part '{sanitize(part.title, 60)}' needs either "
            "'experiment' or 'draw'"
        )
    for experiment in (part.experiment, part.small):
        if experiment is not None:
            experiment.check()


def _check_figures(question: Question, looks: int, source: str) -> None:
    """Let no figure stand without its owner, and no answer without its line."""
    kind = question.__struct_config__.tag
    if getattr(question, "published", None) and not question.reference:
        raise UsageError(
            f"{sanitize(source, 200)}: the question '{kind}' has published figures, but no "
            "'reference' that says where they stand"
        )
    if getattr(question, "ours", None) and not getattr(question, "ours_seeds", 0):
        raise UsageError(
            f"{sanitize(source, 200)}: the question '{kind}' has figures of ours, but no "
            "'ours_seeds' that says over how many seeds they were measured"
        )
    if not 0 <= question.look <= looks:
        raise UsageError(
            f"{sanitize(source, 200)}: the question '{kind}' answers line {question.look} of "
            f"'look', which has {looks}"
        )


def _shipped() -> tuple[str, ...]:
    files = resources.files("inittui.lessons").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            raise UsageError(f"{path}: larger than {MAXIMUM_FILE_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text") from None
