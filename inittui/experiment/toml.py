"""An experiment as one TOML file, and the errors of such a file with their line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from inittui.errors import UsageError, nearest
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
    names_contestants,
)
from inittui.text import sanitize

MAXIMUM_FILE_BYTES = 1_000_000
"""An experiment file larger than this is a mistake or an attack."""

_DEEPEST_KEY = 32
"""Parts of a dotted key in TOML; tomllib takes time with the square of their number."""

_DEEP_KEY = re.compile(r"(?<![\w.\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){32}")


def to_toml(experiment: Experiment) -> str:
    """Return the experiment as TOML; `from_toml` gives back an equal one."""
    import tomli_w  # here, like its counterpart: most processes read and write no TOML

    return tomli_w.dumps(_without_none(msgspec.to_builtins(experiment)))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is unset: TOML has no null."""
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def from_toml(text: str, source: str = "experiment.toml") -> Experiment:
    """Read an experiment.

    Raises:
        UsageError: names ``source``, the line where it can be told, and the key.
    """
    if _DEEP_KEY.search(text):
        raise UsageError(f"{source}: can't be read: a key has more than {_DEEPEST_KEY} parts")
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source}: not valid TOML: {sanitize(str(error), 200)}") from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{source}: can't be read: {sanitize(str(error), 200)}") from None
    try:
        experiment = msgspec.convert(document, Experiment)
    except msgspec.ValidationError as error:
        raise UsageError(_explain(text, source, str(error))) from None
    except RecursionError:
        raise UsageError(f"{source}: nested too deeply") from None
    if "schemes" not in document and names_contestants(experiment.layers, experiment.sweeps):
        experiment = msgspec.structs.replace(experiment, schemes=())
    return experiment


def load_experiment(path: Path) -> Experiment:
    """Read an experiment from a TOML file of at most `MAXIMUM_FILE_BYTES`."""
    try:
        with path.open("rb") as file:  # what is no regular file may have no end
            content = file.read(MAXIMUM_FILE_BYTES + 1)
        if len(content) > MAXIMUM_FILE_BYTES:
            raise UsageError(f"{path}: larger than {MAXIMUM_FILE_BYTES:,} bytes")
        text = content.decode("utf-8-sig")  # Windows editors write a byte order mark
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text") from None
    return from_toml(text, str(path))


def _explain(text: str, source: str, message: str) -> str:
    path = re.search(r"at `\$\.?([^`]*)`", message)
    sections = [re.sub(r"\[.*", "", part) for part in path.group(1).split(".")] if path else []
    field = re.search(r"unknown field `(.*?)`", message, re.DOTALL)
    key = field.group(1) if field else (sections[-1] if sections else "")
    table = sections if field else sections[:-1]
    line = _line_of(text, [part for part in table if part], key)
    where = f"{source}, line {line}" if line else source
    if field:
        return f"{where}: unknown key '{sanitize(key, 60)}'{nearest(key, _keys(table))}"
    what = _in_words(re.sub(r" - at `.*", "", message))
    return f"{where}: '{sanitize(key, 60)}': {sanitize(what, 200)}" if key else f"{where}: {what}"


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""What msgspec calls types, and what people do."""


def _in_words(message: str) -> str:
    """Return what msgspec says of a value as this program says it."""
    types = re.fullmatch(r"Expected `(.*)`, got `(.*)`", message)
    if types is not None:
        wanted, got = (
            " or ".join(_KINDS.get(each, each) for each in text.split(" | ") if each != "null")
            for text in types.groups()
        )
        return f"must be {wanted}, not {got}"
    return re.sub(r"^Invalid enum value", "can't be", message)


def _keys(table: list[str]) -> tuple[str, ...]:
    parts: dict[str, type[Any]] = {
        "model": ModelConfig,
        "data": DataConfig,
        "training": TrainingConfig,
        "inspection": InspectionConfig,
    }
    struct = parts.get(table[-1] if table else "", Experiment)
    return tuple(field.name for field in msgspec.structs.fields(struct))


def _line_of(text: str, table: list[str], key: str) -> int | None:
    """Find the 1-based line on which ``key`` of ``table`` is set."""
    current: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            current = [part.strip(" \"'") for part in header.group(1).split(".")]
            if [*current] == [*table, key]:
                return number
            continue
        name = re.match(r"\s*([\w\"'.-]+)\s*=", line)
        if name and [*current, *(p.strip("\"'") for p in name.group(1).split("."))] in (
            [*table, key],
            table,
        ):
            return number
    return None
