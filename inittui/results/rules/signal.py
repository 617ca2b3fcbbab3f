"""Rules on what arrives where: the input's signal forward, the loss's backward, by depth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

from inittui.events.probes import LayerProbe, Probe
from inittui.events.wire_numbers import from_wire, to_wire
from inittui.results.rules.finding import (
    Finding,
    Kind,
    Severity,
    evidence_of,
    is_number,
    of_layers,
    of_names,
    times,
)
from inittui.results.rules.learning import is_zero
from inittui.results.rules.running import in_order
from inittui.text import short

Effect = tuple[str, float]
"""Of a layer, or a bare matrix, by its name."""

BLIND: tuple[tuple[float, Severity], ...] = ((1e-6, "error"), (1e-3, "warning"), (1e-2, "note"))
"""Share of the last layer's input that is variance between samples, below which it is told."""

_ALIKE = 10.0
"""Share that is variance between samples, by that of what a layer is given: up to there it is the
inputs that are alike."""

FOLD: tuple[tuple[float, Severity], ...] = ((1e4, "warning"), (1e2, "note"))
"""Mean square of what a layer is given, by the network's input's, up or down."""

GRADIENT_FOLD: tuple[tuple[float, Severity], ...] = ((1e4, "warning"), (1e3, "note"))
"""First-order change of the loss for a change of a layer's weights in proportion, by another's."""


def signal(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """What the layers are given: whether it still knows the input, and how large it is."""
    if not layers:
        yield from _size(probe, layers)
        return
    last = layers[-1]
    share = from_wire(last.inputs_between)
    silent = [x for x in layers[:-1] if x.pre_activations.second_moment == 0]
    if silent and not share > 0:
        told = [(x, 0.0, "") for x in silent]
        yield of_layers("silent", "error", "all outputs are 0 in", told)
        return
    if not is_number(share):  # a log of an older version, or a layer given something else
        share = from_wire(last.between_samples)
    if probe.images > 1:
        yield from _blind(probe, last, share, is_alone=len(layers) == 1)
    yield from _size(probe, layers)


def _blind(probe: Probe, last: LayerProbe, share: float, *, is_alone: bool) -> Iterator[Finding]:
    """Tell where samples can't be told apart any more, or never could."""
    of_inputs, of_logits = from_wire(probe.inputs_between), from_wire(probe.logits_between)
    # The layer that runs last need not be on the way of the input to the logits.
    most = of_logits if of_logits > share else share
    found = _first(BLIND, lambda limit: most < limit)
    if found is None:
        return
    limit, severity = found
    if of_inputs <= _ALIKE * most or of_inputs == 0:
        said = "samples are all the same, so that nothing shows what depends on the input"
        if of_inputs > 0:
            part = short(100 * of_inputs, 2)
            said = f"samples hardly differ: {part} % of the input is variance between them"
        severity = "note" if of_inputs == 0 or severity == "note" else "warning"
        evidence = evidence_of({"inputs": of_inputs})
        yield Finding("blind", (), said, severity, evidence, to_wire(limit))
    elif not is_alone:
        said = f"{short(100 * share, 2)} % of what it is given is variance between samples"
        what = "outputs hardly depend on the input:"
        yield of_layers("blind", severity, what, [(last, share, said)], limit=limit)


def _size(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Tell of the layer that is given the most, and of that which is given the least."""
    numbers = {layer.name: power for layer, power in given_to(layers)}
    given = [
        (name, power)
        for name, power in in_order(probe, layers, numbers, lambda bare: from_wire(bare.inputs))
        if is_number(power)
    ]
    if len(given) < 2:
        return
    source, *others = given
    least, most = min(others, key=_second), max(others, key=_second)
    growth = most[1] / max(source[1], 1.0)
    loss = least[1] / min(source[1], 1.0) if source[1] else math.nan
    yield from _fold("exploding", "the signal grows", growth, source, most)
    if loss:
        yield from _fold("vanishing", "the signal shrinks", 1 / loss, source, least)


def given_to(layers: Sequence[LayerProbe]) -> Iterator[tuple[LayerProbe, float]]:
    """Yield the mean square of each layer's input; of an older log, what came before gave."""
    for number, layer in enumerate(layers):
        power = from_wire(layer.inputs)
        if math.isnan(power) and number:
            power = layers[number - 1].activations.second_moment
        yield layer, power


def _second(pair: Effect) -> float:
    return pair[1]


def _fold(
    kind: Kind,
    what: str,
    fold: float,
    start: Effect,
    end: Effect,
) -> Iterator[Finding]:
    found = _first(FOLD, lambda limit: fold > limit)
    if found is None:
        return
    limit, severity = found
    told = [(*end, f"given a mean square of {short(end[1], 2)}")]
    if start is not end:
        told.insert(0, (*start, short(start[1], 2)))
    yield of_names(kind, severity, f"{what} {times(fold)}-fold:", told, limit=limit)


def gradients(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Compare how much the loss asks of each layer, in proportion to its weights.

    ‖gradient‖·‖weights‖ has no units, and of a network of rectifiers without biases it is alike
    in all layers, whatever their widths and positions. What has no gradient yet is left out.
    """
    learning = probe.learning
    asleep = {*learning.never, *learning.woken} if learning else set()
    numbers = {x.name: effect_of(x) for x in layers if f"{x.name}.weight" not in asleep}
    effects = [
        (name, effect)
        for name, effect in in_order(
            probe,
            layers,
            numbers,
            lambda bare: 0.0 if bare.parameter in asleep else from_wire(bare.effect),
        )
        if effect > 0 and is_number(effect)
    ]
    if len(effects) < 2:
        return
    last, effect = effects[-1]
    for kind, what, pick in _DIRECTIONS:
        name, other = pick(effects[:-1], key=_second)
        fold = other / effect if pick is max else effect / other
        found = _first(GRADIENT_FOLD, lambda limit, fold=fold: fold > limit)  # type: ignore[misc]
        if found is not None:
            limit, severity = found
            told = [
                (last, effect, short(effect, 2)),
                (name, other, f"{short(other, 2)}, norm of gradient times norm of weights"),
            ]
            text = f"the gradient {what} {times(fold)}-fold on its way back:"
            if pick is min and _goes_around(effects, name):
                severity = "note"
                text = f"the loss depends {times(fold)} times less on one layer than on the last:"
            yield of_names(kind, severity, text, told, limit=limit)


def _goes_around(effects: Sequence[Effect], name: str) -> bool:
    """Whether layers before one get their gradient: then it only adds little to what they do."""
    least = effects[-1][1] / GRADIENT_FOLD[-1][0]
    before = itertools.takewhile(lambda each: each[0] != name, effects)
    return any(effect > least for _, effect in before)


_DIRECTIONS: tuple[tuple[Kind, str, Callable[..., Effect]], ...] = (
    ("exploding", "grows", max),
    ("vanishing", "shrinks", min),
)


def effect_of(layer: LayerProbe) -> float:
    """Return ‖gradient‖·‖weights‖, with gates opened; 0 for what is left out."""
    if layer.is_frozen or is_zero(layer.weight_gradients) or is_zero(layer.weights):
        return 0.0
    opened = from_wire(layer.opened_gradient)
    gradient = layer.weight_gradients.rms if math.isnan(opened) else opened
    return gradient * layer.weights.rms * layer.weights.count


def _first(
    limits: Sequence[tuple[float, Severity]], is_beyond: Callable[[float], bool]
) -> tuple[float, Severity] | None:
    """Return the gravest limit that is passed."""
    return next(((limit, severity) for limit, severity in limits if is_beyond(limit)), None)
