"""Each layer of a probe in four marks: does the signal arrive, the gradient, do its units work.

The limits are those of the findings (`inittui.results.rules`); a mark says of one layer what a
finding says of several.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from inittui.events.probes import LayerProbe, Probe
from inittui.results.rules.finding import Severity, is_number
from inittui.results.rules.learning import is_zero
from inittui.results.rules.signal import FOLD, GRADIENT_FOLD, effect_of, given_to
from inittui.results.rules.units import DEAD, SATURATED
from inittui.results.rules.values import STUCK_SHARE
from inittui.results.trial_state import TrialState

Mark = Literal["none", "good", "warn", "bad"]
"""From what wasn't measured, or isn't meant, to what keeps a layer from learning."""

_ORDER: tuple[Mark, ...] = ("none", "good", "warn", "bad")


@dataclass(frozen=True, slots=True)
class LayerMarks:
    layer: str
    signal: Mark
    """Mean square of what it hands on, by that of what the network is given; of the last layer,
    which hands on nothing, of what it is given itself: a network does well to begin with small
    logits."""
    gradient: Mark
    """‖gradient‖·‖weights‖, by that of the last layer that has one."""
    flat: Mark
    """Share of units that are dead, or of values that are saturated."""
    alike: Mark
    """Share of units that stay equal to another one."""


def marks_of(probe: Probe) -> list[LayerMarks]:
    """Return the marks of the layers, in the order in which they run."""
    layers = [layer for layer in probe.layers if layer.pre_activations.count]
    if not layers:
        return []
    given = [power for _, power in given_to(layers)]
    source = given[0] if given[0] > 0 and is_number(given[0]) else 1.0
    effects = {layer.name: effect_of(layer) for layer in layers}
    awake = [each for each in effects.values() if each > 0 and is_number(each)]
    last = layers[-1]
    return [
        LayerMarks(
            layer.name,
            _signal(layer, arrives if layer is last else None, source),
            _gradient(layer, probe, effects[layer.name], awake[-1] if awake else math.nan),
            _flat(layer),
            "none" if layer is last or layer.is_frozen else _alike(layer),
        )
        for layer, arrives in zip(layers, given, strict=True)
    ]


def _beyond(fold: float, limits: Sequence[tuple[float, Severity]]) -> Mark:
    gravest, first = limits[0][0], limits[-1][0]
    return "bad" if fold > gravest else "warn" if fold > first else "good"


def _signal(layer: LayerProbe, arrives: float | None, source: float) -> Mark:
    """Return the mark of what a layer hands on, or of what arrives where that is given."""
    out = layer.activations.second_moment
    power = out if arrives is None or math.isnan(arrives) else arrives
    if layer.activations.not_finite or not out > 0 or not power > 0:
        return "bad"
    return _beyond(max(power / max(source, 1.0), min(source, 1.0) / power), FOLD)


def _gradient(layer: LayerProbe, probe: Probe, own: float, last: float) -> Mark:
    if layer.is_frozen:
        return "none"
    weight = f"{layer.name}.weight"
    if layer.weight_gradients.not_finite:
        return "bad"
    if probe.learning is not None and weight in probe.learning.woken:
        return "warn"
    asleep = probe.learning is not None and weight in probe.learning.never
    if asleep or is_zero(layer.weight_gradients):
        return "bad"
    if not own > 0 or not is_number(own) or math.isnan(last):
        return "good"  # the weights are 0 and get a gradient
    return _beyond(max(own / last, last / own), GRADIENT_FOLD)


def _flat(layer: LayerProbe) -> Mark:
    marks = [
        _beyond(share, limits)
        for share, limits in ((layer.dead, DEAD), (layer.saturated, SATURATED))
        if share is not None
    ]
    return worst(marks)


def _alike(layer: LayerProbe) -> Mark:
    if layer.stuck_units is None or not layer.units:  # whether equal ones stay so wasn't looked at
        return "warn" if layer.distinct_units < layer.units else "none"
    return "bad" if layer.stuck_units > STUCK_SHARE * layer.units else "good"


def worst(marks: Iterable[Mark]) -> Mark:
    return max(marks, key=_ORDER.index, default="none")


def latest_marks(trials: Sequence[TrialState]) -> list[LayerMarks]:
    """Return the marks of a contestant's newest probes, of several seeds the worst of each."""
    known = [marks_of(trial.probes[-1].probe) for trial in trials if trial.probes]
    count = min(map(len, known), default=0)
    return [
        LayerMarks(
            known[0][place].layer,
            worst(marks[place].signal for marks in known),
            worst(marks[place].gradient for marks in known),
            worst(marks[place].flat for marks in known),
            worst(marks[place].alike for marks in known),
        )
        for place in range(count)
    ]


def in_cells(marks: Sequence[Mark], most: int) -> list[Mark]:
    """Return at most so many marks, each the worst of layers beside each other."""
    if len(marks) <= most:
        return list(marks)
    edges = [round(place * len(marks) / most) for place in range(most + 1)]
    return [worst(marks[a:b]) for a, b in itertools.pairwise(edges)]
