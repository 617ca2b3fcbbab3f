"""Records of a run as the records of a document, read off field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from inittui.events.wire_numbers import to_wire

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
"""Types of most fields: a document of 100,000 trials has millions of them."""


@dataclass(frozen=True, slots=True)
class Copier:
    """Makes a document's records of a run's: fields and properties go by their names."""

    records: Mapping[type, type[msgspec.Struct]]
    """What stands in the document for which record of the run."""
    unasked: frozenset[str] = frozenset()
    """Fields of the document that are null."""

    def __call__(self, value: Any, **given: Any) -> Any:
        """Return what stands in the document for a value; ``given`` fields aren't read off it."""
        record = self.records.get(type(value))
        if record is None:
            if isinstance(value, float):
                return to_wire(value)
            if isinstance(value, (tuple, list)) and value and type(value[0]) in self.records:
                return tuple(map(self, value))
            return value
        for name in record.__struct_fields__:
            if name not in given:
                field = None if name in self.unasked else getattr(value, name)
                given[name] = field if type(field) in _AS_THEY_ARE else self(field)
        return record(**given)
