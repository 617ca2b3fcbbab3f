"""The short help of a command with many options: those used most, the others by name."""

from __future__ import annotations

import copy
from typing import Any

from typer.core import TyperOption

USED_MOST = {
    "compare": (
        "--model", "--data", "--limit", "--layer", "--sweep", "--epochs", "--lr", "--seeds",
        "--inspect", "--summary", "--json", "--detach", "--config", "--help",
    ),
    "inspect": (
        "--model", "--input", "--layer", "--data", "--when", "--only", "--theory",
        "--values", "--json", "--config", "--help",
    ),
}  # fmt: skip
"""The options that a command's help explains, in their order; the others it only names."""

WHOLE = "whole help"
"""A context's object that asks for the help with every option explained."""


def fold(command: Any, words: str) -> None:
    """Let a command's help explain what is used most, where it is in the table."""
    used_most = USED_MOST.get(words)
    if used_most is None:
        return
    show_whole = command.format_help

    def format_help(context: Any, formatter: Any) -> None:
        if context.obj == WHOLE:
            show_whole(context, formatter)
            return
        short = _short(command, words, used_most, context)
        type(command).format_help(short, context, formatter)

    command.format_help = format_help


def _short(command: Any, words: str, used_most: tuple[str, ...], context: Any) -> Any:
    """Return a copy of a command without the options that are only named, in its last lines."""
    arguments, options, others = [], dict[str, Any](), dict[str, list[str]]()
    for parameter in command.get_params(context):
        if not isinstance(parameter, TyperOption):
            arguments.append(parameter)
            continue
        name = max(parameter.opts, key=len)
        if name in used_most:
            options[name] = copy.copy(parameter)
            options[name].rich_help_panel = None
        elif not parameter.hidden:
            others.setdefault(parameter.rich_help_panel or "Others", []).append(name)
    short = copy.copy(command)
    shown = [*arguments, *(options[name] for name in used_most if name in options)]
    short.get_params = lambda _: shown
    named = [f"[bold]{panel}[/bold]: {' '.join(names)}" for panel, names in others.items()]
    short.epilog = "\n\n".join([*named, f"'inittui help {words}' explains them all."])
    return short
