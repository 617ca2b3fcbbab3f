"""What `[tool.inittui.check]` of a pyproject.toml says, and the rules' codes that people give."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from inittui.errors import UsageError, nearest
from inittui.experiment.inputs import parse_inputs
from inittui.files import open_regular
from inittui.text import sanitize

FailOn = Literal["error", "warning", "note", "never"]
"""The least severity that makes the exit code 1."""

TABLE = "tool.inittui.check"
_MOST_BYTES = 1 << 20
_CODE = re.compile(r"I\d{0,3}")


class CheckSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The settings of a check; the command line's come before them."""

    model: str = ""
    """What is checked where the command line names nothing."""
    input: str | tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    """Codes, or their beginnings, of the only rules that are judged; none: all."""
    ignore: tuple[str, ...] = ()
    fail_on: FailOn | None = None
    allow: dict[str, tuple[str, ...]] = {}
    """Patterns of layers or parameters that are meant as they are, by code."""
    limits: dict[str, float] = {}
    """Other limits of rules, by their names."""
    source: str = ""
    """The file that says so; empty for none."""

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.input,) if isinstance(self.input, str) else self.input


def find_settings(folder: Path) -> CheckSettings:
    """Return what the nearest pyproject.toml, of ``folder`` or above, says.

    Raises:
        UsageError: it is no TOML, or a key or a value of the table is wrong.
    """
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file():
            return read_settings(path)
    return CheckSettings()


def read_settings(path: Path) -> CheckSettings:
    """Return what a pyproject.toml says; nothing where it has no such table.

    Raises:
        UsageError: it is no TOML, or a key or a value of the table is wrong.
    """
    shown = sanitize(str(path), 200)
    try:
        with open(open_regular(path, follow=True), "rb") as file:  # noqa: PTH123
            document: Any = tomllib.loads(file.read(_MOST_BYTES).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{shown}: {sanitize(str(error), 200)}") from None
    for key in TABLE.split("."):
        document = document.get(key, {}) if isinstance(document, dict) else {}
    if not document:
        return CheckSettings()
    try:
        found = msgspec.convert(document, CheckSettings)
    except msgspec.ValidationError as error:
        raise UsageError(f"{shown}: [{TABLE}]: {_explained(error)}") from None
    try:
        parse_inputs(found.inputs)
        check_codes((*found.select, *found.ignore, *found.allow))
    except UsageError as error:
        raise UsageError(f"{shown}: [{TABLE}]: {error}") from None
    return msgspec.structs.replace(found, source=str(path))


def _explained(error: msgspec.ValidationError) -> str:
    told = str(error)
    if unknown := re.search(r"unknown field `(.*)`", told):
        keys = [key for key in CheckSettings.__struct_encode_fields__ if key != "source"]
        hint = nearest(unknown[1], keys) or f"; it takes {', '.join(keys)}"
        return f"there is no key '{sanitize(unknown[1], 40)}'{hint}"
    return sanitize(told, 200)


def check_codes(codes: Iterable[str]) -> None:
    """Raise `UsageError` for what is no code of a rule, nor the beginning of one."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise UsageError(
                f"'{sanitize(code, 40)}' is no code of a rule; they look like I302, and I3 means "
                "all that begin so; see 'inittui check --rules'"
            )


def parse_allowances(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Read ``CODE=PATTERN`` as often as it is given.

    Raises:
        UsageError: one is of another form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        code, equals, pattern = text.partition("=")
        if not equals or not pattern:
            raise UsageError(
                f"'{sanitize(text, 60)}' is no allowance; one is CODE=PATTERN, 'I202=teacher.*'"
            )
        check_codes([code])
        found[code] = (*found.get(code, ()), pattern)
    return found
