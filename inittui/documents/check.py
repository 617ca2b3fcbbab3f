"""What a check found, for programs: the JSON document `inittui.check/1`."""

from __future__ import annotations

from typing import Literal

import msgspec

from inittui.events.laws import Family, Word
from inittui.events.wire_numbers import Number
from inittui.results.rules.finding import Finding, Severity


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what couldn't be."""

    parameters: int
    """Values in all of them."""
    tensors: int
    """Parameters."""
    matrices: int
    """Parameters of more than one dimension."""
    traced: int
    """Matrices that were seen in a product, as they are or computed from."""
    uses: int
    """Products with a parameter in one forward pass."""
    recorded: bool
    """Whether the model was built under the recorder, so that who wrote what is known."""
    forward: bool
    """Whether the model could be run."""
    reason: str
    """Why it couldn't; empty where it could."""
    skipped: tuple[str, ...]
    """What couldn't be looked at, and why."""
    meta: int = 0
    """Parameters on the meta device, which have a shape and no values."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a parameter last, and what its values look like."""

    parameter: str
    shape: tuple[int, ...]
    writer: str
    """The operation with its arguments; empty where nobody was seen."""
    where: str
    """``file:line`` of the first code outside of torch; empty where that isn't known."""
    law: tuple[str, ...]
    """The laws that it may be drawn by, as schemes write them."""
    word: Word
    family: Family
    mean: float
    std: float


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What --fix proposes, tried on a copy of the model."""

    stds: dict[str, tuple[Number, float]]
    """Of each parameter that would be drawn: standard deviation as it is, and as proposed."""
    ones: tuple[str, ...]
    zeros: tuple[str, ...]
    kept: tuple[str, ...]
    findings: tuple[Finding, ...]
    """Those that are left with the proposed values."""
    measured: dict[str, Number]
    """As `measured` of the document, with the proposed values."""
    by_code: tuple[Finding, ...]
    """Those on how the model is built, which other values can't mend."""
    remarks: tuple[str, ...]


class CheckDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui check --json` prints."""

    schema: Literal["inittui.check/1"] = "inittui.check/1"
    model: str
    input: tuple[str, ...]
    input_from: str
    """Whether inputs were given, made beside the model, usual for it, or guessed."""
    versions: dict[str, str]
    coverage: Coverage
    summary: dict[Severity, int]
    """Findings by severity."""
    measured: dict[str, Number]
    """Numbers of the whole pass."""
    findings: tuple[Finding, ...]
    """The gravest first."""
    provenance: tuple[Origin, ...]
    """Of all parameters with --verbose, of those that --who names; else empty."""
    notes: tuple[str, ...]
    fix: Preview | None = None
    """Null unless asked for."""
