"""What all JSON documents share: their schemas, and text that any terminal carries."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import msgspec

from inittui.errors import unknown

SCHEMAS = (
    "check", "compare", "data", "data.show", "initializer", "inits", "inspect", "lesson",
    "lessons", "model", "models", "phase", "runs", "runs.diff", "settings", "widths",
)  # fmt: skip
"""Documents whose JSON Schema comes with the package."""

_NOT_PLAIN = re.compile(r"[^\n\x20-\x7e]")


def plain_json(document: str) -> str:
    """Return a JSON document in ASCII: any terminal and any encoding carries it."""
    return _NOT_PLAIN.sub(lambda found: json.dumps(found.group())[1:-1], document)


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a document, as it is written down in the package.

    Raises:
        UsageError: there is no such document.
    """
    if name not in SCHEMAS:
        raise unknown("schema", name, SCHEMAS)
    file = resources.files("inittui.documents") / "schemas" / f"{name}.schema.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def generated_schema(document: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema that follows from a type; what is written down must equal it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(document),
    }
