"""A lesson that was run, for programs: the JSON document `inittui.lesson/1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from inittui.lessons import Answer, Lesson, Size


class LessonPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the lesson."""

    title: str
    documents: tuple[msgspec.Raw, ...]
    """What `compare --json`, `inspect --json` or `inits show --json` would have printed; each
    names its own schema."""
    answers: tuple[Answer, ...]
    """What its numbers show."""


class LessonDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui lesson NAME --json` prints."""

    schema: Literal["inittui.lesson/1"] = "inittui.lesson/1"
    lesson: str
    title: str
    question: str
    look: tuple[str, ...]
    remarks: tuple[str, ...]
    derivation: tuple[str, ...]
    """Where its formulas come from, one step each."""
    references: tuple[str, ...]
    size: Size
    data: str
    """The data set of its experiments; empty where there is none."""
    parts: tuple[LessonPart, ...]


def lesson_document(lesson: Lesson, size: Size, data: str, parts: Sequence[LessonPart]) -> str:
    """Return the JSON document of a lesson and of the parts that were run."""
    document = LessonDocument(
        lesson=lesson.name,
        title=lesson.title,
        question=lesson.question.strip(),
        look=lesson.look,
        remarks=lesson.remarks,
        derivation=lesson.derivation,
        references=lesson.references,
        size=size,
        data=data,
        parts=tuple(parts),
    )
    return msgspec.json.encode(document).decode()
