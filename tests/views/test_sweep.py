"""Sweeps, start values and lessons as a person sees them."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.console import Group
from syrupy.assertion import SnapshotAssertion

from inittui.lessons import Answer, lessons, read_lesson
from inittui.results.state import RunState
from inittui.views.frame import Frame
from inittui.views.lesson import answers_text, lesson_list, lesson_text
from inittui.views.report import compare_report
from inittui.views.start_values import written_tables
from inittui.views.sweep import sweep_charts
from tests.support.rendering import render
from tests.support.runs import Made, made_run, std_sweep

WIDTHS = (60, 80, 120)


def sweep() -> RunState:
    accuracies = {
        1e-4: [0.10, 0.11], 1e-3: [0.45, 0.61], 0.01: [0.86, 0.87], 0.1: [0.865, 0.87],
        1.0: [0.70, 0.74],
    }  # fmt: skip
    return std_sweep(accuracies, xavier_uniform=0.875)


def words() -> RunState:
    return made_run(
        [
            Made("rule", accuracy, swept={"model.activation": activation})
            for activation, accuracy in (("sigmoid", 0.1), ("tanh", 0.85), ("relu", 0.86))
        ],
        on="test",
    )


def layers() -> RunState:
    own = "mine.py:half:scale=2"
    start = (("conv.weight", own, "1"), ("conv.bias", "zeros", "2"), ("norm.weight", None, "3"))
    return made_run([Made("rule@conv=mine.py:half", 0.8, start=start), Made("rule", 0.7)])


def charts(state: RunState, frame: Frame) -> str:
    return render(Group(*sweep_charts(state, frame)), frame.width)


@pytest.mark.parametrize("width", WIDTHS)
def test_accuracy_against_a_log_axis(width: int, snapshot: SnapshotAssertion) -> None:
    assert charts(sweep(), Frame(width)) == snapshot


def test_in_ascii(snapshot: SnapshotAssertion) -> None:
    drawn = charts(sweep(), Frame(80, ascii_only=True))
    assert drawn.isascii()
    assert drawn == snapshot


def test_accuracy_against_words(snapshot: SnapshotAssertion) -> None:
    assert charts(words(), Frame(80)) == snapshot


def test_only_the_axes_that_are_asked_for() -> None:
    assert sweep_charts(words(), Frame(80), ["model.depth"]) == []
    assert sweep_charts(words(), Frame(80), ["model.activation"])


def test_who_wrote_what(snapshot: SnapshotAssertion) -> None:
    drawn = render(Group(*written_tables(layers(), Frame(80))), 80)
    assert "only the model's own code wrote norm.weight" in drawn
    assert drawn == snapshot


def test_plain_schemes_need_no_such_table() -> None:
    start = (("fc1.weight", "rule", "1"), ("fc1.bias", "zeros", "2"))
    assert written_tables(made_run([Made("rule", 0.8, start=start)]), Frame(80)) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", [sweep, words, layers])
def test_reports_keep_their_width(width: int, state: object) -> None:
    drawn = render(compare_report(state(), Frame(width)), width)  # type: ignore[operator]
    assert max(map(cell_len, drawn.splitlines())) <= width


def test_the_test_images_are_named() -> None:
    drawn = render(compare_report(words(), Frame(80)), 80)
    assert "accuracy on its test images" in drawn
    assert "test accuracy in %" in drawn
    assert "val." not in drawn


@pytest.mark.parametrize("width", WIDTHS)
def test_list_of_lessons(width: int, snapshot: SnapshotAssertion) -> None:
    drawn = render(lesson_list(lessons(), Frame(width)), width)
    assert max(map(cell_len, drawn.splitlines())) <= width
    assert drawn == snapshot


def test_text_of_a_lesson(snapshot: SnapshotAssertion) -> None:
    assert render(lesson_text(read_lesson("sigma"), Frame(80), parts=True), 80) == snapshot


def test_answers(snapshot: SnapshotAssertion) -> None:
    answers = [
        Answer("accuracy", "Validation accuracy: zeros 9.84 % (published 9.475 %)."),
        Answer("layers", "Variance of the outputs by layer:\nrule: fc1 1.2.\nzeros: fc1 0."),
        Answer("loss", "\x1b[31mred\x1b[0m"),
    ]
    drawn = render(answers_text(answers, Frame(60)), 60)
    assert "\x1b" not in drawn
    assert drawn == snapshot
