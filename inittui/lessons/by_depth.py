"""How far a signal or a gradient gets through a network's hidden layers, beside theory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inittui.events.probes import Probe
from inittui.events.theory import DepthScales
from inittui.events.wire_numbers import to_wire
from inittui.lessons.layer_values import named
from inittui.lessons.questions import CANT_TELL, Answer, ByDepth, Travelling, Travels
from inittui.lessons.wording import with_remark
from inittui.results.comparison import LEVEL, Measure, half_interval, measure
from inittui.results.state import RunState
from inittui.text import short

KEEPS = 10.0
"""A mean square that changes by a factor up to this, about 3 in size, is said to stay: one network
of 100 units scatters by as much over 30 layers of relu."""

_WAYS: dict[Travels, str] = {"grows": "it grows", "shrinks": "it shrinks", "stays": "it stays"}


@dataclass(frozen=True, slots=True)
class Passage:
    """What one contestant's hidden layers make of a mean square, from one end to the other."""

    begin: str
    end: str
    layers: int
    """From the one to the other."""
    change: Measure
    """ln of the factor, over the seeds."""
    predicted: float | None
    """The factor, the geometric mean over the seeds; None where it isn't derived."""
    inside: tuple[int, int]
    """How many layers of all seeds are in theory's range, and of how many."""
    scales: DepthScales | None

    @property
    def factor(self) -> float:
        return _power(self.change.mean)

    @property
    def interval(self) -> tuple[float, float]:
        """The factor's 95 % interval over the seeds (Student's t); everything for one."""
        if self.change.n < 2:
            return 0.0, math.inf
        # Far outside of what float32 holds is as good as outside of it.
        margin = min(half_interval(self.change, LEVEL), 600.0)
        return _power(self.change.mean - margin), _power(self.change.mean + margin)

    @property
    def verdict(self) -> str:
        low, high = (way_of(bound) for bound in self.interval)
        return low if low == high else CANT_TELL


def _power(logarithm: float) -> float:
    return math.exp(logarithm) if logarithm < _LARGEST else math.inf


_LARGEST = 700.0
"""Logarithm up to which there is a float."""


def way_of(factor: float) -> Travels:
    """Return what a mean square does that changes by this factor."""
    if 1 / KEEPS <= factor <= KEEPS:
        return "stays"
    return "grows" if factor > KEEPS else "shrinks"


def answer_by_depth(question: ByDepth, state: RunState) -> Answer:
    """Say for each contestant what comes through, what theory predicts, and what a source found."""
    what = _TITLES[question.of]
    lines, verdicts, measured = [], {}, {}
    for scheme in question.asks_of(state.schemes):
        found = passage_of(question.of, state, scheme)
        if found is None:
            continue
        lines.append(named(state, scheme) + _said(found, question.published.get(scheme)))
        verdicts[scheme] = found.verdict
        predicted = None if found.predicted is None else to_wire(found.predicted)
        measured[scheme] = (to_wire(found.factor), predicted)
    if not lines:
        return Answer("by-depth", f"{what}: not measured, or nothing comes through.")
    told = [
        verdict == question.published[scheme]
        for scheme, verdict in verdicts.items()
        if scheme in question.published and verdict != CANT_TELL
    ]
    return Answer(
        "by-depth",
        with_remark("\n".join([f"{what}:", *lines]), question.remark),
        holds=all(told) if told else None,
        measured=measured,
        verdicts=verdicts,
    )


def passage_of(of: Travelling, state: RunState, scheme: str) -> Passage | None:
    """Return what a contestant's probes before training say; None without any that tell."""
    events = [trial.probe("before") for trial in state.of_scheme(scheme)]
    probes = [event.probe for event in events if event is not None and len(event.probe.layers) > 2]
    change = measure(_change(_measured(of, probe)) for probe in probes)
    if change is None:
        return None
    theories = [probe.theory for probe in probes if probe.theory is not None]
    expected = (_change(_predicted(of, probe)) for probe in probes)
    predictions = [each for each in expected if each is not None]
    mean = measure(predictions) if len(predictions) == len(probes) else None
    hits = [inside for probe in probes for inside in _inside(of, probe)]
    hidden = [layer.name for layer in probes[0].layers[:-1]]
    begin, end = (hidden[0], hidden[-1]) if of == "signal" else (hidden[-1], hidden[0])
    return Passage(
        begin, end, len(hidden) - 1, change, None if mean is None else _power(mean.mean),
        (sum(hits), len(hits)), theories[0].scales if theories else None,
    )  # fmt: skip


_TITLES: dict[Travelling, str] = {
    "signal": "Mean square of the outputs, from the first hidden layer to the last",
    "gradient": "Mean square of the gradients by the outputs, from the last hidden layer to the "
    "first",
    "weight-gradient": "Mean square of the gradients by the weights, from the last hidden layer to "
    "the first",
}


def _measured(of: Travelling, probe: Probe) -> Sequence[float | None]:
    layers = probe.layers[:-1]
    if of == "signal":
        return [layer.pre_activations.second_moment for layer in layers]
    if of == "weight-gradient":
        return [layer.weight_gradients.second_moment for layer in reversed(layers)]
    return [layer.pre_activation_gradients.second_moment for layer in reversed(layers)]


def _predicted(of: Travelling, probe: Probe) -> Sequence[float | None]:
    layers = probe.theory.layers[:-1] if probe.theory is not None else ()
    if of == "signal":
        return [layer.second_moment for layer in layers]
    if of == "weight-gradient":  # a sum over images that aren't independent: not derived
        return []
    return [layer.gradient for layer in reversed(layers)]


def _inside(of: Travelling, probe: Probe) -> list[bool]:
    layers = probe.theory.layers[:-1] if probe.theory is not None else ()
    if of == "signal":
        return [layer.inside for layer in layers]
    if of == "weight-gradient":
        return []
    return [layer.gradient_inside for layer in layers if layer.gradient_inside is not None]


def _change(values: Sequence[float | None]) -> float | None:
    """Return ln of the last by the first; None where one of them is 0, or no number."""
    ends = [value for value in (*values[:1], *values[-1:]) if value]
    if len(ends) < 2 or not all(math.isfinite(value) and value > 0 for value in ends):
        return None
    return math.log(ends[1] / ends[0])


def _said(found: Passage, published: str | None) -> str:
    way = "seeds too far apart to tell" if found.change.n > 1 else "one seed can't tell"
    if found.verdict != CANT_TELL:
        way = _WAYS[way_of(found.factor)]
    over = ""
    if found.change.n > 1:
        low, high = found.interval
        over = f", 95 % interval {short(low)} to {short(high)} over {found.change.n} seeds"
    beside = f" (published: it {published})" if published else ""
    said = (
        f"at {found.end} {short(found.factor)} times that at {found.begin}, {found.layers} layers "
        f"away{over}: {way}{beside}."
    )
    return f"{said} {_theory(found)}"


def _theory(found: Passage) -> str:
    if found.predicted is None:
        return "Theory isn't derived for it."
    expected = way_of(found.predicted)
    than = "" if expected == way_of(found.factor) else f", so that {_WAYS[expected]}"
    if than and found.verdict != CANT_TELL:
        than += ": here the two part"
    inside, count = found.inside
    scales = found.scales
    said = f"Theory: {short(found.predicted)} times{than}"
    if scales is not None:
        said += f"; χ₁ = {scales.chi:.3f}, {scales.state}"
    if not count:
        return f"{said}."
    layers = f"{count} layers" if found.change.n == 1 else f"{count} layers of all seeds"
    return f"{said}; {inside} of {layers} are in the range of 95 % of networks."
