"""Options that change nothing beside others: they are named, so that no result seems theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import typer

from inittui.cli.console import note
from inittui.errors import UsageError

Given = Collection[str]
"""Options as they were typed, by their long names."""

_DRAWN = frozenset({"--first", "--log-y", "--linear-y", "--marker", "--width", "--summary"})


@dataclass(frozen=True, slots=True)
class _Rule:
    applies: Callable[[Given], bool]
    why: str
    ignored: frozenset[str]


def _with(option: str) -> Callable[[Given], bool]:
    return lambda given: option in given


def _without(option: str) -> Callable[[Given], bool]:
    return lambda given: option not in given


_RULES = (
    _Rule(_with("--json"), "--json draws nothing", _DRAWN),
    _Rule(_with("--csv"), "--csv draws nothing", _DRAWN),
    _Rule(_with("--detach"), "--detach prints no report", _DRAWN | {"--map-of"}),
    _Rule(
        _with("--no-save"),
        "--no-save keeps no run",
        frozenset({"--checkpoint-every", "--runs-dir"}),
    ),
    # The document has the name all the same.
    _Rule(
        lambda given: "--no-save" in given and "--json" not in given,
        "--no-save keeps no run",
        frozenset({"--name"}),
    ),
    _Rule(
        _with("--text"),
        "--text runs nothing",
        frozenset({"--data", "--device", "--epochs", "--fast", "--full", "--no-save", "--quiet",
                   "--runs-dir", "--seed", "--seeds", "--trust"}),
    ),
)  # fmt: skip

_RULES_OF = {
    "compare": (_Rule(_without("--config"), "there is no --config", frozenset({"--trust"})),),
    "inspect": (
        _Rule(_without("--config"), "there is no --config", frozenset({"--trust"})),
        _Rule(_without("--run"), "nothing is kept without --run", frozenset({"--runs-dir"})),
    ),
}
"""What holds in one command only."""


def typed_options(context: typer.Context, names: Iterable[str] | None = None) -> list[str]:
    """Return the options that were typed, by their long names; ``names`` are parameters' names."""
    wanted = None if names is None else set(names)
    found = []
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE" or not parameter.opts[0].startswith("-"):
            continue
        if wanted is None or name in wanted:
            is_off = bool(parameter.secondary_opts) and context.params.get(name) is False
            found.append(max(parameter.secondary_opts if is_off else parameter.opts, key=len))
    return found


def note_ignored(context: typer.Context) -> None:
    """Say which of the typed options change nothing, and why; each once."""
    given = typed_options(context)
    told: set[str] = set()
    for rule in (*_RULES, *_RULES_OF.get(context.command.name or "", ())):
        if rule.applies(given):
            ignored = [name for name in given if name in rule.ignored - told]
            told.update(ignored)
            if ignored:
                is_or_are = "is" if len(ignored) == 1 else "are"
                note(f"{rule.why}: {', '.join(ignored)} {is_or_are} ignored")


def refuse_before_subcommand(context: typer.Context, *, but: Collection[str] = ()) -> None:
    """Raise `UsageError` for options of a group that stand before a sub-command's name.

    Those in ``but`` hold for all of its sub-commands.
    """
    if context.invoked_subcommand is None:
        return
    found = [name for name in typed_options(context) if name not in but]
    if found:
        command = f"{context.command_path} {context.invoked_subcommand}"
        raise UsageError(
            f"{', '.join(found)} before '{context.invoked_subcommand}' changes nothing; "
            f"'{command} --help' lists what goes after it"
        )
