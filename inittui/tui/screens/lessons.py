"""The lessons: the text beside the experiment, which runs in place."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from inittui.lessons import Lesson, Part, Size, lessons
from inittui.results.trial_state import share_done
from inittui.tui.host import host_of, name_here
from inittui.tui.keymap import key
from inittui.tui.lesson_process import RunningLesson
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.screens.base import LabScreen
from inittui.tui.status_styles import LOOK_CLASSES, look_of
from inittui.tui.widgets.row_list import RowList
from inittui.tui.widgets.scroll_page import ListBesidePage, ScrollPage
from inittui.views.chart.layout import shortened
from inittui.views.frame import Frame, legible

_RUN, _FULL_SIZE = ("lessons.run", "r"), ("lessons.full_size", "R")
"""Actions that pages name, and their usual keys."""


class LessonList(ListBesidePage):
    def __init__(self) -> None:
        super().__init__()
        self._lessons = lessons()

    @property
    def chosen(self) -> Lesson:
        return self._lessons[self.cursor]

    def count(self) -> int:
        return len(self._lessons)

    def identity(self, index: int) -> Hashable:
        return self._lessons[index].name

    def heading(self, width: int) -> Text:
        return Text("lesson")

    def row(self, index: int, width: int) -> Text:
        lesson = self._lessons[index]
        host = host_of(self)
        running = host.running_lessons.get(lesson.name)
        mark = " " if running is None else "~" if running.is_live else "*"
        title = legible(lesson.title, host.terminal.ascii_only)
        return Text(f"{mark} {shortened(title, max(width - 2, 1), self.sign)}")


class LessonsScreen(LabScreen):
    PLACE = "lessons"
    COMPONENT_CLASSES: ClassVar[set[str]] = LOOK_CLASSES

    BINDINGS: ClassVar[list[BindingType]] = [
        key("r,enter,f5", "lessons.run", "run('small')", "Run",
            "Run the lesson's experiments in a size that takes seconds.", footer=True),
        key("R", "lessons.full_size", "run('full')", "Full size",
            "Run the lesson's experiments in their source's size.", footer=True),
        key("s", "lessons.stop", "stop", "Stop", "End the lesson's experiments.", footer=True),
        key("o", "lessons.open", "open", "Open run",
            "Show the lesson's runs on the first screen.", footer=True),
        key("f", "lessons.full", "app.toggle_class('#teaching', '-full-page')", "Full screen",
            "Give all the room to the page, or show the list again."),
        key("tab", "lessons.other", "app.focus_next", "List/page",
            "Let the arrow keys act on the list or on the page.", footer=True),
    ]  # fmt: skip

    def body(self) -> ComposeResult:
        with Horizontal(id="teaching"):
            yield LessonList()
            yield ScrollPage()

    def on_mount(self) -> None:
        self.query_one(LessonList).focus()

    @property
    def lesson(self) -> Lesson:
        return self.query_one(LessonList).chosen

    @property
    def running(self) -> RunningLesson | None:
        return self.host.running_lessons.get(self.lesson.name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        ready = super().check_action(action, parameters)
        if not ready or action not in ("stop", "open"):
            return ready
        running = self.running
        if action == "stop":
            return running is not None and running.is_live
        return running is not None and bool(running.trained)

    def tells_end_of(self, run: OpenRun) -> bool:
        return self.running is not None and run in self.running.runs

    def paint(self) -> None:
        self.query_one(LessonList).reload()
        lesson, running = self.lesson, self.running
        page_key = (lesson.name, running.version if running else -1)
        page = self.query_one(ScrollPage)
        at_end = running is not None and page.max_scroll_y > 0 and page.is_vertical_scroll_end
        run, full = (self.key_for(*each) for each in (_RUN, _FULL_SIZE))
        presses = {
            f"Press {run}": name_here(self, *_RUN),
            f"({full})": name_here(self, *_FULL_SIZE),
        }
        page.show(
            lambda width: Group(*self._page(lesson, running, width)),
            page_key,
            lesson.name,
            presses,
        )
        if at_end:  # what a lesson finds comes below what was read
            page.call_after_refresh(page.scroll_end, animate=False)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        message.stop()
        self.refresh_bindings()
        self.paint()

    def _page(
        self, lesson: Lesson, running: RunningLesson | None, width: int
    ) -> Iterator[RenderableType]:
        from inittui.views.lesson import lesson_text, part_heading

        terminal = self.host.terminal
        frame = Frame(width, terminal.ascii_only, terminal.marker)
        yield lesson_text(lesson, frame)
        count = len(lesson.parts)
        for number, part in enumerate(lesson.parts, 1):
            yield Text()
            yield part_heading(part, number, count, frame)
            if running is not None and number <= len(running.runs):
                yield Text()
                yield from self._part(running, number - 1, frame)
        yield Text()
        if running is None:
            yield self._said(f"Press {self.key_for(*_RUN)} to run it here.", frame)

    def _said(self, text: str, frame: Frame) -> Text:
        return Text(frame.say(text), look_of(self).warn)

    def _part(self, lesson: RunningLesson, place: int, frame: Frame) -> Iterator[RenderableType]:
        from inittui.lessons.answers import answer_part, with_hint
        from inittui.views.lesson import answers_text, part_pictures

        run, part = lesson.runs[place], lesson.lesson.parts[place]
        if run.is_live:
            yield self._said(_progress(part, run), frame)
        for line in run.trouble:
            yield Text(frame.say(line), look_of(self).bad)
        if run.state.drawn or any(trial.losses or trial.probes for trial in run.state.trials):
            yield part_pictures(part, run.state, frame)
        if run.phase is Phase.ENDED and part.ask:
            hint = f"The full size ({self.key_for(*_FULL_SIZE)}) may."
            answers = with_hint(answer_part(part, run.state, lesson.size), lambda: hint)
            yield answers_text(answers, frame, lesson.lesson.look)

    def action_run(self, size: Size) -> None:
        running = self.running
        if running is not None and running.is_live:
            self.notify("It is running already.")
            return
        self.host.attempt(self._start, self.lesson, size)
        self.refresh_bindings()
        self.draw()
        self.call_after_refresh(self.query_one(ScrollPage).scroll_end, animate=False)

    def _start(self, lesson: Lesson, size: Size) -> None:
        started = RunningLesson(lesson, size)
        started.advance(self.open_runs)
        before = self.host.running_lessons.get(lesson.name)
        if before is not None:
            before.close()
        self.host.running_lessons[lesson.name] = started

    def action_stop(self) -> None:
        running = self.running
        if running is not None:
            self.host.attempt(running.stop, self.open_runs)
        self.refresh_bindings()
        self.draw()

    def action_open(self) -> None:
        running = self.running
        if running is not None and running.trained:
            for place, run in enumerate(running.trained):
                self.open_runs.show(run.directory, add=place > 0)
            self.host.show_run()


def _progress(part: Part, run: OpenRun) -> str:
    if run.phase is Phase.STARTING:
        process = "training process" if part.is_trained else "process"
        return f"starting: the {process} is loading"
    if not part.is_trained:
        return "running …"
    return f"running: {share_done(run.state.trials, run.state.total_steps):.0%}"
