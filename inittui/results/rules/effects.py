"""Rules on what a pass does: signal, gradients, units at flat ends, what never learns."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from inittui.events.facts import (
    DrownedFacts,
    Facts,
    NonlinearityFacts,
    PassFacts,
    TensorFacts,
    UseFacts,
    is_known,
)
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.codes import of_rule
from inittui.results.rules.contents import where
from inittui.results.rules.finding import Finding, Severity, listed, percent, times
from inittui.results.rules.limits import Limits
from inittui.text import sanitize, short


def effects(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Judge one forward and one backward pass."""
    passed = facts.passed
    if passed is None:
        return
    if passed.not_finite:
        yield of_rule(
            "I409", [passed.not_finite],
            f"the pass gives NaN or infinite values from {sanitize(passed.not_finite, 100)} on",
            advice="look for a division by 0, a logarithm, or an exponential of what has grown",
        )  # fmt: skip
        return
    yield from _blind(facts, passed, limits)
    yield from _signal(facts, passed, limits)
    yield from _gradient(facts, passed, limits)
    yield from _flat(facts, limits)
    yield from _learning(facts, passed)
    yield from _confident(facts, passed, limits)
    yield from _inputs(passed, limits)


def _blind(facts: Facts, passed: PassFacts, limits: Limits) -> Iterator[Finding]:
    share = from_wire(passed.output_share)
    if not is_known(share) or passed.samples < 2 or not share < limits["I401.warning"]:
        return
    if _is_constant_head(facts, passed) or _is_offset(facts, limits):
        return
    severity: Severity = "error" if share < limits["I401.error"] else "warning"
    limit = limits["I401.error" if severity == "error" else "I401.warning"]
    evidence: dict[str, float] = {"share": share}
    # What drowns it by less is told too: later layers may only have made more of that.
    under = next(
        (
            x
            for most in (limit, limits["I401.warning"])
            for x in passed.drowned
            if from_wire(x.share) < most
        ),
        None,
    )
    first = next((x for x in facts.uses if from_wire(x.output_share) < limit), None)
    since, names = "", []
    advice = "keep the signal's variance from layer to layer: a gain for the nonlinearity, norms"
    if under is not None:
        names, evidence[under.name] = [under.name], from_wire(under.fold)
        since, advice = _drowned(under)
    elif first is not None:
        names, since = [first.parameter], f", since {sanitize(first.parameter, 100)}"
    yield of_rule(
        "I401", names,
        f"outputs hardly depend on the input: {short(100 * share, 2)} % of their mean square is "
        f"variance between samples{since}",
        severity=severity, evidence=evidence, limit=limit,
        where=where([x for x in facts.tensors if x.name in names]), advice=advice,
    )  # fmt: skip


def _drowned(under: DrownedFacts) -> tuple[str, str]:
    """Return since when the input is drowned, and what to do."""
    name, fold = sanitize(under.name, 100), times(from_wire(under.fold))
    return (
        f", since {name} is added, {fold} times as large as what it is added to, in mean squares",
        f"draw {name} on the scale of what it is added to, or multiply that, as embeddings by the "
        "root of their width",
    )


def _is_constant_head(facts: Facts, passed: PassFacts) -> bool:
    """Whether the outputs are alike because the last weights are all 0, which is meant."""
    ends = {use.parameter for use in facts.uses if use.is_last}
    zeros = {x.name for x in facts.tensors if x.is_zero}
    return from_wire(passed.output_share) == 0 and bool(ends & zeros)


def _is_offset(facts: Facts, limits: Limits) -> bool:
    """Whether only the last bias, or the 0.5 of a sigmoid, is what all samples have in common."""
    return any(
        use.is_last
        and {"sigmoid", "softmax"}.issuperset(use.behind)
        and from_wire(use.input_share) >= limits["I401.warning"]
        for use in facts.uses
    )


def _signal(facts: Facts, passed: PassFacts, limits: Limits) -> Iterator[Finding]:
    power, given = from_wire(passed.input_power), from_wire(passed.output_power)
    start = power if is_known(power) else 1.0
    grown = [
        use
        for use in facts.uses
        if from_wire(use.output_power) > limits["I402.growth"] * max(1.0, start)
        and not {"norm", "softmax"} & {*use.behind}
    ]
    if grown:
        most = max(grown, key=lambda use: from_wire(use.output_power))
        fold = from_wire(most.output_power) / max(1.0, start)
        at = _grows_at(facts.uses, most, fold)
        above = f", most of it at {sanitize(at.parameter, 100)}" if at is not most else ""
        yield of_rule(
            "I402", [at.parameter],
            f"the signal grows {times(fold)}-fold up to {sanitize(most.parameter, 100)}{above}",
            evidence={most.parameter: from_wire(most.output_power)},
            limit=limits["I402.growth"] * max(1.0, start), where=_where(facts, at),
            advice="make the weights smaller, or put norms between the layers",
        )  # fmt: skip
    elif given > (limit := limits["I402.outputs"] * max(1.0, start)):
        yield of_rule(
            "I402", (),
            f"the outputs have a mean square of {short(given, 2)}, the inputs {short(start, 2)}",
            evidence={"outputs": given, "inputs": start}, limit=limit,
            advice="make smaller what grows on the way: products of activations, exponentials",
        )  # fmt: skip
    last = next((use for use in reversed(facts.uses) if use.is_last), None)
    if last is None or not last.before:
        return
    start = _at_first(facts, start)
    between = from_wire(last.input_between)
    if is_known(between) and between < limits["I402.note"] * start and not passed.is_ids:
        is_grave = between < limits["I402.loss"] * start
        fold = math.inf if between == 0 else start / between
        said = "is gone" if math.isinf(fold) else f"is {times(fold)} times smaller"
        yield of_rule(
            "I402", [last.parameter],
            f"what varies between samples {said} at the last layer's input",
            severity="warning" if is_grave else "note", evidence={last.parameter: between},
            limit=limits["I402.loss" if is_grave else "I402.note"] * start,
            where=_where(facts, last),
            advice="give the layers a gain for their nonlinearity, or put norms between them",
        )  # fmt: skip


def _grows_at(uses: Sequence[UseFacts], most: UseFacts, fold: float) -> UseFacts:
    """Return the product that alone makes more than half of a growth, in orders of magnitude."""

    def growth(use: UseFacts) -> float:
        power = from_wire(use.input_power)
        return from_wire(use.output_power) / power if power > 0 else 0.0

    at = max((use for use in uses if use.order <= most.order), key=growth, default=most)
    return at if growth(at) > math.sqrt(fold) else most


def _at_first(facts: Facts, power: float) -> float:
    """Return what varies between samples where weights first meet it, if that is less.

    What lies before, as a table of small values or a division by 255, is no layer's loss.
    """
    first = [from_wire(use.input_between) for use in facts.uses if not use.before]
    most = max(filter(is_known, first), default=0.0)
    return min(power, most) if most > 0 else power


def _where(facts: Facts, use: UseFacts) -> str:
    return where([x for x in facts.tensors if x.name == use.parameter])


def _gradient(facts: Facts, passed: PassFacts, limits: Limits) -> Iterator[Finding]:
    if passed.gradient_not_finite:
        name = passed.gradient_not_finite
        yield of_rule(
            "I403", [name],
            f"the gradient is NaN or infinite on its way back, at {sanitize(name, 100)}",
            severity="error", where=where([x for x in facts.tensors if x.name == name]),
            advice="look behind it for what has grown, a division by 0, or a root or norm of 0",
        )  # fmt: skip
        return
    first, last = from_wire(passed.gradient_first), from_wire(passed.gradient_last)
    if not is_known(first, last) or not first > 0 or not last > 0 or passed.gates:
        return
    fold = first / last
    if 1 / limits["I403.fold"] <= fold <= limits["I403.fold"]:
        return
    what = "grows" if fold > 1 else "shrinks"
    yield of_rule(
        "I403", (),
        f"the gradient {what} {times(max(fold, 1 / fold))}-fold on its way back to the input",
        evidence={"fold": fold}, limit=limits["I403.fold"],
        advice="give the layers a gain for their nonlinearity, or put norms between them",
    )  # fmt: skip


def _flat(facts: Facts, limits: Limits) -> Iterator[Finding]:
    # Behind zeros that never move all is 0: that is told of these.
    still = {x.name for x in facts.tensors if x.is_zero} & {*facts.never}
    met = [
        x
        for x in facts.nonlinearities
        if not x.is_in_gate and x.behind and not still.issuperset(x.behind)
    ]
    dead = [x for x in met if x.dead is not None and x.dead >= limits["I404.share"]]
    yield from _at_ends(
        facts, "I404", [(x, x.dead or 0.0) for x in dead], "units are 0 for all samples",
        limits["I404.share"], "centre the inputs and weights; check the biases",
    )  # fmt: skip
    for is_bounded, limit in ((False, limits["I405.share"]), (True, limits["I405.bounded"])):
        ends = [(x, x.saturated) for x in met if (x.kind in _BOUNDED) is is_bounded]
        yield from _at_ends(
            facts, "I405", [(x, share) for x, share in ends if share is not None and share > limit],
            "values lie at the flat ends", limit, "make the weights before it smaller",
        )  # fmt: skip


_BOUNDED = frozenset({"hardtanh", "hardsigmoid", "clamp"})
"""Flat from a bound on, where others only come near to it: a unit Gaussian has 32 % of its values
beyond the bounds of hardtanh, and 3.6 % beyond |tanh| = 0.97."""


def _at_ends(
    facts: Facts,
    code: str,
    some: Sequence[tuple[NonlinearityFacts, float]],
    what: str,
    limit: float,
    advice: str,
) -> Iterator[Finding]:
    if not some:
        return
    told = {x.behind[0]: f"{percent(share)}, {x.kind}" for x, share in some}
    names = tuple(told)
    yield of_rule(
        code, names, f"{what}: {listed(list(told.items()))}",
        evidence={x.behind[0]: share for x, share in some}, limit=limit,
        where=where(_low_biases(facts, names) if code == "I404" else [])
        or where([x for x in facts.tensors if x.name in names]),
        advice=advice,
    )  # fmt: skip


def _low_biases(facts: Facts, names: Collection[str]) -> list[TensorFacts]:
    """Return biases beside weights of dead units that alone may keep these at 0: all negative."""
    beside = {f"{name.removesuffix('weight')}bias" for name in names if name.endswith("weight")}
    return [x for x in facts.tensors if x.name in beside and x.negative == 1]


def _learning(facts: Facts, passed: PassFacts) -> Iterator[Finding]:
    if passed.zeros_in_way and from_wire(passed.output_share) == 0:
        told = listed([(sanitize(x, 100), "") for x in passed.zeros_in_way], "tensor")
        yield of_rule(
            "I406", passed.zeros_in_way, f"zeros keep the outputs constant: {told}",
            where=where([x for x in facts.tensors if x.name in passed.zeros_in_way]),
            advice="draw them by chance; zeros are for last layers and branches that are added",
        )  # fmt: skip
    if facts.never:
        told = listed([(sanitize(x, 100), "") for x in facts.never], "tensor")
        yield of_rule(
            "I407", facts.never, f"no gradient ever reaches {told}",
            where=where(_low_biases(facts, _dead_throughout(facts)))
            or where([x for x in facts.tensors if x.name in facts.never]),
            advice=_way_out(facts),
        )  # fmt: skip
    if facts.woken:
        told = listed([(sanitize(x, 100), "") for x in facts.woken], "tensor")
        yield of_rule(
            "I608", facts.woken, f"gradients arrive once zeros have moved, not before, at {told}"
        )


def _dead_throughout(facts: Facts) -> list[str]:
    """Return the weights behind which no unit of a ReLU is above 0."""
    dead = [x for x in facts.nonlinearities if x.dead is not None and x.dead >= 1]
    return [name for x in dead if not x.is_in_gate for name in x.behind]


def _way_out(facts: Facts) -> str:
    """Return what to look at where gradients never arrive."""
    zeros = {x.name for x in facts.tensors if x.is_matrix and x.is_zero and x.kind == "parameter"}
    dead = _dead_throughout(facts)
    if dead and not zeros.issuperset(dead):
        return "no unit of a ReLU is above 0: look at the biases and scales before it"
    if zeros:
        return "let one factor of each product be drawn by chance"
    return "look for what is 0 or flat on the way, such as norms with a weight of 0"


def _confident(facts: Facts, passed: PassFacts, limits: Limits) -> Iterator[Finding]:
    spread, sure = from_wire(passed.logit_std), from_wire(passed.confidence)
    if passed.classes < 2 or not is_known(spread, sure):
        return
    limit = limits["I408.loss"] * math.log(passed.classes) + 0.5
    if sure > limit and spread > limits["I408.std"]:
        last = next((use for use in reversed(facts.uses) if use.is_last), None)
        names = [last.parameter] if last is not None else []
        guess = math.log(passed.classes)
        yield of_rule(
            "I408", names,
            f"the loss would start at about {short(sure, 3)}, guessing has {short(guess, 3)}: "
            f"logits spread by {short(spread, 3)}",
            evidence={"loss": sure, "std": spread}, limit=limit,
            where=where([x for x in facts.tensors if x.name in names]),
            advice="make the last weights smaller",
        )  # fmt: skip


def _inputs(passed: PassFacts, limits: Limits) -> Iterator[Finding]:
    power, mean = from_wire(passed.input_power), from_wire(passed.input_mean)
    if not passed.input_is_given or not is_known(power, mean):
        return
    advice = "subtract the mean, and divide by the standard deviation"
    if not limits["I410.least"] <= power <= limits["I410.largest"]:
        yield of_rule(
            "I410", (), f"the inputs have a mean square of {short(power, 3)}",
            evidence={"power": power}, advice=advice,
        )  # fmt: skip
    elif mean**2 > limits["I410.mean"] * power:
        yield of_rule(
            "I410", (), f"the inputs' mean is {short(mean, 3)}, far from 0", severity="note",
            evidence={"mean": mean}, advice=advice,
        )  # fmt: skip
