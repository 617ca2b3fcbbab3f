"""`inittui lessons` and `inittui lesson` as a person runs them."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import jsonschema
import pytest

from inittui.cli import lesson_parts as lesson_run
from inittui.cli.lesson_parts import Settings, with_settings
from inittui.documents.json_documents import schema
from inittui.errors import UsageError
from inittui.lessons import lesson_names, read_lesson
from tests.support.commands import invoke

QUIET = ("--fast", "--no-save", "--quiet")

OWN = """
title = "Mine"
question = "Does it?"
look = ["here"]
references = ["myself"]
[[parts]]
title = "One"
pictures = ["loss", "table", "start-values"]
[parts.experiment]
schemes = ["SCHEME"]
data = { limit = 500 }
training = { epochs = 1 }
model = { hidden = [8] }
[[parts.ask]]
says = "accuracy"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace("SCHEME", "rule"))
    return path


def test_the_list() -> None:
    done = invoke("lessons")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(lesson_names())
    assert "inittui lesson NAME" in done.stderr
    listed = json.loads(invoke("lessons", "--json").stdout)
    assert [row["name"] for row in listed["lessons"]] == list(lesson_names())


@pytest.mark.parametrize("name", lesson_names())
def test_text_alone_runs_nothing(name: str) -> None:
    done = invoke("lesson", name, "--text")
    assert not done.stderr
    assert "References" in done.stdout
    assert "What these numbers show" not in done.stdout


@pytest.mark.parametrize(
    ("name", "formulas"),
    [
        ("general-rule", ["Var(z) = n Var(w) E[x²]", "Var(w) = 1/fan_in"]),
        ("variance", ["Var(w) = 1/fan_out", "Var(w) = 2/(fan_in + fan_out)"]),
        ("uniform-distribution", ["(b - a)²/12"]),
    ],
)
def test_derivations_are_in_the_text(name: str, formulas: list[str]) -> None:
    text = " ".join(invoke("lesson", name, "--text").stdout.split())
    assert all(formula in text for formula in formulas)
    # A sum of products has the variance that is derived, and the harmonic mean is the formula's.
    for fan_in, fan_out in ((7, 3), (784, 512)):
        assert 2 / (fan_in + fan_out) == pytest.approx(
            statistics.harmonic_mean([1 / fan_in, 1 / fan_out])
        )


def test_a_lesson_is_told_from_question_to_answer(own: Path) -> None:
    done = invoke("lesson", str(own), *QUIET)
    places = [done.stdout.index(text) for text in (
        "Mine", "Does it?", "References", "One", "training loss", "accuracy", "What these numbers",
    )]  # fmt: skip
    assert places == sorted(places)
    assert "it has one size only" in done.stderr


def test_a_histogram_needs_no_training() -> None:
    done = invoke("lesson", "normal-distribution", "--no-save")
    assert not done.stderr
    assert "1,000 values: mean" in done.stdout


def test_documents_of_a_histogram_a_look_and_a_run(own: Path) -> None:
    for name, schemas in (
        ("uniform-distribution", ["inittui.initializer/1"]),
        ("per-layer", ["inittui.inspect/1"]),
        (str(own), ["inittui.compare/1"]),
    ):
        document = json.loads(invoke("lesson", name, *QUIET, "--json").stdout)
        jsonschema.validate(document, schema("lesson"))
        (part,) = document["parts"]
        assert [each["schema"] for each in part["documents"]] == schemas
        for each in part["documents"]:
            kind = each["schema"].removeprefix("inittui.").removesuffix("/1")
            if kind != "initializer":
                jsonschema.validate(each, schema(kind))


@pytest.mark.parametrize(
    ("full", "small", "size", "said"),
    [
        (100.0, 1.0, "full", "the full size, about 2 min here; --fast runs a smaller one"),
        (7200.0, 5.0, "small",
         "the small size, about 5 s here; --full runs the source's size, about 2.0 h"),
    ],
)  # fmt: skip
def test_the_size_that_fits_two_minutes(
    monkeypatch: pytest.MonkeyPatch, full: float, small: float, size: str, said: str
) -> None:
    monkeypatch.setattr(
        lesson_run, "_estimate", lambda _, asked: full if asked == "full" else small
    )
    assert lesson_run.choose_size(read_lesson("default")) == (size, said)


def test_published_numbers_stay_with_their_data() -> None:
    lesson = with_settings(read_lesson("default"), Settings(data="mnist", device="cpu"))
    (part,) = lesson.parts
    assert part.experiment is not None
    assert part.experiment.data.name == "mnist"
    assert part.experiment.training.device == "cpu"
    assert not any(getattr(question, "published", None) for question in part.ask)
    kept = with_settings(read_lesson("default"), Settings(data="fashion-mnist"))
    assert any(getattr(question, "published", None) for question in kept.parts[0].ask)


def test_seeds_and_epochs_of_ones_own() -> None:
    def seeds(**chosen: int) -> list[tuple[int, ...]]:
        (part,) = with_settings(read_lesson("default"), Settings(**chosen)).parts  # type: ignore[arg-type]
        assert part.experiment is not None and part.small is not None
        return [part.experiment.seeds, part.small.seeds]

    assert seeds(seeds=2) == [(0, 1), (0, 1)]
    assert seeds(seed=7) == [(7, 8, 9, 10, 11), (7, 8, 9)]
    assert seeds(seeds=1, seed=7) == [(7,), (7,)]
    (part,) = with_settings(read_lesson("default"), Settings(epochs=5)).parts
    assert part.small is not None and part.small.training.epochs == 5
    # Published accuracies are those of two epochs.
    assert not any(getattr(question, "published", None) for question in part.ask)
    (drawn,) = with_settings(read_lesson("normal-distribution"), Settings(seed=3)).parts
    assert drawn.draw is not None and drawn.draw.seed == 3


def test_seeds_and_epochs_are_run(own: Path) -> None:
    done = invoke("lesson", str(own), *QUIET, "--seeds", "2", "--seed", "5", "--epochs", "2")
    assert "(2 seeds, 8 steps of 100 images)" in done.stdout
    other = invoke("lesson", "normal-distribution", "--no-save", "--seed", "5").stdout
    assert other != invoke("lesson", "normal-distribution", "--no-save").stdout


def test_noise_stays_noise() -> None:
    lesson = with_settings(read_lesson("per-layer"), Settings(data="mnist"))
    experiment = lesson.parts[0].experiment
    assert experiment is not None
    assert experiment.data.name == "noise"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zeros-and-one",), "did you mean 'zeros-and-ones'"),
        (("sigma", "--full", "--fast"), "not both"),
        (("sigma", "--width", "3"), "--width must be"),
        (("sigma", "--epochs", "0"), "epochs must be from 1"),
        (("sigma", "--seeds", "0"), "at least one seed"),
        (("sigma", "--seeds", "999999999"), "seeds are too many"),
        (("sigma", "--seed", "-1"), "--seed must be from 0"),
        (("sigma", "--marker", "dots"), "no marker"),
        (("sigma", "--device", "gpu"), "no device"),
        (("default", "--data", "minst"), "did you mean 'mnist'"),
        (("nowhere.toml",), "nowhere.toml"),
    ],
)
def test_mistakes_are_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = invoke("lesson", *arguments, "--no-save")
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)


def test_code_of_a_persons_lesson_has_to_be_trusted(tmp_path: Path) -> None:
    code = tmp_path / "own_code_of_lesson.py"
    code.write_text("def f(tensor): tensor.fill_(0.25)\n")
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace("SCHEME", f"{code}:f"))
    done = invoke("lesson", str(path), *QUIET)
    assert "add --trust" in str(done.exception)
    done = invoke("lesson", str(path), *QUIET, "--trust")
    assert f"{code}:f" in "".join(done.stdout.split())


def test_runs_are_kept_under_the_lessons_name(own: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    invoke("lesson", str(own), "--fast", "--quiet", "--runs-dir", str(runs))
    listed = json.loads(invoke("runs", "--json", "--runs-dir", str(runs)).stdout)["runs"]
    assert [row["name"] for row in listed] == ["lesson mine"]
