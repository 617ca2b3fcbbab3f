"""Rules on what arrives where: the input's signal forward, the loss's backward, by depth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from inittui.events.probes import LayerProbe, Probe
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.finding import Finding, Kind, Severity, is_number, of_layers, times
from inittui.results.rules.learning import is_zero
from inittui.text import short

BLIND: tuple[tuple[float, Severity], ...] = ((1e-6, "error"), (1e-3, "warning"), (1e-2, "note"))
"""Share of the last layer's input that is variance between samples, below which it is told."""

FOLD: tuple[tuple[float, Severity], ...] = ((1e4, "warning"), (1e2, "note"))
"""Mean square of what a layer is given, by the network's input's, up or down."""

GRADIENT_FOLD: tuple[tuple[float, Severity], ...] = ((1e4, "warning"), (1e3, "note"))
"""First-order change of the loss for a change of a layer's weights in proportion, by another's."""


def signal(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """What the layers are given: whether it still knows the input, and how large it is."""
    if not layers:
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
    found = _first(BLIND, lambda limit: share < limit)
    if found is not None and len(layers) > 1:
        limit, severity = found
        said = f"{short(100 * share, 2)} % of what it is given is variance between samples"
        what = "outputs hardly depend on the input:"
        yield of_layers("blind", severity, what, [(last, share, said)], limit=limit)
    yield from _size(layers)


def _size(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Tell of the layer that is given the most, and of that which is given the least."""
    given = [(x, power) for x, power in given_to(layers) if is_number(power)]
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


def _second(pair: tuple[LayerProbe, float]) -> float:
    return pair[1]


def _fold(
    kind: Kind,
    what: str,
    fold: float,
    start: tuple[LayerProbe, float],
    end: tuple[LayerProbe, float],
) -> Iterator[Finding]:
    found = _first(FOLD, lambda limit: fold > limit)
    if found is None:
        return
    limit, severity = found
    told = [(end[0], end[1], f"given a mean square of {short(end[1], 2)}")]
    if start[0] is not end[0]:
        told.insert(0, (start[0], start[1], short(start[1], 2)))
    yield of_layers(kind, severity, f"{what} {times(fold)}-fold:", told, limit=limit)


def gradients(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Compare how much the loss asks of each layer, in proportion to its weights.

    ‖gradient‖·‖weights‖ has no units, and of a network of rectifiers without biases it is alike
    in all layers, whatever their widths and positions. What has no gradient yet is left out.
    """
    asleep = {*probe.learning.never, *probe.learning.woken} if probe.learning else set()
    awake = [layer for layer in layers if f"{layer.name}.weight" not in asleep]
    effects = [(x, effect) for x in awake if (effect := effect_of(x)) > 0 and is_number(effect)]
    if len(effects) < 2:
        return
    last, effect = effects[-1]
    for kind, what, pick in (("exploding", "grows", max), ("vanishing", "shrinks", min)):
        layer, other = pick(effects[:-1], key=_second)
        fold = other / effect if pick is max else effect / other
        found = _first(GRADIENT_FOLD, lambda limit, fold=fold: fold > limit)  # type: ignore[misc]
        if found is not None:
            limit, severity = found
            told = [
                (last, effect, short(effect, 2)),
                (layer, other, f"{short(other, 2)}, norm of gradient times norm of weights"),
            ]
            text = f"the gradient {what} {times(fold)}-fold on its way back:"
            yield of_layers(kind, severity, text, told, limit=limit)  # type: ignore[arg-type]


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
