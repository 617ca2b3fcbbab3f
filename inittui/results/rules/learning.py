"""Rules on gradients that never arrive, and on what isn't trained at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inittui.events.probes import LayerProbe, Learning, Measured, Probe
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.finding import Finding, listed, of_layers, of_parameters
from inittui.text import sanitize

ROUNDING = 1e-13
"""Mean square of gradients, by that one layer further: float32 rounds to squares of 1e-14."""


def unlearned(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """What the training leaves as it is, though it is asked for it."""
    learning = probe.learning
    if learning is None:
        yield from _without_passes(layers)
        return
    if learning.never:
        yield _on_weights(learning.never, layers)
    for cut in learning.cut:
        place = sanitize(f"{cut.by} in {cut.place}", 200)
        yield of_parameters(
            "cut", "error", f"gradients stop at {place}; none reaches", cut.parameters
        )
    if learning.foreign:
        what = "take part but are not in parameters(), so that nothing trains them:"
        yield of_parameters("not-in-parameters", "warning", what, learning.foreign)
    if learning.woken and not _is_zero_head(learning, layers):
        yield _late(learning)
    if learning.unused:
        yield of_parameters("unused", "note", "take no part in this pass:", learning.unused)
    if learning.aside:
        what = "run, and what they give doesn't come to the logits:"
        yield of_parameters("unused", "note", what, learning.aside)


def _late(learning: Learning) -> Finding:
    """Return what is told of gradients that the first step doesn't have, and a later one does."""
    after = "the first step has told units apart"
    if learning.zeros:
        zeros = listed([(name, "") for name in learning.zeros], "parameter")
        after = f"zeros have moved ({zeros})"
    what = f"gradients arrive once {after}, not before, at"
    return of_parameters("zero-start", "note", what, learning.woken)


def _on_weights(names: Sequence[str], layers: Sequence[LayerProbe]) -> Finding:
    """Return a finding that names layers where all are weights of theirs, else parameters."""
    known = {layer.name for layer in layers}
    shown = tuple(
        layer if layer in known and end == "weight" else name
        for name in names
        for layer, _, end in [name.rpartition(".")]
    )
    of_layers_alone = known.issuperset(shown)
    told = listed(
        [(name, "") for name in (shown if of_layers_alone else names)],
        "layer" if of_layers_alone else "parameter",
    )
    of = "the weights of " if of_layers_alone else ""
    message = f"no gradient reaches {of}{told}"
    return Finding("no-gradient", tuple(sanitize(x, 200) for x in shown), message, "error")


def _is_zero_head(learning: Learning, layers: Sequence[LayerProbe]) -> bool:
    """Return whether the last layer's weights are the zeros: its logits tell of it already."""
    return bool(layers) and is_zero(layers[-1].weights)


def _without_passes(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Judge a log of an older version, whose probes saw one pass only."""
    without = [x for x in layers if x.weight_gradients.count and is_zero(x.weight_gradients)]
    if without:
        told = [(x, 0.0, "") for x in without]
        yield of_layers("no-gradient", "warning", "no gradient reaches the weights of", told)
        return
    *hidden, output = layers
    if hidden and _power(hidden[-1]) < ROUNDING * _power(output):
        told = [(x, _power(x), "") for x in hidden]
        yield of_layers("no-gradient", "warning", "gradients are 0 up to rounding in", told)


def _power(layer: LayerProbe) -> float:
    return layer.pre_activation_gradients.second_moment


def is_zero(measured: Measured) -> bool:
    """Return whether all values are 0."""
    return from_wire(measured.min) == from_wire(measured.max) == 0
