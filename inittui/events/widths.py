"""What a coordinate check measures: how large the outputs of each layer are, and how they move."""

from __future__ import annotations

import msgspec

from inittui.events.wire_numbers import Number


class WidthPoint(msgspec.Struct, frozen=True):
    """One layer of one network after some steps, over a fixed batch."""

    scheme: str
    layer: str
    width: int
    seed: int
    step: int
    """Steps taken so far: 0 at the start."""
    size: Number
    """Mean of |h| over the layer's outputs h, before the nonlinearity."""
    change: Number
    """Mean of |h - h₀|, h₀ being the outputs at the start; 0 there."""
