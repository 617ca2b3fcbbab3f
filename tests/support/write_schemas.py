"""Write the JSON Schemas of the package down again: `python -m tests.support.write_schemas`."""

from __future__ import annotations

import json
from pathlib import Path

import inittui
from inittui.documents.check import CheckDocument
from inittui.documents.compare import CompareDocument
from inittui.documents.inspect import InspectDocument
from inittui.documents.json_documents import generated_schema
from inittui.documents.lesson import LessonDocument
from inittui.documents.phase import PhaseDocument
from inittui.documents.reference import (
    DataDocument,
    DataShowDocument,
    InitializerDocument,
    InitsDocument,
    LessonsDocument,
    ModelDocument,
    ModelsDocument,
    SettingsDocument,
)
from inittui.documents.runs import RunsDiffDocument, RunsDocument
from inittui.documents.widths import WidthsDocument

FOLDER = Path(inittui.__file__).parent / "documents/schemas"
DOCUMENTS = {
    "check": CheckDocument,
    "compare": CompareDocument,
    "data": DataDocument,
    "data.show": DataShowDocument,
    "initializer": InitializerDocument,
    "inits": InitsDocument,
    "inspect": InspectDocument,
    "lesson": LessonDocument,
    "lessons": LessonsDocument,
    "model": ModelDocument,
    "models": ModelsDocument,
    "settings": SettingsDocument,
    "phase": PhaseDocument,
    "widths": WidthsDocument,
    "runs": RunsDocument,
    "runs.diff": RunsDiffDocument,
}


def main() -> None:
    """Write one file for each document."""
    for name, document in DOCUMENTS.items():
        text = json.dumps(generated_schema(document), indent=2) + "\n"
        (FOLDER / f"{name}.schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
