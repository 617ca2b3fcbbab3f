"""Start values beside what their initializers say: whether each did what was meant."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator

from inittui.errors import UsageError
from inittui.events.probes import LayerProbe, Measured
from inittui.events.wire_numbers import from_wire
from inittui.initializers import find, own, parse_scheme
from inittui.initializers.distributions import Distribution
from inittui.initializers.layer import LayerContext
from inittui.initializers.nonlinearity import Follower
from inittui.lessons.drawn_values import std_error
from inittui.lessons.questions import Answer, Declared
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.text import short

_REACH = 4.0
"""Standard errors: one parameter in 8,000 is farther off by chance, and there are many."""

_ROUNDING = 1e-6
"""Of the values' size: what float32 leaves of a constant."""


def answer_declared(question: Declared, state: RunState) -> Answer:
    """Compare mean and standard deviation of each parameter with its initializer's, one a line."""
    trial = next((t for t in state.trials if t.start and t.probe("before") is not None), None)
    event = trial.probe("before") if trial is not None else None
    if trial is None or event is None:
        return Answer("declared", "Start values are not on record.")
    lines: list[str] = []
    off: list[str] = []
    told = 0
    measured: dict[str, tuple[float, ...]] = {}
    for layer in event.probe.layers:
        for name, values, initializer in _parameters(layer, trial):
            if question.only is not None and not fnmatch.fnmatchcase(name, question.only):
                continue
            mean, std = from_wire(values.mean), values.std
            measured[name] = (mean, std)
            line = f"{name}: mean {short(mean)}, standard deviation {short(std)}"
            expected = _distribution(initializer, layer)
            if expected is None:
                lines.append(f"{line}; {initializer} is code of one's own, which says nothing.")
                continue
            told += 1
            met = _is_met(mean, std, values.count, expected)
            off += [] if met else [name]
            lines.append(
                f"{line}; {initializer} has {short(expected.mean)} and {short(expected.std)}."
            )
    if not lines:
        return Answer("declared", "No such parameter was measured.")
    verdict = "Each that says what it gives is as declared, as far as so many values can tell."
    if off:
        verdict = f"Not as declared: {', '.join(off)}."
    elif not told:
        verdict = "None of them says what it gives."
    if len({each.seed for each in state.trials}) > 1:
        lines.insert(0, f"Under seed {trial.seed}:")
    return Answer("declared", "\n".join([*lines, verdict]), not off if told else None, measured)


def _parameters(layer: LayerProbe, trial: TrialState) -> Iterator[tuple[str, Measured, str]]:
    written = {values.parameter: values.initializer for values in trial.start}
    for role, values in (("weight", layer.weights), ("bias", layer.biases)):
        name = f"{layer.name}.{role}"
        initializer = written.get(name)
        if values is not None and initializer is not None:
            yield name, values, initializer


def _distribution(initializer: str, layer: LayerProbe) -> Distribution | None:
    try:
        call = parse_scheme(initializer).weights
        if own.is_own(call):
            return None
        context = LayerContext(layer.shape, Follower(layer.nonlinearity), name=layer.name)
        return find(call.name).values_for(context, dict(call.parameters))
    except UsageError:  # a module's own default; and a log may say anything
        return None


def _is_met(mean: float, std: float, count: int, expected: Distribution) -> bool:
    rounding = _ROUNDING * max(abs(expected.mean), expected.std)
    mean_reach = _REACH * expected.std / math.sqrt(count) + rounding
    std_reach = _REACH * std_error(expected, count) + rounding
    return abs(mean - expected.mean) <= mean_reach and abs(std - expected.std) <= std_reach
