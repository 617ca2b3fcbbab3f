"""What a probe means: short findings, each with the numbers that it rests on.

The limits are this project's own unless a source is named. They are wide: what is told here
stands out, what is not told need not be healthy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from inittui.events.probes import LayerProbe, Measured, Probe, When
from inittui.events.wire_numbers import from_wire
from inittui.text import sanitize, short

Kind = Literal[
    "not-finite", "symmetric", "silent", "blind", "dead", "saturated", "exploding", "vanishing",
    "no-gradient", "same-logits", "confident",
]  # fmt: skip

DEAD_SHARE = 0.1
SATURATED_SHARE = 0.1
"""A unit Gaussian has 3.6 % of its values beyond |tanh| = 0.97."""
BLIND_SHARE = 0.01
"""Share of the second moment between samples; less means: the output hardly depends on the input.
"""
FOLD = 100.0
"""Growth of a mean square from the first to the last hidden layer, up or down."""
LOSS_FACTOR = 1.5
"""Of the loss at the start, by that of guessing; sensible initializers stay below 1.1."""
SAME = 1e-5
"""Logits whose spread is a smaller share of their size differ by rounding alone."""

ROUNDING = 1e-13
"""Mean square of gradients, by that one layer further: float32 rounds to squares of 1e-14."""

_LISTED = 3
"""Layers named in one finding; the rest is counted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that stands out."""

    kind: Kind
    layers: tuple[str, ...]
    message: str


def find(probe: Probe, when: When = "before") -> tuple[Finding, ...]:
    """Return what stands out in a probe, the gravest first; nothing where nothing does."""
    layers = [layer for layer in probe.layers if layer.pre_activations.count]
    if not layers:
        return ()
    broken = list(_not_finite(layers))
    if broken:
        return tuple(broken)
    found = [*_symmetric(layers), *_signal(layers), *_units(layers), *_gradients(layers)]
    return (*found, *_logits(probe, layers[-1], when))


def _not_finite(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Whatever else is measured beside NaN means nothing."""
    quantities: tuple[tuple[str, Callable[[LayerProbe], Measured]], ...] = (
        ("weights", lambda layer: layer.weights),
        ("outputs", lambda layer: layer.pre_activations),
        ("gradients", lambda layer: layer.weight_gradients),
    )
    for what, of in quantities:
        bad = [layer for layer in layers if of(layer).not_finite]
        if bad:
            shares = _listing([(x, f"{_share(of(x).not_finite, of(x).count)}") for x in bad])
            yield Finding("not-finite", _names(bad), f"{what} are NaN or infinite: {shares}")


def _symmetric(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """The last layer's units are told apart by their labels, so there equal ones do no harm."""
    equal = [layer for layer in layers[:-1] if layer.distinct_units < layer.units]
    if equal:
        counts = _listing([(x, f"{x.distinct_units:,} of {x.units:,} differ") for x in equal])
        yield Finding("symmetric", _names(equal), f"equal units stay equal: {counts}")


def _signal(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    silent = [layer for layer in layers[:-1] if layer.pre_activations.second_moment == 0]
    if silent:
        message = f"all outputs are 0 in {_listing([(layer, '') for layer in silent])}"
        yield Finding("silent", _names(silent), message)
        return
    blind = [layer for layer in layers if from_wire(layer.between_samples) < BLIND_SHARE]
    if blind:
        shares = _listing([(x, f"{short(100 * from_wire(x.between_samples), 2)} %") for x in blind])
        message = f"outputs hardly depend on the input; between samples: {shares}"
        yield Finding("blind", _names(blind), message)
    hidden = layers[:-1]
    if len(hidden) > 1:
        first, last = hidden[0], hidden[-1]
        growth = last.pre_activations.second_moment / first.pre_activations.second_moment
        yield from _fold("the signal", "outputs", growth, first, last)


def _units(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    dead = [
        layer
        for layer in layers
        if (layer.dead or 0) >= DEAD_SHARE and layer.pre_activations.second_moment
    ]
    if dead:
        shares = _listing([(x, f"{100 * (x.dead or 0):.0f} %") for x in dead])
        yield Finding("dead", _names(dead), f"units are 0 for every image: {shares}")
    saturated = [layer for layer in layers if (layer.saturated or 0) >= SATURATED_SHARE]
    if saturated:
        shares = _listing([(x, f"{100 * (x.saturated or 0):.0f} %") for x in saturated])
        yield Finding("saturated", _names(saturated), f"activations are saturated: {shares}")


def _gradients(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    without = [x for x in layers if x.weight_gradients.count and _is_zero(x.weight_gradients)]
    if without:
        message = f"no gradient reaches the weights of {_listing([(x, '') for x in without])}"
        yield Finding("no-gradient", _names(without), message)
        return
    *hidden, output = layers
    if hidden and _power(hidden[-1]) < ROUNDING * _power(output):
        message = f"gradients are 0 up to rounding in {_listing([(x, '') for x in hidden])}"
        yield Finding("no-gradient", _names(hidden), message)
    elif len(hidden) > 1:
        first, last = hidden[0], hidden[-1]
        growth = _power(first) / _power(last) if _power(last) else math.nan
        yield from _fold("the gradient", "gradients by outputs", growth, last, first)


def _power(layer: LayerProbe) -> float:
    return layer.pre_activation_gradients.second_moment


def _fold(
    what: str, of: str, growth: float, start: LayerProbe, end: LayerProbe
) -> Iterator[Finding]:
    """Tell of a mean square that grows or shrinks by far on its way from start to end."""
    way = f"from {_name(start)} to {_name(end)} (mean square of {of})"
    names = _names([start, end])
    if growth > FOLD:
        yield Finding("exploding", names, f"{what} grows {_times(growth)}-fold {way}")
    elif growth == 0:
        yield Finding("vanishing", names, f"{what} shrinks to 0 {way}")
    elif growth < 1 / FOLD:
        yield Finding("vanishing", names, f"{what} shrinks {_times(1 / growth)}-fold {way}")


def _logits(probe: Probe, last: LayerProbe, when: When) -> Iterator[Finding]:
    spread = from_wire(probe.logit_std)
    loss, chance = from_wire(probe.loss), probe.chance_loss
    if spread <= SAME * last.pre_activations.rms:
        message = f"every class gets the same logit up to rounding: ln {probe.classes} as loss"
        yield Finding("same-logits", _names([last]), f"{message} says nothing")
    elif when == "before" and loss > LOSS_FACTOR * chance:
        guess = f"guessing has ln {probe.classes} = {chance:.4g}"
        message = (
            f"the loss starts at {short(loss, 4)}, {guess}; logits spread by {short(spread, 2)}"
        )
        yield Finding("confident", _names([last]), message)


def _times(factor: float) -> str:
    return f"{factor:,.0f}" if factor < 1e5 else short(factor, 2)


def _is_zero(measured: Measured) -> bool:
    return from_wire(measured.min) == from_wire(measured.max) == 0


def _share(part: int, of: int) -> str:
    return "all" if part == of else f"{part:,} of {of:,}"


def _name(layer: LayerProbe) -> str:
    return sanitize(layer.name, 60)


def _names(layers: Sequence[LayerProbe]) -> tuple[str, ...]:
    return tuple(map(_name, layers))


def _listing(facts: Sequence[tuple[LayerProbe, str]]) -> str:
    """Return "fc1 (12 %), fc2 (30 %) and 5 more layers"."""
    named = [f"{_name(x)} ({fact})" if fact else _name(x) for x, fact in facts[:_LISTED]]
    more = len(facts) - len(named)
    rest = f" and {more} more layer{'s' if more > 1 else ''}" if more else ""
    return ", ".join(named) + rest
