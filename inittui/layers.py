"""What is said of a model's layers, without torch: one row each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer, as a forward pass meets it."""

    name: str
    kind: str
    """Its class, such as Conv2d."""
    output: tuple[int, ...] | None
    """Shape of one sample's output; None where it gives no tensor or never runs."""
    parameters: int
    """Its own, without those of layers inside it and those that an earlier row has."""
    fan_in: int | None = None
    """As ``torch.nn.init`` computes it; None for what has no weight to initialize."""
    fan_out: int | None = None
    nonlinearity: str | None = None
    """What follows its outputs, or "identity"; None for what has no weight to initialize."""
    groups: int = 1
    transposed: bool = False
