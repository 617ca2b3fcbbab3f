"""How the tensors of a model were made at one time, so that a change of it can be seen."""

from __future__ import annotations

import math

import msgspec

from inittui.events.laws import Family
from inittui.events.wire_numbers import Number


class LockedTensor(msgspec.Struct, frozen=True):
    """One parameter or buffer."""

    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool
    mean: Number
    std: Number
    kurtosis: Number
    """Fourth central moment by the squared variance; 3 of a normal law, 1 where all are equal."""
    family: Family
    law: tuple[str, ...]
    """The laws of the catalogue that it may be drawn by; empty for none."""
    checksum: str
    """Of all bytes."""

    @property
    def count(self) -> int:
        """Values."""
        return math.prod(self.shape)


class Lock(msgspec.Struct, frozen=True):
    """All tensors of a model."""

    model: str
    torch: str
    seed: int
    tensors: dict[str, LockedTensor]
