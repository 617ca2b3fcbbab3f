"""A coordinate check as a document for programs: `inittui.widths/1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from inittui.events.widths import WidthPoint
from inittui.events.wire_numbers import Number, to_wire
from inittui.experiment.records import Experiment
from inittui.results.widths import Quantity, Slope, Verdict, by_scheme, growing, undecided


class FoundSlope(msgspec.Struct, frozen=True):
    """How a layer's size or change goes with the width."""

    scheme: str
    layer: str
    step: int
    quantity: Quantity
    widths: tuple[int, ...]
    """Those that the slope is over: of changes the upper half."""
    slope: Number
    """b of width^b; NaN where something is 0 or not finite."""
    low: Number
    high: Number
    """Of its 95 % interval."""
    verdict: Verdict


class WidthsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `inittui widths --json` prints."""

    schema: Literal["inittui.widths/1"] = "inittui.widths/1"
    experiment: Experiment
    """At each width its model has that width."""
    widths: tuple[int, ...]
    steps: int
    points: tuple[WidthPoint, ...]
    slopes: tuple[FoundSlope, ...]
    grows: bool
    """Whether a change grows or shrinks with the width, or isn't finite."""
    undecided: bool
    """Whether of a change that isn't said to grow or shrink it is unclear whether it stays."""


def widths_document(
    experiment: Experiment,
    steps: int,
    points: Sequence[WidthPoint],
    slopes: Sequence[Slope],
) -> str:
    """Return the JSON document of a coordinate check."""
    document = WidthsDocument(
        experiment=experiment,
        widths=tuple(dict.fromkeys(point.width for point in points)),
        steps=steps,
        points=tuple(points),
        slopes=tuple(
            FoundSlope(
                each.scheme, each.layer, each.step, each.quantity, each.widths,
                to_wire(each.slope), to_wire(each.low), to_wire(each.high), each.verdict,
            )
            for each in slopes
        ),
        grows=bool(growing(slopes)),
        undecided=any(undecided(of) for of in by_scheme(slopes)),
    )  # fmt: skip
    return msgspec.json.encode(document).decode()
