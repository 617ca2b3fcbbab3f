"""The values that one initializer gives one layer, drawn and measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from inittui.events.records import ValuesDrawn
from inittui.experiment.scheme import Call, Scheme
from inittui.initializers import find, parse_scheme
from inittui.initializers.description import Description
from inittui.initializers.distributions import SIGMAS, Distribution, bounds, extremes
from inittui.initializers.layer import LayerContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

_PARTS = 8
"""Of a bin, where a density is integrated over it."""

_BINS = 61
"""Odd, so that a single value stands in the middle."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean, standard deviation and range of some values."""

    mean: float
    std: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The values that an initializer gave one layer."""

    call: str
    """The initializer with its parameters, as a scheme writes it."""
    layer: LayerContext
    seed: int
    measured: Statistics
    counts: tuple[int, ...]
    edges: tuple[float, ...]
    """One more than the counts."""
    description: Description | None = None
    """None for one's own function."""
    formula: str = ""
    """What the author of one's own function says that it gives."""
    distribution: Distribution | None = None
    """What is expected; None for one's own function."""
    atom_shares: tuple[float, ...] = ()
    """Measured share of each of the distribution's atoms."""

    @property
    def size(self) -> int:
        """Number of values."""
        return sum(self.counts)

    @property
    def expected(self) -> Statistics | None:
        """What the distribution says of so many values: min and max are those to expect."""
        if self.distribution is None:
            return None
        low, high = extremes(self.distribution, self.size)
        return Statistics(self.distribution.mean, self.distribution.std, low, high)

    @property
    def expected_counts(self) -> tuple[float, ...] | None:
        """How many values are expected in each bin."""
        distribution = self.distribution
        if distribution is None:
            return None
        last = self.edges[-1]
        shares = (
            _integral(distribution.density, low, high)
            + sum(p for v, p in distribution.atoms if low <= v < high or v == high == last)
            for low, high in pairwise(self.edges)
        )
        return tuple(self.size * share for share in shares)


def _integral(density: Callable[[float], float], low: float, high: float) -> float:
    """Integrate a density over one bin, roughly: bins are narrow."""
    width = (high - low) / _PARTS
    return width * sum(density(low + (part + 0.5) * width) for part in range(_PARTS))


def draw_sample(scheme: Scheme, layer: LayerContext, seed: int) -> Sample:
    """Let a scheme fill a layer of its own, and measure the weight."""
    return sample_of(draw_values(scheme, layer, seed), layer)


def sample_of(drawn: ValuesDrawn, layer: LayerContext | None = None) -> Sample:
    """Put what is known of the initializer beside the values that were drawn from it.

    Without ``layer`` nothing follows the layer that was filled. Needs no torch.
    """
    from inittui.initializers import own

    call = parse_scheme(drawn.initializer).weights
    layer = layer or LayerContext(drawn.shape)
    return Sample(
        call=drawn.initializer,
        layer=layer,
        seed=drawn.seed,
        measured=Statistics(drawn.mean, drawn.std, drawn.min, drawn.max),
        counts=drawn.counts,
        edges=drawn.edges,
        description=None if call.is_reference else find(call.name),
        formula=own.formula(call.name),
        distribution=_distribution(call, layer),
        atom_shares=drawn.atom_shares,
    )


def _distribution(call: Call, layer: LayerContext) -> Distribution | None:
    return None if call.is_reference else find(call.name).values_for(layer, dict(call.parameters))


def draw_values(scheme: Scheme, layer: LayerContext, seed: int) -> ValuesDrawn:
    """Let a scheme fill a layer of its own, and count the values of the weight."""
    import numpy as np

    from inittui.initializers import own
    from inittui.initializers.apply import apply_scheme

    for reference in own.references(scheme):
        own.load(reference)
    call = scheme.weights
    distribution = _distribution(call, layer)
    module = _layer_of(layer.shape)
    apply_scheme(module, scheme, seed, {"": layer.follower})
    values = module.get_parameter("weight").numpy(force=True).astype(np.float64).ravel()
    low, high = float(values.min()), float(values.max())
    half = max(abs(low), 1.0) / 2 if low == high else 0.0
    counts, edges = np.histogram(values, bins=_BINS, range=(low - half, high + half))
    return ValuesDrawn(
        at=time.time(),
        initializer=str(call),
        shape=layer.shape,
        seed=seed,
        mean=float(values.mean()),
        std=float(values.std()),
        min=low,
        max=high,
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        atom_shares=tuple(
            float((values == np.float32(value)).mean())
            for value, _ in (distribution.atoms if distribution else ())
        ),
        within=_within(values, distribution),
        outside=_outside(values, distribution),
    )


def _within(values: NDArray[np.float64], distribution: Distribution | None) -> tuple[float, ...]:
    """Return the shares of the values within each of `SIGMAS` of the distribution's mean."""
    if distribution is None:
        return ()
    apart = abs(values - distribution.mean)
    return tuple(float((apart <= sigmas * distribution.std).mean()) for sigmas in SIGMAS)


def _outside(values: NDArray[np.float64], distribution: Distribution | None) -> int:
    """Count the values that the distribution can't give, as far as float32 can tell."""
    import numpy as np

    if distribution is None:
        return 0
    low, high = (float(np.float32(bound)) for bound in bounds(distribution))
    return int(((values < low) | (values > high)).sum())


def _layer_of(shape: tuple[int, ...]) -> nn.Module:
    """Return a Linear or convolution layer whose weight has a shape."""
    from torch import nn

    outputs, inputs, *kernel = shape
    if not kernel:
        return nn.Linear(inputs, outputs)
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(kernel) - 1]
    return kind(inputs, outputs, tuple(kernel))  # type: ignore[arg-type]
