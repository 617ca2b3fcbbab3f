"""A quantity of each layer, over the seeds of a lesson's run, beside published numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from inittui.events.probes import LayerProbe, Measured, select_layers
from inittui.events.wire_numbers import all_to_wire, from_wire, to_wire
from inittui.lessons.questions import Answer, Keeps, Layers, Measurable
from inittui.lessons.swept_values import brief
from inittui.lessons.wording import with_remark
from inittui.results.curves import over_seeds
from inittui.results.state import RunState
from inittui.text import short

_NAMES: Mapping[str, str] = {
    "weights": "weights",
    "biases": "biases",
    "pre_activations": "outputs",
    "activations": "activations",
    "weight_gradients": "weights' gradients",
    "pre_activation_gradients": "gradients of the loss by the outputs",
    "variance": "variance",
    "std": "standard deviation",
    "saturated": "share of saturated activations",
    "dead": "share of dead units",
    "between_samples": "share of the outputs' mean square that is variance between images",
    "distinct_units": "distinct units",
    "moved": "distance of the weights from their start, by the size of the start",
}

_NO_SIGNAL = 1e-15
"""A published 0 is met by anything below this: float32 leaves about 1e-20."""


_LOST = 100.0
"""Variances that lie farther apart than this, ten times in standard deviation, aren't kept."""


def answer_layers(question: Layers, state: RunState) -> Answer:
    """Return the mean over the seeds of each layer's value, for each contestant."""
    measured: dict[str, list[float]] = {}
    lines = []
    verdicts = []
    for scheme in question.asks_of(state.schemes):
        names = _names(question, state, scheme)
        if not names:
            continue
        rows = _rows(question.of, state, scheme, question.when, question.only)
        values = layer_means(question.of, state, scheme, question.when, question.only)
        measured[scheme] = values
        over = f"mean of {len(rows)} seeds: " if len(rows) > 1 else ""
        if over_seeds(rows).count.min(initial=len(rows)) < len(rows):
            over = f"mean of {len(rows)} seeds, where one is not finite of the others: "
        published, ours = question.published.get(scheme), question.ours.get(scheme)
        told = ", ".join(
            f"{name} {_shown(question.of, value, 5 if published or ours else 4)}{of}"
            for (name, of), value in zip(names, values, strict=True)
        )
        line = f"{named(state, scheme)}{over}{told}."
        for whose, figures in (("Published", published), (_ours(question), ours)):
            if figures:
                met, said = _compared(whose, figures, question.tolerance, values)
                verdicts.append(met)
                line += said
        lines.append(line)
    if not lines:
        return Answer("layers", f"{_title(question)}: not measured.")
    text = "\n".join([f"{_title(question)}:", *lines, *filter(None, [question.remark])])
    return Answer(
        "layers",
        text,
        holds=all(verdicts) if verdicts else None,
        measured={scheme: all_to_wire(values) for scheme, values in measured.items()},
        published=dict(question.published),
        ours=dict(question.ours),
    )


def answer_keeps(question: Keeps, state: RunState) -> Answer:
    """Say how the quantity changes from the first layer to the last, and how far it lies apart."""
    lines = []
    apart: dict[str, float] = {}
    for scheme in question.asks_of(state.schemes):
        values = [max(abs(v), _NO_SIGNAL) for v in layer_means(question.of, state, scheme)]
        if len(values) < 2 or not all(math.isfinite(v) for v in values):
            continue
        if max(values) == _NO_SIGNAL:
            lines.append(f"{named(state, scheme)}0 in every layer.")
            continue
        apart[scheme] = _spread(values)
        lines.append(
            f"{named(state, scheme)}{_way(values[-1] / values[0])} from the first layer to the "
            f"last, the largest is {short(apart[scheme])} times the smallest."
        )
    if not lines:
        return Answer("keeps", f"{_what(question.of)}: not measured.")
    verdicts: dict[str, str] = {}
    if len(apart) > 1:
        nearest = min(apart, key=lambda scheme: apart[scheme])
        if apart[nearest] > _LOST:
            lines.append("None of them keeps it.")
        else:
            lines.append(f"{nearest} keeps it best{_under_seeds(question, state, apart, nearest)}.")
            verdicts = {"keeps it best": nearest}
    text = "\n".join([f"{_what(question.of)}, layer by layer:", *lines])
    return Answer(
        "keeps",
        with_remark(text, question.remark),
        measured={scheme: (to_wire(value),) for scheme, value in apart.items()},
        verdicts=verdicts,
    )


def _way(change: float) -> str:
    if short(max(change, 1 / change)) == "1":
        return "hardly changes"
    return f"grows {short(change)}-fold" if change > 1 else f"shrinks {short(1 / change)}-fold"


def _spread(values: Sequence[float]) -> float:
    """Return how many times the smallest the largest of a layer's values is."""
    sizes = [max(abs(value), _NO_SIGNAL) for value in values]
    return max(sizes) / min(sizes) if all(map(math.isfinite, sizes)) else math.inf


def _under_seeds(question: Keeps, state: RunState, schemes: Iterable[str], nearest: str) -> str:
    """Say under how many seeds the one whose means lie nearest together lies so; "" for one."""
    spreads = {s: list(map(_spread, _rows(question.of, state, s, "before", None))) for s in schemes}
    seeds = min(map(len, spreads.values()))
    if seeds < 2:
        return ""
    by_seed = zip(spreads[nearest], *spreads.values(), strict=False)
    count = sum(mine <= min(all_of) for mine, *all_of in by_seed)
    by = "under each" if count == seeds else f"by the means, under {count}"
    return f", {by} of {seeds} seeds"


def layer_means(
    of: Measurable, state: RunState, scheme: str, when: str = "before", only: str | None = None
) -> list[float]:
    """Return each layer's value, the mean over the contestant's seeds as `over_seeds` has it."""
    return [float(mean) for mean in over_seeds(_rows(of, state, scheme, when, only)).mean]


def _rows(
    of: Measurable, state: RunState, scheme: str, when: str, only: str | None
) -> list[list[float]]:
    """Return each layer's value under each seed."""
    read = _reader(of)
    probes = [
        event.probe
        for trial in state.of_scheme(scheme)
        for event in trial.probes
        if event.when == when
    ]
    return [[read(layer) for layer in select_layers(probe.layers, only)] for probe in probes]


def named(state: RunState, scheme: str) -> str:
    """Return the contestant's name and a colon; nothing where it is the only one."""
    return f"{brief(state, scheme)}: " if len(state.schemes) > 1 else ""


def _names(question: Layers, state: RunState, scheme: str) -> list[tuple[str, str]]:
    """Return layer names, each with what its value is of."""
    events = [trial.probe(question.when) for trial in state.of_scheme(scheme)]
    known = next((event.probe for event in events if event is not None), None)
    counted = question.of == "distinct_units"
    return [
        (layer.name, f" of {layer.units}" if counted else "")
        for layer in select_layers(known.layers if known else (), question.only)
    ]


def _ours(question: Layers) -> str:
    return f"Measured before over {question.ours_seeds} seeds"


def _compared(
    whose: str, published: Sequence[float], tolerance: Sequence[float], values: Sequence[float]
) -> tuple[bool, str]:
    """Say whether the values are as those of somebody else, each within its tolerance."""
    allowed = [*tolerance, *[tolerance[-1] if tolerance else 0.0] * len(published)]
    off = [
        (0.0 if abs(v) < _NO_SIGNAL else math.inf) if p == 0 else abs(v / p - 1)
        for v, p in zip(values, published, strict=False)
    ]
    shown = ", ".join(short(p, 5) for p in published)
    if len(values) != len(published):
        return False, f" {whose}: {shown}; these are of {len(values)} layers, not {len(published)}."
    off = [math.inf if math.isnan(each) else each for each in off]
    met = all(o <= a for o, a in zip(off, allowed, strict=False))
    worst = f"{100 * max(off, default=math.inf):.2g} %"
    verdict = f"these are within {worst} of it" if met else f"these are off by up to {worst}"
    return met, f" {whose}: {shown}; {verdict}."


def _shown(of: Measurable, value: float, digits: int) -> str:
    if of in ("saturated", "dead", "between_samples", "moved"):
        return f"{short(100 * value)} %"
    return short(value, digits)


def _title(question: Layers) -> str:
    moment = {"before": "before training", "after": "after training"}.get(
        question.when, "while training"
    )
    return f"{_what(question.of)} by layer, {moment}"


def _what(of: Measurable) -> str:
    owner, dot, statistic = of.partition(".")
    what = f"{_NAMES[statistic]} of the {_NAMES[owner]}" if dot else _NAMES[owner]
    return f"{what[0].upper()}{what[1:]}"


def _reader(of: Measurable) -> Callable[[LayerProbe], float]:
    owner, dot, statistic = of.partition(".")

    def read(layer: LayerProbe) -> float:
        value = getattr(layer, owner)
        if dot and isinstance(value, Measured):
            return from_wire(value.variance) if statistic == "variance" else value.std
        return math.nan if value is None or isinstance(value, Measured) else from_wire(value)

    return read
