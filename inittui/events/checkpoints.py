"""How a model's tensors differ from those of a file."""

from __future__ import annotations

import msgspec

from inittui.events.wire_numbers import Number


class Differing(msgspec.Struct, frozen=True):
    """A tensor that is in both, and not the same."""

    name: str
    shape: tuple[int, ...]
    saved_shape: tuple[int, ...]
    distance: Number | None
    """Norm of the difference by that of the saved one; None where shapes differ."""


class CheckpointFacts(msgspec.Struct, frozen=True):
    """A model beside a checkpoint."""

    path: str
    compared: int
    """Tensors that are in both."""
    differing: tuple[Differing, ...] = ()
    missing: tuple[str, ...] = ()
    """Tensors of the model that the file lacks."""
    extra: tuple[str, ...] = ()
    """Tensors of the file that the model lacks."""
