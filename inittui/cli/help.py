"""`inittui help`: the help of a command, the cheat sheet and the man page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Annotated, Any

import typer

from inittui.cli.console import is_ascii
from inittui.cli.examples import EXAMPLES
from inittui.cli.folding import WHOLE
from inittui.cli.registry import COMMANDS, load
from inittui.errors import unknown
from inittui.text import in_ascii

_CHEAT_SHEET, _MAN = "cheatsheet", "man"


def complete_topic(incomplete: str) -> list[str]:
    topics = [place.name for place in COMMANDS if not place.hidden] + [_CHEAT_SHEET, _MAN]
    return [topic for topic in topics if topic.startswith(incomplete)]


def show_help(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]",
            help="A command; 'cheatsheet' for all examples; 'man' for the man page.",
            autocompletion=complete_topic,
        ),
    ] = None,
) -> None:
    """Show the help of a command, a cheat sheet of all examples, or the man page.

    Where --help only names the options that are used less, this explains every one.
    """
    topic = " ".join(words or ())
    if topic == _CHEAT_SHEET:
        _say(cheat_sheet())
        return
    if topic == _MAN:
        _say(man_page())
        return
    root = context.find_root()
    if not words:
        typer.echo(root.get_help())
        return
    commands = dict(walk())
    if topic not in commands:
        raise unknown("command", topic, commands)
    command = commands[topic]
    whole = type(context)(command, parent=root, info_name=topic, obj=WHOLE)
    typer.echo(command.get_help(whole))


def walk() -> Iterator[tuple[str, Any]]:
    """Yield every command by its words, sub-commands after their group."""
    for place in COMMANDS:
        if place.hidden:
            continue
        command = load(place.name)
        yield place.name, command
        for name, child in getattr(command, "commands", {}).items():
            yield f"{place.name} {name}", child


def _first_line(command: Any) -> str:
    return (command.help or "").partition("\n")[0]


def cheat_sheet() -> str:
    """Return every command in a line, with its first examples below."""
    lines = []
    for words, command in walk():
        if " " in words and words.partition(" ")[0] != "runs":
            continue
        lines += [f"# {_first_line(command)}", *EXAMPLES.get(words, ())[:2]]
    return "\n".join(lines) + "\n"


def man_page() -> str:
    """Return the man page, in roff."""
    lines = [
        f'.TH INITTUI 1 "" "inittui {metadata.version("inittui")}"',
        ".SH NAME",
        "inittui \\- a terminal lab for neural-network weight initialization",
        ".SH SYNOPSIS",
        ".B inittui",
        "[COMMAND] [OPTIONS]",
        ".SH COMMANDS",
    ]
    for words, command in walk():
        lines += [".TP", f".B inittui {words}", _roff(_first_line(command))]
        for parameter in command.params:
            about = getattr(parameter, "help", None)
            if parameter.param_type_name == "option" and about and not parameter.hidden:
                names = ", ".join((*parameter.opts, *parameter.secondary_opts))
                lines += [".RS", ".TP", f".B {_roff(names)}", _roff(about), ".RE"]
    lines.append(".SH EXAMPLES")
    for examples in EXAMPLES.values():
        for example in examples[:2]:
            lines += [".PP", ".nf", _roff(example), ".fi"]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    plain = " ".join(text.replace("\\[", "[").split())
    return plain.replace("\\", "\\e").replace("-", "\\-")


def _say(text: str) -> None:
    typer.echo(in_ascii(text) if is_ascii(sys.stdout) else text, nl=False)
