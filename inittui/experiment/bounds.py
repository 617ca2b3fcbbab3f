"""Bounds of an experiment's fields: declared at the field, checked and told here.

They stand in the JSON Schema, but msgspec doesn't enforce them, as it would ``ge`` and ``le``: a
log with a value out of bounds stays readable, and what is wrong is said in the words of this
program.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from inittui.errors import UsageError, unknown
from inittui.text import sanitize

_COMPARISONS = {
    "exclusiveMinimum": ("above", operator.gt),
    "minimum": ("at least", operator.ge),
    "exclusiveMaximum": ("below", operator.lt),
    "maximum": ("at most", operator.le),
}
"""Keywords of JSON Schema, what they are called, and what holds for a number that keeps them."""


def between(
    low: float | None = None,
    high: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
    title: str | None = None,
) -> msgspec.Meta:
    """Return the bounds of a number: ``low`` and ``high`` are allowed, ``above`` and ``below`` not.

    ``title`` is what the field is called where something is wrong; its name if None.
    """
    bounds = dict(zip(_COMPARISONS, (above, low, below, high), strict=True))
    given = {keyword: bound for keyword, bound in bounds.items() if bound is not None}
    return msgspec.Meta(title=title, extra_json_schema=given)


def one_of(words: Sequence[str]) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"enum": list(words)})


def check_bounds(part: msgspec.Struct, called: Mapping[str, str], path: str = "") -> None:
    """Raise `UsageError` for the first field of a struct, or of one inside it, out of bounds.

    ``called`` has other names for fields than their titles, by their paths; that of ``part`` is
    ``path``.
    """
    for name, bounds in _bounds_of(type(part)).items():
        value = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            check_bounds(value, called, f"{path}{name}.")
        for each in value if isinstance(value, tuple) else (value,):
            bounds.check(each, called.get(path + name, bounds.title))


@dataclass(frozen=True, slots=True)
class _Bounds:
    title: str
    numbers: Mapping[str, float]
    """Bounds by the keywords of JSON Schema."""
    words: tuple[str, ...]
    """What a text can be; empty for any."""

    def check(self, value: object, title: str) -> None:
        if isinstance(value, str):
            if self.words and value not in self.words:
                raise unknown(self.title, sanitize(value, 60), self.words)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if not all(_COMPARISONS[key][1](value, bound) for key, bound in self.numbers.items()):
                raise UsageError(f"{title} must be {self._range()}, not {_shown(value)}")
            if not math.isfinite(value):
                wanted = "a number" if math.isnan(value) else "finite"
                raise UsageError(f"{title} must be {wanted}, not {_shown(value)}")

    def _range(self) -> str:
        if self.numbers.keys() == {"minimum", "maximum"}:
            return f"from {self.numbers['minimum']:,} to {self.numbers['maximum']:,}"
        return " and ".join(f"{_COMPARISONS[key][0]} {_shown(bound)}"
                            for key, bound in self.numbers.items())  # fmt: skip


def _shown(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


@cache
def _bounds_of(kind: type[msgspec.Struct]) -> dict[str, _Bounds]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: _declared(name, list(_within(hint))) for name, hint in hints.items()}


def _declared(name: str, parts: Sequence[Any]) -> _Bounds:
    metas = [part for part in parts if isinstance(part, msgspec.Meta)]
    schema: dict[str, Any] = {}
    for meta in metas:
        schema |= meta.extra_json_schema or {}
    words = [word for part in parts if get_origin(part) is Literal for word in get_args(part)]
    return _Bounds(
        title=next((meta.title for meta in metas if meta.title), name.replace("_", " ")),
        numbers={key: schema[key] for key in _COMPARISONS if key in schema},
        words=(*words, *schema.get("enum", ())),
    )


def _within(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _within(part)
