"""What a probe measures: one forward and one backward pass over a fixed batch, layer by layer.

The records travel in a run's log, so that all views of them are drawn without torch.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from inittui.events.theory import Theory
from inittui.events.wire_numbers import Number, from_wire

When = Literal["before", "step", "after"]
"""Before the first step of the training, after one of its steps, or after its last."""


Mode = Literal["evaluation", "first-step"]
"""As an evaluation computes, or as the first step of the training will: layers that have not yet
seen a batch normalise by it. Dropout is off in both."""


class Histogram(msgspec.Struct, frozen=True):
    """Values counted in bins of one width, over a range that leaves out the far ends."""

    low: float
    high: float
    """The values at the two percentiles; equal where (nearly) all values are."""
    counts: tuple[int, ...] = ()
    """Values per bin from ``low`` to ``high``, both included; one bin where these are equal."""
    under: int = 0
    """Values below ``low``."""
    over: int = 0
    """Values above ``high``."""

    @property
    def edges(self) -> tuple[float, ...]:
        """The bins' borders, one more than bins."""
        bins = len(self.counts)
        step = (self.high - self.low) / bins if bins else 0.0
        return (*(self.low + number * step for number in range(bins)), self.high)

    @property
    def density(self) -> tuple[float, ...]:
        """Share of all values per bin and unit of its width; () where the bin has no width."""
        total = sum(self.counts) + self.under + self.over
        step = (self.high - self.low) / len(self.counts) if self.counts else 0.0
        return tuple(count / (total * step) for count in self.counts) if total and step else ()


class Measured(msgspec.Struct, frozen=True):
    """What is known of many values; statistics are of the finite ones, in float64."""

    count: int
    not_finite: int = 0
    """How many of them are NaN or infinite."""
    mean: Number = "NaN"
    variance: Number = "NaN"
    """Of the values themselves: divided by their number, not by one less."""
    min: Number = "NaN"
    max: Number = "NaN"
    histogram: Histogram | None = None
    """None where no value is finite."""

    @property
    def std(self) -> float:
        variance = from_wire(self.variance)
        return math.sqrt(variance) if variance >= 0 else math.nan

    @property
    def second_moment(self) -> float:
        mean = from_wire(self.mean)
        return from_wire(self.variance) + mean * mean

    @property
    def rms(self) -> float:
        square = self.second_moment
        return math.sqrt(square) if square >= 0 else math.nan


CORNER = 6
"""Rows and columns of a weight whose values are recorded as they are."""


class LayerProbe(msgspec.Struct, frozen=True, kw_only=True):
    """One weight layer in one probe."""

    name: str
    kind: str
    """Its class, such as Conv2d."""
    nonlinearity: str
    """What follows it; "identity" for nothing."""
    shape: tuple[int, ...]
    """Of the weight, as PyTorch has it."""
    units: int
    distinct_units: int
    """Units that differ in a weight or in their bias; equal ones compute the same."""
    weights: Measured
    biases: Measured | None = None
    pre_activations: Measured
    """The layer's outputs over the batch."""
    activations: Measured
    """After the nonlinearity; the same as before it where that is the identity."""
    between_samples: Number
    """Share of the pre-activations' second moment that is variance between samples: mean over
    positions of the variance over the batch, by the mean square; 0 where all are 0."""
    dead: float | None = None
    """Share of units whose nonlinearity is flat for the whole batch, as a ReLU's at 0: its
    derivative is under 1e-3 of its largest. Each time that the layer runs, and without another way
    for gradients, as around a gate. None where none follows that could be."""
    saturated: float | None = None
    """Share of activations at the flat ends, where the derivative is under 6 % of its largest;
    None for what has no ends, or only one that is meant to be flat, as a ReLU."""
    corner: tuple[tuple[Number, ...], ...] = ()
    """The first values of the weight, flattened to two dimensions as PyTorch has them: at most
    `CORNER` rows and columns; () where an older log doesn't say."""
    weight_gradients: Measured
    bias_gradients: Measured | None = None
    pre_activation_gradients: Measured
    """Of the mean loss over the batch, by each of the layer's outputs."""
    inputs: Number = "NaN"
    """Mean square of what the layer is given."""
    inputs_between: Number = "NaN"
    """Share of it that is variance between samples, as `between_samples`; with gates opened,
    see `Probe.gates`."""
    opened_gradient: Number = "NaN"
    """Root mean square of the weights' gradients with gates opened; NaN where none are closed."""
    stuck_units: int | None = None
    """Units that equal another one and get the same gradient, so that they stay equal, dropout
    apart; None where nobody looked."""
    repeats: int = 1
    """How many times the units' weights repeat a block of different ones; 1 for no block."""
    alignment: Number = "NaN"
    """Mean |cosine| between the incoming weights of two units."""
    is_frozen: bool = False
    """Whether the weights are not trained."""
    moved: Number = "NaN"
    """How far the weights lie from where they started, by the norm that they started with: 0 for
    not at all, "Infinity" if they started at 0. NaN before the end, and where nobody looked."""

    @property
    def gradient_ratio(self) -> float:
        """Standard deviation of the weights' gradients by that of the weights; NaN if that is 0."""
        return self.weight_gradients.std / self.weights.std if self.weights.std else math.nan


def select_layers(layers: Sequence[LayerProbe], pattern: str | None) -> list[LayerProbe]:
    """Return the layers whose names a glob pattern matches; None matches all."""
    return [x for x in layers if pattern is None or fnmatch.fnmatchcase(x.name, pattern)]


class Cut(msgspec.Struct, frozen=True):
    """Where a model stops gradients."""

    by: str
    """What does it: a function such as "detach", or "no_grad"."""
    place: str
    """The module that does it, and after which layer."""
    parameters: tuple[str, ...]
    """Which get no gradient for that."""


class Alike(msgspec.Struct, frozen=True):
    """A parameter of no measured layer that has equal units."""

    parameter: str
    units: int
    distinct: int
    stuck: int
    """Units that equal another one and get the same gradient, as `LayerProbe.stuck_units`."""


class Bare(msgspec.Struct, frozen=True):
    """A matrix in a product that is no measured layer's."""

    parameter: str
    inputs: Number
    """Mean square of what it is multiplied by."""
    effect: Number
    """Norm of the gradient times norm of the weights, with gates opened."""
    after: str
    """The measured layer that runs last before it; empty for none."""
    dead: float | None = None
    """Share of its units, as `LayerProbe.dead`."""
    saturated: float | None = None
    """Share of the activations, as `LayerProbe.saturated`."""


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    """Which parameters gradients reach, by name; those that are frozen are in ``frozen`` alone.

    "Woken" is what gets a gradient once parameters that are all 0, and get one themselves, have
    moved along it. Only what isn't healthy is listed.
    """

    unused: tuple[str, ...] = ()
    """Take no part in the forward pass."""
    aside: tuple[str, ...] = ()
    """Take part, and what they give doesn't come to the logits, as that of another head."""
    cut: tuple[Cut, ...] = ()
    never: tuple[str, ...] = ()
    """Matrices with a gradient of 0 up to rounding, also after waking."""
    woken: tuple[str, ...] = ()
    """Matrices that get a gradient only after waking."""
    zeros: tuple[str, ...] = ()
    """Parameters whose move woke these."""
    frozen: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Take part and would be trained, but are none of the model's parameters: layers in a plain
    list, in a closure, or made in the forward pass."""
    clones: tuple[tuple[str, ...], ...] = ()
    """Weights with the same values, drawn by chance, that are not one tensor."""
    alike: tuple[Alike, ...] = ()
    bare: tuple[Bare, ...] = ()
    """In the order in which they are used."""
    not_finite: tuple[str, ...] = ()
    """Have values or gradients that are NaN or infinite, whether a measured layer's or not."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One model measured at one moment."""

    images: int
    """Samples in the batch."""
    classes: int
    loss: Number
    """Mean cross-entropy over the batch."""
    logit_std: Number
    """How far the logits of one sample lie apart: root of the mean variance over classes."""
    layers: tuple[LayerProbe, ...]
    """In the order in which they run."""
    unmeasured: tuple[str, ...] = ()
    """Weights by name that belong to none of these layers: to other kinds of modules, or to layers
    that the model doesn't call, such as the output projection of `torch.nn.MultiheadAttention`."""
    mode: Mode = "evaluation"
    logit_rms: Number = "NaN"
    """Root of the mean square of all logits."""
    inputs_between: Number = "NaN"
    """Share of the inputs' second moment that is variance between samples, see `LayerProbe`."""
    logits_between: Number = "NaN"
    """Of the logits' second moment."""
    head: str = ""
    """What bounds the logits, whatever the parameters are, such as a sigmoid; empty for nothing."""
    head_range: Number = "NaN"
    """How far apart two logits can lie for that; "Infinity" where one end is free."""
    learning: Learning | None = None
    """None where nobody looked."""
    gates: tuple[str, ...] = ()
    """Factors that are all equal and at most 0.01 in size, such as LayerScale's; opened, they are
    0.3."""
    has_dropout: bool = False
    """Whether training has dropout, which tells equal units apart."""
    theory: Theory | None = None
    """What was predicted of it; None after the first step, and where nobody predicted."""

    @property
    def chance_loss(self) -> float:
        """The loss of a model that gives every class the same probability."""
        return math.log(self.classes) if self.classes > 0 else math.nan
