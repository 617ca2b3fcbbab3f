"""`inittui lessons` lists the lessons; `inittui lesson NAME` reads or runs one."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from inittui.cli import settings_options as opt
from inittui.cli import shared_options as shared
from inittui.cli.completion import complete_lesson
from inittui.cli.console import console_for, note
from inittui.cli.output import frame_for, print_document
from inittui.errors import ExitCode, UsageError
from inittui.experiment.settings import REPORT, RUN

if TYPE_CHECKING:
    from rich.console import Console

    from inittui.cli.lesson_parts import PartResult, Settings
    from inittui.documents.lesson import LessonPart
    from inittui.lessons import Lesson, Size
    from inittui.views.frame import Frame

AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON document; see 'inittui schema lesson'.",
        rich_help_panel=REPORT,
    ),
]


def list_lessons(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Show the text of one, or of a TOML file of one's own. None: list them.",
            autocompletion=complete_lesson,
        ),
    ] = None,
    as_json: shared.AsJson = False,
    width: shared.Width = None,
) -> None:
    """List the lessons: classic experiments on initialization, each run by one command.

    With a name: show its text, as 'inittui lesson NAME --text' does.
    """
    if name is not None:
        _print_text(name, width, None, as_json=as_json)
        return
    from inittui.lessons import lessons

    found = lessons()
    if as_json:
        from inittui.documents.reference import LessonsDocument, reference_document

        typer.echo(reference_document(LessonsDocument, {"lessons": found}))
        return
    from inittui.views.lesson import lesson_list

    console = console_for(sys.stdout, width)
    console.print(lesson_list(found, frame_for(console.width)), soft_wrap=True)
    note("'inittui lesson NAME' runs one, 'inittui lessons NAME' shows its text")


def lesson(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A lesson as 'inittui lessons' lists it, or a TOML file of one's own.",
            autocompletion=complete_lesson,
        ),
    ],
    full: Annotated[bool, typer.Option("--full", help="Run the source's size.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Run a size that takes seconds.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Show the text; run nothing.")] = False,
    data: Annotated[
        str | None,
        opt.option_of(
            "data.name", help="Other images, such as mnist; the lesson's own are Fashion-MNIST."
        ),
    ] = None,
    seeds: Annotated[
        int | None, opt.option_of("seeds", help="How many seeds. \\[default: the lesson's]")
    ] = None,
    seed: Annotated[
        int | None, opt.option_of("seed", help="The first seed. \\[default: 0]")
    ] = None,
    epochs: Annotated[
        int | None,
        opt.option_of(
            "training.epochs",
            help="Times that every image is seen. \\[default: the lesson's]",
        ),
    ] = None,
    device: Annotated[str | None, opt.option_of("training.device")] = None,
    marker: shared.Marker = None,
    width: shared.Width = None,
    as_json: AsJson = False,
    quiet: shared.Quiet = False,
    trust: shared.Trust = False,
    runs_dir: shared.RunsDir = None,
    no_save: Annotated[
        bool, typer.Option("--no-save", help="Keep nothing of its runs.", rich_help_panel=RUN)
    ] = False,
) -> None:
    """Run a lesson: its question, its experiment, its pictures, and what the numbers show.

    By default it takes the size that fits about two minutes here, and says so before it starts.
    """
    if full and fast:
        raise UsageError("choose --full or --fast, not both")
    from inittui.lessons import read_lesson

    if text:
        _print_text(name, width, marker, as_json=as_json)
        return
    found = read_lesson(name)
    console = console_for(sys.stdout, width)
    frame = frame_for(console.width, marker)
    from inittui.cli.lesson_parts import Settings, choose_size, describe_size, with_settings

    settings = Settings(data, device, not no_save, runs_dir, quiet, seeds, seed, epochs)
    found = with_settings(found, settings)
    _load_code(found, name, trust=trust)
    trains = any(part.experiment is not None for part in found.parts)
    size: Size = "small" if fast else "full"
    if trains:
        if not quiet:
            note(f"lesson {found.name}: timing a few steps, to tell how long it takes")
        if not (full or fast):
            size, said = choose_size(found)
        else:
            said = describe_size(found, size)
        note(f"lesson {found.name}: {said}")
    results = _run(found, size, settings, console, None if as_json else frame)
    if as_json:
        _print_json(found, size, results)
    raise typer.Exit(max((each.exit_code for each in results), default=ExitCode.DONE))


def _print_text(name: str, width: int | None, marker: str | None, *, as_json: bool) -> None:
    from inittui.lessons import read_lesson

    found = read_lesson(name)
    if as_json:
        from inittui.documents.lesson import lesson_document

        print_document(lesson_document(found, "full", "", ()))
        return
    from inittui.views.lesson import lesson_text

    console = console_for(sys.stdout, width)
    frame = frame_for(console.width, marker)
    console.print(lesson_text(found, frame, parts=True), soft_wrap=True)


def _load_code(found: Lesson, name: str, *, trust: bool) -> None:
    """Import the functions that the experiments name; those of a person's own file if trusted."""
    from inittui.trust import load_code

    shipped = not name.endswith(".toml")
    for part in found.parts:
        for experiment in (part.experiment, part.small):
            if experiment is not None:
                load_code(experiment, name, trust=trust or shipped)


def _run(
    found: Lesson, size: Size, settings: Settings, console: Console, frame: Frame | None
) -> list[PartResult]:
    """Run part after part, each shown as soon as it is done; ``frame`` None shows nothing."""
    from rich.text import Text

    from inittui.cli.lesson_parts import full_takes, run_part
    from inittui.lessons.answers import with_hint
    from inittui.views.lesson import lesson_text, part_heading

    if frame is not None:
        console.print(lesson_text(found, frame), soft_wrap=True)
    hint = functools.cache(lambda: full_takes(found))
    results: list[PartResult] = []
    for number, part in enumerate(found.parts, 1):
        if frame is not None:
            console.print(Text())
            heading = part_heading(part, number, len(found.parts), frame)
            console.print(heading, Text(), soft_wrap=True)
        result = run_part(part, size, settings)
        answers = with_hint(result.answers, hint)
        result = dataclasses.replace(result, answers=answers)
        results.append(result)
        if frame is not None:
            _show(found, number, result, console, frame)
        if result.exit_code == ExitCode.INTERRUPTED:
            break
    return results


def _show(found: Lesson, number: int, result: PartResult, console: Console, frame: Frame) -> None:
    from inittui.views.lesson import answers_text, part_pictures

    pictures = part_pictures(found.parts[number - 1], result.state, frame)
    console.print(pictures, soft_wrap=True)
    if result.answers:
        console.print(answers_text(result.answers, frame, found.look), soft_wrap=True)


def _print_json(found: Lesson, size: Size, results: Sequence[PartResult]) -> None:
    from inittui.documents.lesson import lesson_document

    names = [part.experiment.data.name for part in found.parts if part.experiment is not None]
    parts = [
        _part_document(part.title, result)
        for part, result in zip(found.parts, results, strict=False)
    ]
    print_document(lesson_document(found, size, names[0] if names else "", parts))


def _part_document(title: str, result: PartResult) -> LessonPart:
    import msgspec

    from inittui.documents.compare import compare_document
    from inittui.documents.inspect import inspect_document
    from inittui.documents.lesson import LessonPart

    state, path = result.state, result.run.path if result.run else None
    documents: list[str] = []
    if state.drawn is not None:
        from inittui.documents.initializer import sample_document
        from inittui.initializers.sampling import sample_of

        documents.append(sample_document(sample_of(state.drawn)))
    if any(trial.losses for trial in state.trials):
        documents.append(compare_document(state, path))
    if any(trial.probes for trial in state.trials):
        documents.append(inspect_document(state, path))
    raw = tuple(msgspec.Raw(text.encode()) for text in documents)
    return LessonPart(title=title, documents=raw, answers=result.answers)
