"""Lessons in the UI: parts that train nothing run in real processes and leave nothing behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from inittui.cli.lesson_parts import Settings, run_part
from inittui.lessons import Lesson, Part, read_lesson
from inittui.lessons.answers import answer_part
from inittui.results.state import RunState
from inittui.runs import run_directories
from inittui.trust import load_code
from inittui.tui.lesson_process import RunningLesson
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.open_runs import OpenRuns
from inittui.views.frame import Frame
from inittui.views.lesson import answers_text, part_pictures

SECONDS = 120.0
"""Until a process has to be done."""


@pytest.fixture
def lesson() -> Lesson:
    """A histogram, then a look into untrained models."""
    look = read_lesson("per-layer")
    return replace(look, parts=(*read_lesson("uniform-distribution").parts, *look.parts))


@pytest.fixture
def running(lesson: Lesson) -> Iterator[RunningLesson]:
    running = RunningLesson(lesson, "small")
    yield running
    running.close()


def advance_to(running: RunningLesson, open_runs: OpenRuns, parts: int, phase: Phase) -> OpenRun:
    """Advance until so many parts have begun and the last of them is in a phase."""
    until = time.monotonic() + SECONDS
    while len(running.runs) < parts or running.runs[-1].phase is not phase:
        assert time.monotonic() < until, running.runs
        assert running.is_live
        running.advance(open_runs)
        time.sleep(0.02)
    return running.runs[-1]


def shown(part: Part, state: RunState) -> str:
    console = Console(width=90, record=True, color_system="truecolor", quiet=True)
    frame = Frame(90)
    console.print(part_pictures(part, state, frame))
    console.print(answers_text(answer_part(part, state, "small"), frame))
    return console.export_text(styles=True)


def test_what_is_shown_is_what_the_command_line_prints(
    tmp_path: Path, lesson: Lesson, running: RunningLesson
) -> None:
    open_runs = OpenRuns(tmp_path)
    advance_to(running, open_runs, 2, Phase.ENDED)
    assert not running.is_live
    for part, run in zip(lesson.parts, running.runs, strict=True):
        experiment = part.sized("small")
        if experiment is not None:
            load_code(experiment, "the lesson", trust=True)
        measured = run_part(part, "small", Settings()).state
        assert shown(part, run.state) == shown(part, measured)
        assert run.trouble == ()


def test_nothing_of_it_is_kept(tmp_path: Path, running: RunningLesson) -> None:
    open_runs = OpenRuns(tmp_path)
    run = advance_to(running, open_runs, 1, Phase.ENDED)
    assert (open_runs.shown, open_runs.behind, running.trained) == ([], [], [])
    assert list(run_directories(tmp_path)) == []
    assert run.directory.log.exists()
    running.close()
    assert not run.directory.path.parent.exists()


def test_closing_ends_the_process(tmp_path: Path, running: RunningLesson) -> None:
    running.advance(OpenRuns(tmp_path))
    (run,) = running.runs
    assert run.worker is not None
    running.close()
    assert run.worker.returncode is not None
    assert not run.directory.path.exists()


def test_a_stop_begins_no_other_part(tmp_path: Path, running: RunningLesson) -> None:
    open_runs = OpenRuns(tmp_path)
    running.advance(open_runs)
    running.stop(open_runs)
    until = time.monotonic() + SECONDS
    while running.is_live:
        assert time.monotonic() < until
        running.advance(open_runs)
        time.sleep(0.02)
    assert len(running.runs) == 1
    assert not running.runs[0].is_live


def test_a_part_that_fails_says_why_and_ends_the_lesson(tmp_path: Path, lesson: Lesson) -> None:
    draw, _ = lesson.parts
    assert draw.draw is not None
    wrong = replace(draw, draw=replace(draw.draw, initializer="normal:std=-1"))
    running = RunningLesson(replace(lesson, parts=(wrong, draw)), "small")
    open_runs = OpenRuns(tmp_path)
    run = advance_to(running, open_runs, 1, Phase.ENDED)
    running.advance(open_runs)
    assert "std" in run.trouble[0]
    assert (running.runs, running.is_live) == ([run], False)
    running.close()
