"""The sub-commands by name, each loaded when it is used: the help needs a line of each."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from inittui.cli.examples import EXAMPLES
from inittui.cli.folding import fold
from inittui.cli.ignored import note_ignored


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    code: str
    """``module:attribute`` of its function, or of the Typer that holds its own sub-commands."""
    panel: str
    help: str
    """The first line of its own help."""
    hidden: bool = False
    """Whether it is an old name, which stays but isn't listed."""


COMMANDS = (
    Place("compare", "compare:compare", "Train",
          "Train models that differ in their initialization only; report loss and accuracy."),
    Place("phase", "phase:phase", "Train",
          "Train a map of networks over the variance of their weights; draw theory's lines on it."),
    Place("widths", "widths:widths", "Train",
          "Make a model wider, take a few steps, and see which layers move more, or less."),
    Place("attach", "tui:attach", "Train",
          "Open the terminal UI on one run, live or past."),
    Place("lessons", "lesson:list_lessons", "Learn",
          "List the lessons: classic experiments on initialization, each run by one command."),
    Place("lesson", "lesson:lesson", "Learn",
          "Run a lesson: its question, its experiment, its pictures, and what the numbers show."),
    Place("check", "check:check", "Look",
          "Find what is wrong with a model's initialization before it is trained."),
    Place("inspect", "inspect:inspect", "Look",
          "Measure every layer in one forward and one backward pass over the same images."),
    Place("schema", "schema:schema", "Look",
          "Print the JSON Schema of what --json prints."),
    Place("models", "model:model", "Look",
          "List the models, or show the layers of one: sizes, fans, and what follows each."),
    Place("model", "model:model", "Look",
          "List the models, or show the layers of one: sizes, fans, and what follows each.",
          hidden=True),
    Place("inits", "inits:app", "Look",
          "List the initializers, and look at the values that they give."),
    Place("data", "data:app", "Look",
          "List the data sets, and look at their images."),
    Place("help", "help:show_help", "Learn",
          "Show the help of a command, a cheat sheet of all examples, or the man page."),
    Place("settings", "settings:app", "Keep",
          "Show the settings, and where each value comes from."),
    Place("runs", "runs:app", "Keep",
          "List the runs that were kept; show, name, verify and remove them."),
)  # fmt: skip


class Commands(TyperGroup):
    """A group that knows its sub-commands' names, and loads the one that is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for place in COMMANDS:
            stand_in = TyperCommand(
                place.name, help=place.help, rich_help_panel=place.panel, hidden=place.hidden
            )
            self.add_command(stand_in)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(name or ""), rest


class ListOrShow(TyperGroup):
    """A group that lists things, and shows the one whose name follows: `inits rule`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name in self.commands or name.startswith("-"):
            return super().resolve_command(ctx, args)
        if get_close_matches(name, self.commands, cutoff=_MEANT):
            return super().resolve_command(ctx, args)  # which refuses it, and names the near one
        return "show", self.commands["show"], args


_MEANT = 0.8
"""Similarity to a sub-command's name from which on that one is meant."""


def load(name: str) -> Any:
    """Return a sub-command with all its options.

    Raises:
        KeyError: there is none of that name.
    """
    place = {each.name: each for each in COMMANDS}[name]
    module, _, attribute = place.code.partition(":")
    found = getattr(importlib.import_module(f"inittui.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        alone.command(place.name)(found)
        found = alone
    command = typer.main.get_command(found)
    command.name = place.name
    _give_examples(command, place.name)
    fold(command, place.name)
    for word, child in getattr(command, "commands", {}).items():
        _give_examples(child, f"{place.name} {word}")
    for each in (command, *getattr(command, "commands", {}).values()):
        _note_what_is_ignored(each)
    return command


def _give_examples(command: Any, words: str) -> None:
    """Put its examples below the first line of a command's help."""
    first, _, rest = (command.help or "").partition("\n")
    examples = EXAMPLES.get(words, ())
    shown = "\n\n".join(f"[dim]$[/dim] {each.replace('[', chr(92) + '[')}" for each in examples)
    command.help = f"{first}\n\n{shown}\n{rest}" if shown else command.help


def _note_what_is_ignored(command: Any) -> None:
    invoke = command.invoke

    def note_and_invoke(context: typer.Context) -> Any:
        note_ignored(context)
        return invoke(context)

    command.invoke = note_and_invoke
