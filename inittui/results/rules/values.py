"""Rules on the weights themselves: not finite, equal, nearly equal, copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import msgspec

from inittui.events.probes import LayerProbe, Learning, Measured, Probe
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.finding import (
    Finding,
    evidence_of,
    is_number,
    listed,
    of_layers,
    of_names,
    of_parameters,
)
from inittui.text import sanitize, short

STUCK_SHARE = 0.05
"""Of a layer's units that stay equal to another one; fewer are chance or pruning."""
ALIGNED = 0.9
"""Mean |cosine| of two units. Drawn around 0 it is √(2/πn) over n inputs, and 0.75 from
U[0, 1)."""
ALIGNED_NOTE = 0.5
_LEAST_INPUTS, _LEAST_INPUTS_NOTE = 8, 32
"""Of fewer inputs vectors are aligned by chance."""


def not_finite(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Whatever else is measured beside NaN means nothing."""
    yield from _in_layers(layers)
    loss = from_wire(probe.loss)
    if not is_number(loss):
        text = f"the loss is {'NaN' if math.isnan(loss) else 'infinite'}"
        yield Finding("not-finite", (), text, "error", evidence_of({"loss": loss}))
    # Those of measured layers are told by their layers already.
    known = {layer.name for layer in layers}
    names = probe.learning.not_finite if probe.learning else ()
    others = [name for name in names if name.rpartition(".")[0] not in known]
    if others:
        what = "values or gradients are NaN or infinite:"
        yield of_parameters("not-finite", "error", what, others)


def _in_layers(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    quantities: tuple[tuple[str, Callable[[LayerProbe], Measured]], ...] = (
        ("weights", lambda layer: layer.weights),
        ("outputs", lambda layer: layer.pre_activations),
        ("gradients", lambda layer: layer.weight_gradients),
    )
    for what, of in quantities:
        bad = [
            (x, of(x).not_finite / max(of(x).count, 1), _count(of(x)))
            for x in layers
            if of(x).not_finite
        ]
        if bad:
            yield of_layers("not-finite", "error", f"{what} are NaN or infinite:", bad)


def _count(measured: Measured) -> str:
    part, whole = measured.not_finite, measured.count
    return "all" if part == whole else f"{part:,} of {whole:,}"


def symmetric(probe: Probe, layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    """Units stay equal that have equal weights and get equal gradients.

    The last layer's are told apart by their labels.
    """
    stuck = [
        (x, float(x.stuck_units or 0), _distinct(x))
        for x in layers[:-1]
        if (x.stuck_units or 0) > STUCK_SHARE * x.units and not x.is_frozen
    ]
    never = set(probe.learning.never) if probe.learning else set()
    if stuck:
        found = of_layers("symmetric", "error", "equal units stay equal:", stuck)
        learns = any(f"{x.name}.weight" not in never for x, _, _ in stuck)
        yield _told_apart(found) if probe.has_dropout and learns else found
    yield from _symmetric_parameters(probe)
    unknown = [
        (x, float(x.distinct_units), _distinct(x))
        for x in layers[:-1]
        if x.stuck_units is None and x.distinct_units < x.units
    ]
    if unknown:  # a log of an older version: whether they stay equal was not looked at
        yield of_layers("symmetric", "warning", "units are equal:", unknown)


def _symmetric_parameters(probe: Probe) -> Iterator[Finding]:
    """Judge those that are no measured layer's, as bare matrices are."""
    if probe.learning is None:
        return
    # Of what never gets a gradient that is told already.
    stuck = [
        x
        for x in probe.learning.alike
        if x.stuck > STUCK_SHARE * x.units and x.parameter not in probe.learning.never
    ]
    if stuck:
        told = [
            (x.parameter, float(x.stuck), f"{x.distinct:,} distinct among {x.units:,}")
            for x in stuck
        ]
        what = "equal units stay equal:"
        found = of_names("symmetric", "error", what, told, each="parameter")
        yield _told_apart(found) if probe.has_dropout else found


def _distinct(layer: LayerProbe) -> str:
    return f"{layer.distinct_units:,} distinct among {layer.units:,}"


def _told_apart(found: Finding) -> Finding:
    message = f"{found.message}; dropout may tell them apart"
    return msgspec.structs.replace(found, message=message, severity="warning")


def copied(probe: Probe, layers: Sequence[LayerProbe], when: str) -> Iterator[Finding]:
    """Units or layers that were meant to be drawn each for itself, and are not."""
    trained = [layer for layer in layers if not layer.is_frozen]
    repeated = [
        (x, float(x.repeats), f"{x.repeats} times the same {x.units // x.repeats:,} units")
        for x in trained
        if x.repeats > 1
    ]
    if repeated:
        yield of_layers("repeated-units", "warning", "a block of units is repeated:", repeated)
    if when == "before":
        yield from _aligned(trained)
    if probe.learning is not None:
        yield from _clones(probe.learning)


def _clones(learning: Learning) -> Iterator[Finding]:
    # What isn't trained is a copy that is meant, as a teacher, or the start that is kept.
    trained = [[name for name in names if name not in learning.frozen] for names in learning.clones]
    groups = [names for names in trained if len(names) > 1]
    if groups:
        equal = [(" = ".join(sanitize(x, 60) for x in names[:3]), _more(names)) for names in groups]
        text = f"drawn by chance, and the same: {listed(equal, 'group')}"
        names = tuple(sanitize(name, 200) for group in groups for name in group)
        yield Finding("clones", names, text)


def _more(names: Sequence[str]) -> str:
    return f"and {len(names) - 3} more" if len(names) > 3 else ""


def _aligned(layers: Sequence[LayerProbe]) -> Iterator[Finding]:
    near, some = [], []
    for layer in layers:
        cosine = from_wire(layer.alignment)
        inputs = layer.weights.count / layer.units if layer.units > 0 else 0
        # Equal ones are another rule's: what counts there is whether they stay so.
        if not is_number(cosine) or 2 * layer.distinct_units <= layer.units or layer.units < 4:
            continue
        said = f"mean |cosine| {short(cosine, 4)}"
        if cosine > ALIGNED and inputs >= _LEAST_INPUTS:
            near.append((layer, cosine, said))
        elif cosine > ALIGNED_NOTE and inputs >= _LEAST_INPUTS_NOTE:
            some.append((layer, cosine, said))
    if near:
        what = "units are nearly the same:"
        yield of_layers("aligned-units", "warning", what, near, limit=ALIGNED)
    if some:
        what = "units point the same way:"
        yield of_layers("aligned-units", "note", what, some, limit=ALIGNED_NOTE)
