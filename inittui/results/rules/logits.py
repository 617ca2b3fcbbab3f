"""Rules on what the loss is given."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from inittui.events.probes import LayerProbe, Probe, When
from inittui.events.wire_numbers import from_wire, to_wire
from inittui.results.rules.finding import Finding, Severity, evidence_of, name_of
from inittui.text import sanitize, short

LOSS_FACTOR = 1.5
"""Of the loss at the start, by that of guessing; sensible initializers stay below 1.1."""
CONFIDENT_SPREAD = 3.0
"""Of the logits of a sample; less is soon unlearned, and no more than a note."""
SAME = 1e-5
"""Logits whose spread is a smaller share of their size differ by rounding alone."""

_LEAST = 0.01
"""Loss under which training ends anyway."""

_RANGES = {"softmax": 1.0, "sigmoid": 1.0, "hardsigmoid": 1.0, "tanh": 2.0, "relu6": 6.0}
"""How far apart two logits can lie that come out of it."""


def logits(probe: Probe, layers: Sequence[LayerProbe], when: When) -> Iterator[Finding]:
    """Judge the logits and the loss."""
    yield from _head(probe)
    spread = from_wire(probe.logit_std)
    size = from_wire(probe.logit_rms)
    if layers and not size >= 0:  # a log of an older version
        size = layers[-1].pre_activations.rms
    names = (name_of(layers[-1]),) if layers else ()
    loss, chance = from_wire(probe.loss), probe.chance_loss
    if spread <= SAME * size:
        so = f"ln {probe.classes} as loss says nothing"
        if abs(loss - chance) > 0.05 * chance:  # of logits of 1e9 rounding leaves hundreds
            so = f"the loss, {short(loss, 4)}, comes from rounding"
        message = f"every class gets the same logit up to rounding: {so}"
        yield Finding(
            "same-logits", names, message, "note",
            evidence_of({"logit_std": spread}), to_wire(SAME * size),
        )  # fmt: skip
    elif when == "before" and loss > LOSS_FACTOR * chance:
        guess = f"guessing has ln {probe.classes} = {chance:.4g}"
        message = (
            f"the loss starts at {short(loss, 4)}, {guess}; logits spread by {short(spread, 2)}"
        )
        severity: Severity = "warning" if spread > CONFIDENT_SPREAD else "note"
        yield Finding(
            "confident", names, message, severity, evidence_of({"loss": loss}),
            to_wire(LOSS_FACTOR * chance),
        )  # fmt: skip


def _head(probe: Probe) -> Iterator[Finding]:
    said = f"the logits come out of {sanitize(probe.head, 60)}"
    if probe.head == "log_softmax":
        message = f"{said}, which cross-entropy computes itself: twice gives the same"
        yield Finding("squashed-logits", (), message, "note")
    elif probe.head == "relu":
        message = f"{said}, so that classes can't get less than 0, nor gradients there"
        yield Finding("squashed-logits", (), message)
    apart = from_wire(probe.head_range)
    if math.isnan(apart):  # a log of an older version
        apart = _RANGES.get(probe.head, math.inf)
    floor = math.log1p(max(probe.classes - 1, 0) * math.exp(-apart))
    if probe.head and floor > _LEAST:
        message = f"{said}, so that the loss can't fall below {short(floor, 3)}"
        yield Finding("squashed-logits", (), message, "warning", evidence_of({"floor": floor}))
