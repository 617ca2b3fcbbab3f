"""What an initializer may know of the layer that it fills."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from inittui.errors import UsageError
from inittui.initializers.nonlinearity import Follower


def format_shape(shape: Sequence[int]) -> str:
    """Return a shape as people write it: 256×784."""
    return "×".join(map(str, shape)) or "a single number"


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return (fan_in, fan_out) of a weight as ``torch.nn.init`` computes them.

    They are the second and the first size, times the kernel's positions. So a grouped
    convolution's fan_out counts all groups, and a transposed one's two fans are swapped, as its
    weight is stored [in, out / groups, *kernel].

    Raises:
        UsageError: the shape has fewer than two dimensions.
    """
    if len(shape) < 2:
        raise UsageError(
            f"fan_in and fan_out need at least two dimensions, and {format_shape(shape)} has fewer"
        )
    positions = math.prod(shape[2:])
    return shape[1] * positions, shape[0] * positions


@dataclass(frozen=True, slots=True)
class Growth:
    """By which factors a layer is larger than in the same model at a base width."""

    inputs: float = 1.0
    units: float = 1.0

    @property
    def is_output(self) -> bool:
        """Whether its inputs grow with the width, its units don't."""
        return self.inputs != 1 and self.units == 1


@dataclass(frozen=True, slots=True)
class LayerContext:
    """A weight layer, as far as it matters for its start weights."""

    shape: tuple[int, ...]
    """The weight's shape, also where it is the bias that is filled."""
    follower: Follower = field(default_factory=Follower)
    """What follows the layer in the model."""
    groups: int = 1
    name: str = ""
    kind: str = ""
    """The class, such as Conv2d."""
    known_fans: tuple[int, int] | None = None
    """(fan_in, fan_out), where they aren't those of the shape."""
    growth: Growth = Growth()
    """Where a scheme is for a base width."""

    @property
    def fan_in(self) -> int:
        """Inputs that reach one unit."""
        return (self.known_fans or fans(self.shape))[0]

    @property
    def fan_out(self) -> int:
        """Units that one input reaches."""
        return (self.known_fans or fans(self.shape))[1]


def inverse_sqrt(fan: float) -> float:
    """Return 1/√fan; 0 for a layer without inputs, as PyTorch does."""
    return 1 / math.sqrt(fan) if fan > 0 else 0.0


EXAMPLE, CONVOLUTION = (256, 784), (64, 64, 3, 3)
"""Shapes of the weights that an initializer is shown on, where no model has one."""

_FOR_CONVOLUTIONS = frozenset({"dirac"})


def example_shape(initializer: str) -> tuple[int, ...]:
    """Return the shape of a weight that an initializer can fill."""
    return CONVOLUTION if initializer in _FOR_CONVOLUTIONS else EXAMPLE
