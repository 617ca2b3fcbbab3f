"""What theory predicts of a probe, computed when it was made; it travels in the log with it."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from inittui.events.wire_numbers import Number

MOST_SPREAD = 3.0
"""Factor that one network may be off beyond which a prediction says little of it."""


class PredictedLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer; each range holds about 95 % of networks of these widths."""

    name: str
    second_moment: float
    """Of the pre-activations over the batch."""
    low: float
    high: float
    inside: bool
    """Whether the measured second moment is in this range."""
    correlation: float | None = None
    """Mean over pairs of images of that of their pre-activations; null where two are alike to a
    percent, and where weights have a mean."""
    gradient: float | None = None
    """Second moment of the mean loss's gradient by the pre-activations; null where refused."""
    gradient_low: float | None = None
    gradient_high: float | None = None
    gradient_inside: bool | None = None


class DepthScales(msgspec.Struct, frozen=True, kw_only=True):
    """Of the hidden layers, as if there were no end of them; see `inittui.theory.scales`."""

    weight_variance: float
    """σ_w²: fan-in times the variance of the weights."""
    bias_variance: float
    q: Number
    """Fixed point of the pre-activations' variance."""
    is_stable: bool
    chi: float
    correlation: Number
    """Fixed point of the correlation of two images; NaN for none."""
    xi_correlation: Number
    xi_gradient: Number
    state: Literal["ordered", "chaotic", "critical"]


class Theory(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction of one probe, or why there is none."""

    refused: str = ""
    """Why nothing is predicted; empty where it is."""
    gradient_refused: str = ""
    """Why no gradients are."""
    scales_refused: str = ""
    at_most: bool = False
    """Whether the ranges are wider than those of such weights, as of orthogonal ones."""
    layers: tuple[PredictedLayer, ...] = ()
    scales: DepthScales | None = None

    @property
    def inside(self) -> tuple[int, int]:
        """How many values are in their range, and of how many."""
        found = [each.inside for each in self.layers]
        found += [x.gradient_inside for x in self.layers if x.gradient_inside is not None]
        return sum(found), len(found)


def ratio(measured: float, predicted: float | None) -> float:
    """Return measured by predicted; NaN where there is no prediction."""
    return measured / predicted if predicted else math.nan
