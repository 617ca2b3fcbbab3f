"""Every shipped lesson end to end in its small size, as a person runs it."""

from __future__ import annotations

import jsonschema
import pytest

from inittui.documents.compare import schema
from inittui.lessons import lesson_names, read_lesson
from tests.support.commands import document


@pytest.mark.parametrize("name", lesson_names())
def test_lesson_answers_what_it_asks(name: str) -> None:
    told = document("lesson", name, "--fast", "--no-save", "--quiet")
    jsonschema.validate(told, schema("lesson"))
    lesson = read_lesson(name)
    assert [part["title"] for part in told["parts"]] == [part.title for part in lesson.parts]
    for part, shown in zip(lesson.parts, told["parts"], strict=True):
        assert shown["documents"]
        assert len(shown["answers"]) == len(part.ask)
        for answer in shown["answers"]:
            assert any(character.isdigit() for character in answer["text"])
            assert not any(word in answer["text"] for word in ("not known", "Nothing", "not on"))
