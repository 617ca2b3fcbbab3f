"""Lessons: the list, the text of one, the pictures of a part, and what its numbers show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inittui.initializers.sampling import sample_of
from inittui.lessons import Answer, Lesson, Part, Picture
from inittui.results.state import RunState
from inittui.results.summary import summarize
from inittui.views.chart.layout import paragraph
from inittui.views.curves import accuracy_curves, closer_look, loss_curves
from inittui.views.frame import Frame
from inittui.views.initializer import initializer_detail
from inittui.views.inspection import layer_sections
from inittui.views.start_values import written_tables
from inittui.views.sweep import sweep_charts
from inittui.views.sweep_maps import Map, sweep_maps
from inittui.views.tables import run_tables
from inittui.views.variance import variance_plots


def lesson_list(lessons: Sequence[Lesson], frame: Frame) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for lesson in lessons:
        table.add_row(frame.say(lesson.name), frame.say(lesson.title))
    return table


def lesson_text(lesson: Lesson, frame: Frame, *, parts: bool = False) -> RenderableType:
    """Return title, question, what to look at, remarks and references.

    ``parts``: also where the formulas come from, and the parts.
    """
    lines = [Text(frame.say(lesson.title), "bold")]
    lines += paragraph(frame.say(lesson.question.strip()), frame.columns)
    lines += _listed("Look at", lesson.look, frame)
    if parts:
        lines += _listed("Derivation", lesson.derivation, frame)
        lines += _listed("Parts", [part.title for part in lesson.parts], frame)
    lines += _listed("Remarks", lesson.remarks, frame)
    lines += _listed("References", lesson.references, frame)
    return Group(*lines)


def part_heading(part: Part, number: int, count: int, frame: Frame) -> RenderableType:
    place = f"Part {number} of {count}: " if count > 1 else ""
    lines = [Text(frame.say(f"{place}{part.title}"), "bold underline")]
    if part.text:
        lines += paragraph(frame.say(part.text), frame.columns)
    return Group(*lines)


def part_pictures(part: Part, state: RunState, frame: Frame) -> RenderableType:
    """Return the pictures that a part names, drawn from its run; of drawn values, these."""
    drawn: list[RenderableType] = []
    if state.drawn is not None:
        drawn += [initializer_detail(sample_of(state.drawn), frame), Text()]
    for picture in part.pictures:
        drawn += _PICTURES[picture](part, state, frame)
    return Group(*drawn)


def answers_text(
    answers: Sequence[Answer], frame: Frame, look: Sequence[str] = ()
) -> RenderableType:
    """Return what the numbers of a run show, one paragraph for each question.

    Each answer stands under the line of ``look`` that it is to; those to none come first. The
    heading says at which size all of it was measured.
    """
    size = next((answer.measured_at for answer in answers if answer.measured_at), "")
    lines = [
        Text.assemble(("What these numbers show", "bold"), frame.say(f" ({size})" * (size != "")))
    ]
    for number in sorted({answer.look for answer in answers}):
        if 0 < number <= len(look):
            lines += [
                Text.assemble(line, style="italic")
                for line in paragraph(frame.say(look[number - 1]), frame.columns)
            ]
        for answer in answers:
            if answer.look == number:
                lines += _answer(answer, frame)
    return Group(*lines)


def _answer(answer: Answer, frame: Frame) -> list[Text]:
    head, *rest = answer.text.split("\n")
    lines = _item(head, frame, "•")
    for line in rest:
        lines += _item(line, frame, " ")
    return lines


def _loss(part: Part, state: RunState, frame: Frame) -> Iterator[RenderableType]:
    if not any(trial.losses for trial in state.trials):
        return  # axes without a curve would say that something was measured
    yield from (loss_curves(state, frame, first=part.first), Text())
    closer = closer_look(state, frame, first=part.first)
    if closer is not None:
        yield from (closer, Text())


_PICTURES: Mapping[Picture, Callable[[Part, RunState, Frame], Iterable[RenderableType]]] = {
    "loss": _loss,
    "accuracy": lambda part, state, frame: [accuracy_curves(state, frame), Text()],
    "sweep": lambda part, state, frame: sweep_charts(state, frame, part.axes),
    "map": lambda part, state, frame: sweep_maps(state, frame, Map(metric="loss")),
    "table": lambda part, state, frame: run_tables(state, summarize(state), frame),
    "layers": lambda part, state, frame: [
        *layer_sections(state, frame, layers=part.layers),
        Text(),
    ],
    "variance": lambda part, state, frame: [variance_plots(state, frame), Text()],
    "start-values": lambda part, state, frame: written_tables(state, frame),
}


def _listed(title: str, items: Sequence[str], frame: Frame) -> list[Text]:
    if not items:
        return []
    lines = [Text(), Text(title, "bold")]
    for item in items:
        lines += _item(item, frame, "•")
    return lines


def _item(text: str, frame: Frame, bullet: str) -> list[Text]:
    lines = paragraph(frame.say(text), max(frame.columns - 2, 1))
    return [
        Text.assemble(f"{frame.say(bullet) if number == 0 else ' '} ", line)
        for number, line in enumerate(lines)
    ]
