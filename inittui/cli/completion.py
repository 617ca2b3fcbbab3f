"""Shell completion of schemes, and what bash needs for it.

zsh and fish hand over whole words. bash breaks words at ':', '=' and '@' (COMP_WORDBREAKS) and
replaces only the last piece, so there `complete_in_bash` joins the pieces before typer sees them
and shortens the answers after.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from inittui.experiment.settings import Setting
    from inittui.initializers.description import Description, Parameter

Candidate = tuple[str, str]
"""What the word may become, and a few words of help."""

_BREAKS = ":=@"

MOST_OFFERED = 100
"""Runs that are offered, the newest ones."""


def complete_scheme(incomplete: str) -> list[Candidate]:
    """Return what a scheme may become: names, after ':' parameters, after '/' a bias."""
    before_rule, at, rule = incomplete.rpartition("@")
    pattern, equals, pair = rule.partition("=") if at else ("", "", rule)
    if at and not equals:
        return []
    weights, slash, bias = pair.partition("/")
    done = f"{before_rule}{at}{pattern}{equals}{weights + slash if slash else ''}"
    candidates = _calls(bias if slash else weights, for_bias=bool(slash))
    return [(done + text, meaning) for text, meaning in candidates]


def complete_model(incomplete: str) -> list[Candidate]:
    from inittui.experiment.models import MODELS, TORCHVISION, TORCHVISION_MODELS

    ours = [(each.name, each.title) for each in MODELS.values()]
    theirs = [(f"{TORCHVISION}{name}", "") for name in sorted(TORCHVISION_MODELS)]
    shown = (
        [*ours, *theirs] if incomplete.startswith(TORCHVISION[:1]) else [*ours, (TORCHVISION, "")]
    )
    return [each for each in shown if each[0].startswith(incomplete)]


def complete_data(incomplete: str) -> list[Candidate]:
    from inittui.experiment.data_sets import DATA_SETS

    return [
        (each.name, each.title) for each in DATA_SETS.values() if each.name.startswith(incomplete)
    ]


def complete_lesson(incomplete: str) -> list[Candidate]:
    from inittui.lessons import lesson_names

    return one_of_words(lesson_names())(incomplete)


def complete_schema(incomplete: str) -> list[Candidate]:
    from inittui.documents.json_documents import SCHEMAS

    return one_of_words(SCHEMAS)(incomplete)


def complete_nonlinearity(incomplete: str) -> list[Candidate]:
    from inittui.initializers.nonlinearity import NONLINEARITIES

    return one_of_words(NONLINEARITIES)(incomplete)


def complete_run(context: typer.Context, incomplete: str) -> list[Candidate]:
    """Return "last", the IDs and the names of the runs."""
    from inittui.runs import read_name, run_directories, runs_root

    given = context.params.get("runs_dir") or context.obj
    runs = list(run_directories(runs_root(Path(given) if given else None)))
    named = [(run.id, read_name(run) or "") for run in runs[:MOST_OFFERED]]
    names = [(name, run) for run, name in named if name and " " not in name]
    return [each for each in (("last", ""), *named, *names) if each[0].startswith(incomplete)]


def complete_config(context: typer.Context, incomplete: str) -> list[Candidate]:
    files = sorted(Path().glob("*.toml"))
    return [
        *((file.name, "") for file in files if file.name.startswith(incomplete)),
        *complete_run(context, incomplete),
    ]


def completion_of(setting: Setting) -> Callable[[str], list[Candidate]]:
    """Return what completes the value of a setting's option."""

    return _COMPLETIONS.get(setting.path, one_of_words(setting.choices))


def one_of_words(choices: Iterable[str]) -> Callable[[str], list[Candidate]]:
    """Return what completes an option that is one of some words."""

    def complete(incomplete: str) -> list[Candidate]:
        return [(each, "") for each in choices if each.startswith(incomplete)]

    return complete


_COMPLETIONS = {
    "model.name": complete_model,
    "data.name": complete_data,
    "layers": complete_scheme,
    "sweeps": complete_scheme,
}


def _calls(text: str, *, for_bias: bool) -> Iterator[Candidate]:
    from inittui.initializers import CATALOGUE, find
    from inittui.initializers.catalogue import BUILT, is_built, is_known

    name, colon, given = text.partition(":")
    if colon:
        if is_known(name) and not is_built(name):
            yield from _parameters(find(name), f"{name}:", given)
        return
    if text and BUILT.startswith(text):
        yield BUILT, "Leave the model as its own code makes it."
    for description in CATALOGUE.values():
        if for_bias and not description.on_bias:
            continue
        known = (description.name, *description.aliases)
        fitting = next((each for each in known if each.startswith(text)), None)
        if fitting is not None:
            yield fitting, description.summary
        if fitting == text:
            yield from _parameters(description, f"{text}:", "")


def _parameters(description: Description, done: str, given: str) -> Iterator[Candidate]:
    earlier, comma, last = given.rpartition(",")
    used = {part.partition("=")[0] for part in earlier.split(",")}
    for parameter in description.parameters:
        if parameter.name in used:
            continue
        for value in _values(parameter):
            text = f"{parameter.name}={value}"
            if text.startswith(last):
                yield f"{done}{earlier}{comma}{text}", parameter.meaning


def _values(parameter: Parameter) -> tuple[str, ...]:
    """Return texts to offer after '='.

    A number has an empty one and an example: where only one is left, shells take it for the end
    of the word and add a space.
    """
    from inittui.experiment.scheme import format_value

    if parameter.choices:
        return parameter.choices
    return "", format_value(0.05 if parameter.default is None else parameter.default)


def complete_in_bash(run: Callable[[], object]) -> None:
    """Run typer's completion for bash, which exits: whole words in, their last pieces out."""
    before = _join_words(os.environ)
    answers = io.StringIO()
    try:
        with contextlib.redirect_stdout(answers):
            run()
    finally:
        for line in answers.getvalue().splitlines():
            sys.stdout.write(line.removeprefix(before) + "\n")


def is_asked_by_bash() -> bool:
    """Whether this process was started by bash to complete a word."""
    return os.environ.get("_INITTUI_COMPLETE") == "complete_bash"


def _join_words(environment: MutableMapping[str, str]) -> str:
    """Join the pieces of words in COMP_WORDS; return what stands before the last word's last piece.

    An option's '=' stays apart, as typer expects it.
    """
    given = environment.get("COMP_WORDS", "")
    words = given.split("\n") if "\n" in given else given.split()
    current = int(environment.get("COMP_CWORD", "0"))
    joined = [""]
    before = ""
    for piece in [*words[:current], *(words[current : current + 1] or [""])]:
        is_break = bool(piece) and not piece.strip(_BREAKS)
        open_word = joined[-1].strip(_BREAKS) != "" and joined[-1].endswith(tuple(_BREAKS))
        if joined[-1].startswith("-") or not (is_break or open_word):
            joined.append("")
        before = joined[-1] + (piece if is_break else "")
        joined[-1] += piece
    environment["COMP_WORDS"] = "\n".join(joined[1:])
    environment["COMP_CWORD"] = str(len(joined) - 2)
    return before
