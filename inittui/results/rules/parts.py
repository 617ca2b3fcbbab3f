"""Rules on parts with a custom of their own: gates, norms, padding, outputs, what isn't trained."""

from __future__ import annotations

import math
from collections.abc import Iterator

from inittui.events.facts import Facts, TensorFacts, is_known
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.codes import of_rule
from inittui.results.rules.contents import names, where
from inittui.results.rules.finding import Finding, Severity, listed, percent, times
from inittui.results.rules.limits import Limits
from inittui.text import sanitize, short


def parts(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Judge what has a custom of its own."""
    yield from _forget(facts, limits)
    yield from _growth(facts, limits)
    padded = [
        x for x in facts.tensors
        if x.padding_row is not None and from_wire(x.padding_row) != 0 and not x.is_meta
    ]  # fmt: skip
    if padded:
        told = [(x.name, f"up to {short(from_wire(x.padding_row or 0.0), 2)}") for x in padded]
        yield of_rule(
            "I504", names(padded), f"the padding's row isn't 0: {listed(told, 'tensor')}",
            where=where(padded), advice="set it to 0 after drawing: weight[padding_idx].zero_()",
        )  # fmt: skip
    yield from _norm_scale(facts, limits)
    if facts.used_statistics:
        told_norms = listed([(sanitize(x, 100), "") for x in facts.used_statistics], "norm")
        yield of_rule("I601", facts.used_statistics, f"have seen batches: {told_norms}")
    yield from _unused(facts)
    yield from _head(facts)
    if facts.foreign:
        told_foreign = listed([(x, "") for x in facts.foreign], "tensor")
        yield of_rule(
            "I606", facts.foreign,
            f"take part, and are in no parameter or buffer: {told_foreign}",
            advice="keep layers in nn.ModuleList, tensors in nn.Parameter or buffers",
        )  # fmt: skip


def _forget(facts: Facts, limits: Limits) -> Iterator[Finding]:
    wide, twice = [], []
    for gate in facts.forget_gates:
        low, high = from_wire(gate.low), from_wire(gate.high)
        if not is_known(low, high):
            continue
        told = f"{short(low, 3)} to {short(high, 3)}"
        if limits["I501.low"] <= low and high <= limits["I501.high"]:
            twice.append((gate.name, told))
        elif high - low > _spread(facts, gate.name, limits):
            wide.append((gate.name, told))
    advice = "set one of the two biases to 1, and the other to 0"
    for some, what in ((twice, "both biases of forget gates were set:"),
                       (wide, "biases of one forget gate lie far apart:")):  # fmt: skip
        if some:
            tensors = [x for x in facts.tensors if x.name in dict(some)]
            yield of_rule(
                "I501", [name for name, _ in some], f"{what} {listed(some, 'gate')}",
                where=where(tensors), advice=advice,
            )  # fmt: skip


def _spread(facts: Facts, name: str, limits: Limits) -> float:
    """Return how far apart biases may lie: PyTorch's own, of small layers, lie as far as 4/√h."""
    tensor = facts.tensor(name)
    size = (tensor.count // 4) if tensor is not None else 0
    return max(limits["I501.range"], 4.1 / math.sqrt(max(size, 1)))


def _growth(facts: Facts, limits: Limits) -> Iterator[Finding]:
    powers = [from_wire(x.power) for x in facts.additions]
    if len(powers) < limits["I502.links"] or not is_known(*powers):
        return
    middle, last = powers[len(powers) // 2], powers[-1]
    if middle > 0 and last / middle > limits["I502.growth"]:
        yield of_rule(
            "I502", (),
            f"over the last half of {len(powers)} additions the sum grows "
            f"{times(last / middle)}-fold",
            evidence={"growth": last / middle}, limit=limits["I502.growth"],
            advice="scale the branches by 1/√links, or start their last weights at 0",
        )  # fmt: skip


def _norm_scale(facts: Facts, limits: Limits) -> Iterator[Finding]:
    odd = [
        x
        for x in facts.tensors
        if x.name in facts.norms
        and not x.name.endswith("bias")
        and x.count > 1
        and not x.not_finite
        and x.sigma > 0
        and not x.is_matrix
        and (x.negative > limits["I505.negative"] or abs(from_wire(x.mean)) < limits["I505.mean"])
        and not _is_meant(x)
        and not _is_shift(facts, x)
    ]
    if odd:
        told = [
            (x.name, f"mean {short(from_wire(x.mean), 2)}, {percent(x.negative)} negative")
            for x in odd
        ]
        yield of_rule(
            "I505", names(odd), f"scales of norms are drawn around 0: {listed(told, 'tensor')}",
            where=where(odd), advice="leave them 1: draw only parameters of two or more dimensions",
        )  # fmt: skip


def _is_meant(tensor: TensorFacts) -> bool:
    """Whether a law was written down for scales: around another number than 0."""
    writer = tensor.writer
    return writer is not None and writer.numbers.get("mean", 0.0) != 0


def _is_shift(facts: Facts, tensor: TensorFacts) -> bool:
    """Whether a vector shifts what a norm gives: it has a sister called weight."""
    owner, _, own = tensor.name.rpartition(".")
    return own != "weight" and facts.tensor(f"{owner}.weight") is not None


def _unused(facts: Facts) -> Iterator[Finding]:
    if facts.unused and facts.passed is not None:
        told = listed([(sanitize(x, 100), "") for x in facts.unused], "parameter")
        yield of_rule("I604", facts.unused, f"take no part in this pass: {told}")
    if facts.aside:
        told = listed([(sanitize(x, 100), "") for x in facts.aside], "parameter")
        what = "run, and what they give doesn't come to the outputs"
        yield of_rule("I604", facts.aside, f"{what}: {told}")
    if cut := [x for x in facts.cut if x not in facts.aside]:
        told = listed([(sanitize(x, 100), "") for x in cut], "parameter")
        yield of_rule(
            "I604",
            cut,
            f"take part, and no gradient is on its way to them: {told}",
            advice="look for .detach(), .data or no_grad on the way, unless it is meant",
        )


def _head(facts: Facts) -> Iterator[Finding]:
    head = facts.passed.head if facts.passed is not None else ""
    if not head:
        return
    right = {"softmax": "right before a loss on probabilities only",
             "log_softmax": "right before NLL", "sigmoid": "right before BCE",
             "relu": "no class can get less than 0"}[head]  # fmt: skip
    severity: Severity = "warning" if head == "softmax" else "note"
    yield of_rule(
        "I605", (), f"the outputs come out of {head}: {right}", severity=severity,
        advice="give the logits themselves to cross_entropy" if head in ("softmax", "relu") else "",
    )  # fmt: skip
