"""Who wrote how much of a model's start values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from inittui.events.records import StartValues

Writer = Literal["scheme", "built", "frozen", "nobody"]
"""The scheme's initializers; the model's own code; the same, for what doesn't train; no code that
is known to give start values, as for parameters of somebody's own that no scheme names."""

WRITERS: tuple[Writer, ...] = get_args(Writer)

_WRITERS: Mapping[str | None, Writer] = {
    None: "nobody",
    "built": "built",
    "own default": "built",
    "frozen": "frozen",
}


@dataclass(frozen=True, slots=True)
class Share:
    """What one kind of writer wrote."""

    by: Writer
    tensors: int
    values: int
    share: float | None
    """Of all the model's values; None where the log doesn't say how many there are."""


def writer_of(initializer: str | None) -> Writer:
    return _WRITERS.get(initializer, "scheme")


def shares(start: Iterable[StartValues]) -> tuple[Share, ...]:
    """Return the shares of those who wrote anything; they add up to 1."""
    found: dict[Writer, tuple[int, int]] = {}
    for each in start:
        writer = writer_of(each.initializer)
        tensors, values = found.get(writer, (0, 0))
        found[writer] = tensors + 1, values + each.values
    total = sum(values for _, values in found.values())
    return tuple(
        Share(by, *found[by], found[by][1] / total if total else None)
        for by in WRITERS
        if by in found
    )
