"""Rules on the values themselves: never written, not finite, too large or too small, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inittui.events.facts import Facts, TensorFacts, is_known
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.codes import of_rule
from inittui.results.rules.finding import Finding, Severity, listed, percent
from inittui.results.rules.limits import Limits
from inittui.text import sanitize, short


def contents(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Judge each tensor's values."""
    yield from _meta(facts)
    yield from _without_reset(facts)
    yield from _unwritten(facts, limits)
    yield from _not_finite(facts)
    yield from _size(facts, limits)
    small = [x for x in facts.tensors if x.too_small > limits["I004.share"] and x.is_matrix]
    if small:
        told = [(x.name, f"{percent(x.too_small)} in {x.dtype}") for x in small]
        yield of_rule(
            "I004", names(small), f"values are too small for their type: {listed(told, 'tensor')}",
            evidence={x.name: x.too_small for x in small}, limit=limits["I004.share"],
            where=where(small), advice="draw them in float32 with a larger scale, or scale the "
            "layer's output",
        )  # fmt: skip


def names(tensors: Sequence[TensorFacts]) -> tuple[str, ...]:
    """Return the tensors' names."""
    return tuple(each.name for each in tensors)


def where(tensors: Sequence[TensorFacts]) -> str:
    """Return the place that wrote the first of the tensors whose writer is known."""
    return next((x.writer.where for x in tensors if x.writer and x.writer.where), "")


def garbage(facts: Facts) -> frozenset[str]:
    """Return the tensors whose values mean nothing."""
    return frozenset(x.name for x in facts.tensors if x.unwritten or x.not_finite or x.is_meta)


def _meta(facts: Facts) -> Iterator[Finding]:
    meta = [each for each in facts.tensors if each.is_meta]
    if meta:
        told = [(each.name, "") for each in meta]
        yield of_rule(
            "I602", names(meta), f"have a shape and no values: {listed(told, 'tensor')}",
            where=where(meta), advice="call to_empty(device=...), then initialize all of them",
        )  # fmt: skip


def _without_reset(facts: Facts) -> Iterator[Finding]:
    left = [each for each in facts.tensors if each.kind == "parameter" and not each.has_reset]
    if left:
        told = [(each.name, sanitize(each.of, 60)) for each in left]
        yield of_rule(
            "I603", names(left),
            f"their modules have no reset_parameters: {listed(told, 'parameter')}",
            advice="give each class a reset_parameters(self) that fills them, and call it in "
            "__init__",
        )  # fmt: skip


def _unwritten(facts: Facts, limits: Limits) -> Iterator[Finding]:
    bad = [each for each in facts.tensors if each.unwritten]
    if not facts.is_recorded:
        bad += [each for each in facts.tensors if _looks_unwritten(each, limits)]
    unused = set(facts.unused)
    grave = [x for x in bad if x.kind == "parameter" and x.name not in unused]
    other = [x for x in bad if x not in grave]
    severities: tuple[tuple[Severity, list[TensorFacts]], ...] = (
        ("error", grave), ("note", other),
    )  # fmt: skip
    for severity, some in severities:
        if some:
            told = [(x.name, "" if x.unwritten in (0, x.count) else _part(x)) for x in some]
            yield of_rule(
                "I002", names(some), f"never written: {listed(told, 'tensor')}",
                severity=severity, evidence={x.name: float(x.unwritten) for x in some},
                where=where(some),
                advice="fill them by a torch.nn.init function: torch.empty takes memory as it is",
            )  # fmt: skip


def _part(tensor: TensorFacts) -> str:
    return f"{tensor.unwritten:,} of {tensor.count:,} values"


def _looks_unwritten(tensor: TensorFacts, limits: Limits) -> bool:
    """Whether values are of sizes that nobody draws, where nobody saw how they were written."""
    least, largest = from_wire(tensor.least), tensor.largest
    if tensor.kind != "parameter" or tensor.is_meta or not is_known(largest):
        return False
    return 0 < least < limits["I002.least"] or largest > limits["I002.largest"]


def _not_finite(facts: Facts) -> Iterator[Finding]:
    bad = [
        each
        for each in facts.tensors
        if (each.not_finite > each.unwritten if each.kind == "parameter" else _has_other_nan(each))
    ]
    if bad:
        told = [(x.name, f"{x.not_finite:,} of {x.count:,}") for x in bad]
        yield of_rule(
            "I001", names(bad), f"values are NaN or infinite: {listed(told, 'tensor')}",
            evidence={x.name: float(x.not_finite) for x in bad}, where=where(bad),
            advice="look at what is computed there: a logarithm or root of 0, a division by 0",
        )  # fmt: skip


def _has_other_nan(tensor: TensorFacts) -> bool:
    return tensor.nan > tensor.unwritten


def _size(facts: Facts, limits: Limits) -> Iterator[Finding]:
    sound = [x for x in facts.tensors if x.kind == "parameter" and not x.not_finite and x.count]
    unwritten = {x.name for x in sound if not facts.is_recorded and _looks_unwritten(x, limits)}
    sound = [x for x in sound if x.name not in unwritten]
    large = [x for x in sound if x.largest > limits["I003.largest"] and x.is_drawn]
    if large:
        told = [(x.name, f"up to {short(x.largest, 3)}") for x in large]
        yield of_rule(
            "I003", names(large), f"values are implausibly large: {listed(told, 'tensor')}",
            evidence={x.name: x.largest for x in large}, limit=limits["I003.largest"],
            where=where(large), advice="look at the scale that they are drawn with",
        )  # fmt: skip
    far = [
        x
        for x in sound
        if x not in large and x.is_drawn and x.is_matrix and x.count >= 1_000
        and from_wire(x.outliers) > limits["I003.beyond"] and 0 < x.far < 0.01
    ]  # fmt: skip
    if far:
        told = [
            (
                x.name,
                f"{short(x.largest, 3)} is {from_wire(x.outliers):.0f} times what 99 % stay below",
            )
            for x in far
        ]
        yield of_rule(
            "I003", names(far), f"a few values lie far beyond all others: {listed(told, 'tensor')}",
            severity="warning", evidence={x.name: from_wire(x.outliers) for x in far},
            limit=limits["I003.beyond"], where=where(far),
            advice="the law that drew them has a broken tail; torch.nn.init.trunc_normal_ hasn't",
        )  # fmt: skip
