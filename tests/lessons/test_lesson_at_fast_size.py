"""Every shipped lesson end to end in its small size, as a person runs it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from inittui.cli.main import app
from inittui.documents.compare import schema
from inittui.lessons import lesson_names, read_lesson


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments, standalone_mode=False)


@pytest.mark.parametrize("name", lesson_names())
def test_lesson_answers_what_it_asks(name: str) -> None:
    done = invoke("lesson", name, "--fast", "--no-save", "--quiet", "--json")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("lesson"))
    lesson = read_lesson(name)
    assert [part["title"] for part in document["parts"]] == [part.title for part in lesson.parts]
    for part, shown in zip(lesson.parts, document["parts"], strict=True):
        assert shown["documents"]
        assert len(shown["answers"]) == len(part.ask)
        for answer in shown["answers"]:
            assert any(character.isdigit() for character in answer["text"])
            assert not any(word in answer["text"] for word in ("not known", "Nothing", "not on"))
