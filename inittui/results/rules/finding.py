"""One thing that stands out, and how it is said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from inittui.events.probes import LayerProbe
from inittui.events.wire_numbers import Number, to_wire
from inittui.text import sanitize, short

Kind = Literal[
    "not-finite", "symmetric", "no-gradient", "cut", "silent", "blind", "not-in-parameters",
    "clones", "repeated-units", "aligned-units", "squashed-logits", "exploding", "vanishing",
    "dead", "saturated", "confident", "same-logits", "zero-start", "unused",
]  # fmt: skip
"""The code of a rule; of findings as grave as each other the first here leads."""

Severity = Literal["error", "warning", "note"]
"""An error keeps a part from learning; a warning makes it slow or luck; a note may be meant."""

_LISTED = 3
"""Layers named in one finding; the rest is counted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that stands out."""

    kind: str
    """A `Kind`, or a rule's name."""
    layers: tuple[str, ...]
    """Or parameters."""
    message: str
    severity: Severity = "warning"
    evidence: dict[str, Number] = {}
    """The number that was judged, by layer or parameter, or by its own name."""
    limit: Number | None = None
    """From where on such a number is told of with this severity; null for no such limit."""
    code: str = ""
    """Of the rule in the catalogue."""
    name: str = ""
    """Of the rule."""
    where: str = ""
    """``file:line`` of the code that did it; empty where that isn't known."""
    advice: str = ""
    """What to do."""
    fingerprint: str = ""
    """Tells the finding again in another check: a hash of code and layers."""


def order(finding: Finding) -> tuple[int, int]:
    """Return a key that sorts findings on a probe, the gravest first."""
    return get_args(Severity).index(finding.severity), get_args(Kind).index(finding.kind)


def by_code(finding: Finding) -> tuple[int, str]:
    """Return a key that sorts the gravest first, then by the rules' codes."""
    return get_args(Severity).index(finding.severity), finding.code


def of_layers(
    kind: Kind,
    severity: Severity,
    what: str,
    told: Sequence[tuple[LayerProbe, float, str]],
    *,
    limit: float | None = None,
) -> Finding:
    """Return a finding on layers, each with the number that was judged and how it is said."""
    named = [(layer.name, number, said) for layer, number, said in told]
    return of_names(kind, severity, what, named, limit=limit)


def of_names(
    kind: Kind,
    severity: Severity,
    what: str,
    told: Sequence[tuple[str, float, str]],
    *,
    limit: float | None = None,
    each: str = "layer",
) -> Finding:
    """Return the same on what has these names, ``each`` of which is a layer or a parameter."""
    listing = listed([(name, said) for name, _, said in told], each)
    return Finding(
        kind,
        tuple(sanitize(name, 60 if each == "layer" else 200) for name, _, _ in told),
        f"{what} {listing}" if what else listing,
        severity,
        evidence_of({name: number for name, number, _ in told}),
        None if limit is None else to_wire(limit),
    )


def of_parameters(kind: Kind, severity: Severity, what: str, names: Sequence[str]) -> Finding:
    """Return a finding on parameters."""
    told = listed([(name, "") for name in names], "parameter")
    return Finding(kind, tuple(sanitize(name, 200) for name in names), f"{what} {told}", severity)


def evidence_of(numbers: Mapping[str, float]) -> dict[str, Number]:
    """Return numbers by name as a document has them."""
    return {sanitize(name, 60): to_wire(number) for name, number in numbers.items()}


def name_of(layer: LayerProbe) -> str:
    """Return a layer's name, harmless and not too long."""
    return sanitize(layer.name, 60)


def listed(facts: Sequence[tuple[str, str]], each: str = "layer") -> str:
    """Return "fc1 (12 %), fc2 (30 %) and 5 more layers"."""
    named = [
        f"{sanitize(name, 200)} ({fact})" if fact else sanitize(name, 200)
        for name, fact in facts[:_LISTED]
    ]
    more = len(facts) - len(named)
    rest = f" and {more} more {each}{'s' if more > 1 else ''}" if more else ""
    return ", ".join(named) + rest


def times(factor: float) -> str:
    """Return a factor as it is read."""
    return f"{factor:,.0f}" if factor < 1e5 else short(factor, 2)


def percent(share: float) -> str:
    """Return a share as "12 %"."""
    return f"{100 * share:.0f} %"


def is_number(value: float) -> bool:
    """Return whether a value was measured and is finite."""
    return math.isfinite(value)
