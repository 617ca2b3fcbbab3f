"""Every shipped lesson end to end in its small size, as a person runs it.

Those whose small size trains for long are run with fewer images and seeds, but in the long form.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from inittui.documents.json_documents import schema
from inittui.lessons import lesson_names, read_lesson
from inittui.lessons.questions import CANT_TELL
from tests.support.commands import document
from tests.support.lesson_verdicts import VERDICTS, contradictions
from tests.support.torture import TORTURE

SIZES = ["--fast", "--full"] if TORTURE else ["--fast"]

SHORTENED: dict[str, tuple[tuple[str, ...], tuple[str, str]]] = {
    "std-sweep": (
        ("--seeds", "2", "--epochs", "1"),
        ("limit = 4000, validation = 1000", "limit = 1000, validation = 500"),
    ),
    "std-sweep-deep": (("--seeds", "2"), ("limit = 8000", "limit = 1000")),
    "uniform-or-normal": (("--seeds", "2"), ("limit = 40000", "limit = 10000")),
    "uniform-baseline": ((), ("limit = 50000", "limit = 10000")),
}
"""Options of the short form, and what it has in place of what in the lesson's small size."""


def shortened(name: str, folder: Path) -> tuple[str, ...]:
    """Return what the command is given for the short form of a lesson."""
    if TORTURE or name not in SHORTENED:
        return (name,)
    options, (usual, fewer) = SHORTENED[name]
    text = files("inittui.lessons").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    assert text.count(usual) == 1
    own = folder / f"{name}.toml"
    own.write_text(text.replace(usual, fewer), encoding="utf-8")
    return (str(own), *options)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", lesson_names())
def test_lesson_answers_what_it_asks(name: str, size: str, tmp_path: Path) -> None:
    told = document("lesson", *shortened(name, tmp_path), size, "--no-save", "--quiet")
    jsonschema.validate(told, schema("lesson"))
    lesson = read_lesson(name)
    assert [part["title"] for part in told["parts"]] == [part.title for part in lesson.parts]
    for part, shown in zip(lesson.parts, told["parts"], strict=True):
        assert shown["documents"]
        assert len(shown["answers"]) == len(part.ask)
        for answer in shown["answers"]:
            assert any(character.isdigit() for character in answer["text"])
            assert not any(word in answer["text"] for word in ("not known", "Nothing", "not on"))
    found = [part["answers"] for part in told["parts"]]
    assert contradictions(name, found) == []
    for answers in found:
        assert all(answer["measured_at"] for answer in answers)
        assert all("--full takes" in a["text"] for a in answers if CANT_TELL in a["text"])


@pytest.mark.parametrize("name", VERDICTS)
def test_the_reference_is_of_questions_that_the_lesson_asks(name: str) -> None:
    parts = read_lesson(name).parts
    for part, question in VERDICTS[name]:
        assert parts[part].ask[question].__struct_config__.tag in (
            "at-chance", "difference", "best-range", "best-moves", "learns", "keeps",
            "stands-out", "by-depth", "trainable-depth",
        )  # fmt: skip


def test_a_contradiction_is_found() -> None:
    answers = [{"verdicts": {}}, {"verdicts": {"uniform": "at chance"}}]
    answers += [{"verdicts": {}}, {"verdicts": {"rule less uniform, accuracy": CANT_TELL}}]
    assert contradictions("uniform-baseline", [answers]) == [("uniform", "at chance", "learns")]


@pytest.mark.parametrize("name", lesson_names())
def test_every_size_that_trains_has_three_seeds(name: str) -> None:
    for part in read_lesson(name).parts:
        if part.is_trained:
            for experiment in (part.experiment, part.small):
                assert experiment is not None and len(experiment.seeds) >= 3
