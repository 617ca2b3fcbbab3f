"""The first line of a log that another inittui wrote: what is understood of it."""

from __future__ import annotations

from typing import Any

import msgspec

from inittui.events.records import SCHEMA_VERSION, RunStarted
from inittui.experiment.records import Experiment
from inittui.text import sanitize

_NAMED = 5
"""Settings that are named in the note; the rest is counted."""


def read_newer_start(line: bytes) -> tuple[RunStarted, str]:
    """Read a run's start without the settings that this version doesn't know.

    Returns:
        The event, and one line for the person on what was left out; "" for nothing.

    Raises:
        msgspec.MsgspecError, ValueError, RecursionError: it can't be understood even so.
    """
    document = msgspec.json.decode(line, type=dict[str, Any])
    left_out: list[str] = []
    document["experiment"] = _understood(document.get("experiment"), Experiment, "", left_out)
    event = msgspec.convert(document, RunStarted)
    if not left_out:
        return event, ""
    named = ", ".join(left_out[:_NAMED])
    more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    newer = event.schema > SCHEMA_VERSION
    by = f"written by a newer inittui (log schema {event.schema}); " if newer else ""
    return event, f"{by}settings that aren't understood and left out: {named}{more}"


def _understood(
    value: object, kind: type[msgspec.Struct], where: str, left_out: list[str]
) -> dict[str, Any]:
    """Return the fields of ``kind`` that ``value`` has, those that fit; name the others."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"expected an object for {kind.__name__}")
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    result: dict[str, Any] = {}
    for key, item in value.items():
        expected = fields.get(key)
        if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
            result[key] = _understood(item, expected, f"{where}{key}.", left_out)
        elif expected is not None and _fits(item, expected):
            result[key] = item
        else:
            left_out.append(sanitize(f"{where}{key}", 60))
    return result


def _fits(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
