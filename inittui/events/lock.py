"""How the tensors of a model were made at one time, so that a change of it can be seen."""

from __future__ import annotations

import msgspec

from inittui.events.laws import Law
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
    law: Law
    checksum: str
    """Of all bytes."""

    @property
    def count(self) -> int:
        """Values."""
        total = 1
        for size in self.shape:
            total *= size
        return total


class Lock(msgspec.Struct, frozen=True):
    """All tensors of a model."""

    model: str
    torch: str
    seed: int
    tensors: dict[str, LockedTensor]
