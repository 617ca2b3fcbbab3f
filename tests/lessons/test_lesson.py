"""Lessons as files: what is shipped, what a person may write, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from inittui.errors import UsageError
from inittui.experiment.sweeps import plan_trials
from inittui.initializers import parse_scheme
from inittui.lessons import Lesson, Size, lesson_names, lessons, parse_lesson, read_lesson
from inittui.lessons.questions import Question

EXPECTED = (
    "zeros-and-ones", "uniform-distribution", "normal-distribution", "uniform-baseline",
    "general-rule", "uniform-or-normal", "default", "sigma", "per-layer", "std-sweep",
    "std-sweep-deep", "variance", "find-the-fault", "wider", "edge-of-chaos", "glorot-gradients",
    "thirty-layers", "signal-and-depth",
)  # fmt: skip

OWN = """
title = "Mine"
question = "Does it?"
look = ["here"]
references = ["myself"]
[[parts]]
title = "One"
pictures = ["loss"]
[parts.experiment]
schemes = ["rule"]
data = { limit = 2000 }
[parts.small]
data = { validation = 100 }
[[parts.ask]]
says = "accuracy"
"""


def test_all_are_shipped_in_their_order() -> None:
    assert lesson_names() == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_a_lesson_has_its_text(name: str) -> None:
    lesson = read_lesson(name)
    assert lesson.question.strip().endswith("?")
    assert lesson.look and lesson.references and lesson.parts
    for part in lesson.parts:
        assert part.ask
        assert part.pictures or part.draw is not None


def named(question: Question) -> set[str]:
    """Return the contestants that a question names."""
    published = getattr(question, "published", None)
    return {
        *question.schemes,
        *getattr(question, "between", ()),
        *(published if isinstance(published, dict) else ()),
    }


@pytest.mark.parametrize("size", get_args(Size))
@pytest.mark.parametrize("name", EXPECTED)
def test_questions_are_about_contestants_that_run(name: str, size: Size) -> None:
    for part in read_lesson(name).parts:
        experiment = part.sized(size)
        if experiment is not None:
            contestants = {str(parse_scheme(plan.scheme)) for plan in plan_trials(experiment)}
            for question in part.ask:
                assert named(question) <= contestants


@pytest.mark.parametrize("name", EXPECTED)
def test_the_small_size_is_no_larger(name: str) -> None:
    for part in read_lesson(name).parts:
        full, small = part.experiment, part.small
        if full is not None and small is not None:
            assert len(plan_trials(small)) <= len(plan_trials(full))
            assert small.training.epochs <= full.training.epochs
            assert small.model.name == full.model.name


def test_published_figures_are_those_of_the_sources() -> None:
    published: dict[tuple[str, str], tuple[float, ...]] = {}
    for part in read_lesson("variance").parts:
        for question in part.ask:
            for scheme, numbers in getattr(question, "published", {}).items():
                published[scheme, getattr(question, "of", "")] = numbers
    activations, gradients = "pre_activations.variance", "weight_gradients.variance"
    gaussian = "normal:mean=0.01,std=1/normal:mean=0.01,std=1"
    by_fan_out = "variance_scaling:mode=fan_out,distribution=untruncated_normal"
    assert published == {
        ("constant/constant", activations): (2.0583, 13.489, 22.101, 36.210, 14.831),
        ("constant/constant", gradients): (0, 0, 0, 0, 0.168),
        (gaussian, activations): (821.3, 4.451e5, 1.102e8, 3.400e10, 2.410e12),
        (gaussian, gradients): (637655, 1.891e6, 4.253e6, 8.014e6, 2.654e8),
        (by_fan_out, activations): (1.604, 0.955, 0.381, 0.480, 3.718),
        ("xavier_normal", activations): (1.216, 0.585, 0.297, 0.247, 0.293),
        ("normal", gradients): (8.42e-6, 1.45e-5, 1.33e-5, 2.55e-5, 3.06e-4),
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_every_figure_has_an_owner(name: str) -> None:
    for part in read_lesson(name).parts:
        for question in part.ask:
            assert bool(getattr(question, "published", None)) == bool(question.reference)
            assert bool(getattr(question, "ours", None)) == bool(getattr(question, "ours_seeds", 0))


@pytest.mark.parametrize("name", EXPECTED)
def test_every_line_to_look_at_has_an_answer(name: str) -> None:
    lesson = read_lesson(name)
    answered = {question.look for part in lesson.parts for question in part.ask}
    assert answered - {0} == set(range(1, len(lesson.look) + 1))


def own(text: str) -> Lesson:
    return parse_lesson(text, "mine", "mine.toml")


def test_the_small_size_says_only_what_differs() -> None:
    (part,) = own(OWN).parts
    assert part.experiment is not None and part.small is not None
    assert part.experiment.data.validation == 0.2
    assert (part.small.data.validation, part.small.data.limit) == (100, 2000)
    assert part.small.schemes == ("rule",)


def test_layer_rules_of_the_small_size_replace_the_others() -> None:
    text = OWN.replace("[parts.small]", '[parts.experiment.layers]\n"fc1" = "ones"\n[parts.small]')
    text = text.replace("data = { validation = 100 }", 'layers = { fc2 = "zeros" }')
    (part,) = own(text).parts
    assert part.small is not None
    assert part.small.layers == {"fc2": "zeros"}


def test_a_lesson_of_ones_own_file(tmp_path: Path) -> None:
    path = tmp_path / "my_lesson.toml"
    path.write_text(OWN)
    assert read_lesson(str(path)).name == "my_lesson"
    with pytest.raises(UsageError, match="No such file"):
        read_lesson(str(tmp_path / "other.toml"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('title = "Mine"', "", "missing required field `title`"),
        ('title = "Mine"', 'title = "Mine"\ncolour = 1', "unknown field `colour`"),
        ('says = "accuracy"', 'says = "acuracy"', "Invalid value 'acuracy'"),
        ('pictures = ["loss"]', 'pictures = ["los"]', "Invalid enum value 'los'"),
        ("limit = 2000", "limit = 0", "limit must be from 1"),
        ('says = "accuracy"', 'says = "accuracy"\npublished = { rule = 80 }', "no 'reference'"),
        (
            'says = "accuracy"',
            'says = "accuracy"\nlook = 2',
            "answers line 2",
        ),
        (
            'says = "accuracy"',
            'says = "layers"\nof = "dead"\nours = { rule = [0] }',
            "no 'ours_seeds'",
        ),
        ('title = "One"', 'title = "One"\ndraw = { initializer = "rule" }', "either"),
        ('title = "Mine"', "title = ", "Invalid value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(before: str, after: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        own(OWN.replace(before, after))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["parts = 3", "parts = [1]", 'parts = ["a"]', "[parts]\na = 1"])
def test_parts_have_to_be_tables(text: str) -> None:
    with pytest.raises(UsageError):
        own(text)


def test_a_mistyped_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'zeros-and-ones'"):
        read_lesson("zeros-and-one")


def test_lessons_are_read_once_each_in_order() -> None:
    assert [lesson.name for lesson in lessons()] == list(EXPECTED)
