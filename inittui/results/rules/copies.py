"""Rules on units and tensors that are alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from inittui.events.facts import Facts, TensorFacts, UnitFacts, is_known
from inittui.events.wire_numbers import from_wire
from inittui.results.rules.codes import of_rule
from inittui.results.rules.contents import where
from inittui.results.rules.finding import Finding, listed
from inittui.results.rules.limits import Limits
from inittui.text import sanitize, short


def copies(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """Judge what is alike."""
    tensors = {each.name: each for each in facts.tensors}
    stuck = [x for x in facts.units if x.stuck and x.stuck >= limits["I201.share"] * x.units]
    stuck = [x for x in stuck if tensors[x.parameter].requires_grad]
    if stuck:
        told = [(x.parameter, f"{x.stuck:,} of {x.units:,} units") for x in stuck]
        drops = facts.passed is not None and facts.passed.has_dropout
        apart = "; dropout may tell them apart" if drops else ""
        yield of_rule(
            "I201", _names(stuck), f"equal units stay equal: {listed(told)}{apart}",
            severity="warning" if drops else "error",
            evidence={x.parameter: float(x.stuck) for x in stuck},
            where=where([tensors[x.parameter] for x in stuck]),
            advice="draw the weights by chance",
        )  # fmt: skip
    yield from _clones(facts)
    for group in facts.streams:
        told_names = listed([(sanitize(x, 100), "") for x in group], "tensor")
        yield of_rule(
            "I203", group, f"drawn from the same random numbers: {told_names}",
            where=where([tensors[x] for x in group]),
            advice="seed one generator once, and draw all from it",
        )  # fmt: skip
    near = [x for x in facts.units if _is_near(facts, x, limits)]
    if near:
        told = [(x.parameter, f"mean |cosine| {short(from_wire(x.alignment), 3)}") for x in near]
        yield of_rule(
            "I204", _names(near), f"units are nearly alike: {listed(told)}",
            evidence={x.parameter: from_wire(x.alignment) for x in near},
            limit=limits["I204.cosine"], where=where([tensors[x.parameter] for x in near]),
            advice="draw around 0",
        )  # fmt: skip
    for places in facts.shared_modules:
        yield of_rule(
            "I205", places,
            f"one module stands in {len(places)} places: "
            f"{listed([(x, '') for x in places], 'place')}",
            advice="build one for each place: [Block() for _ in range(n)]",
        )  # fmt: skip


def _names(units: list[UnitFacts]) -> tuple[str, ...]:
    return tuple(each.parameter for each in units)


def _clones(facts: Facts) -> Iterator[Finding]:
    tensors = {each.name: each for each in facts.tensors}
    unused = set(facts.unused)
    groups = [
        group
        for group in facts.clones
        if any(tensors[name].requires_grad for name in group)
        and (facts.passed is None or not unused.intersection(group))
    ]
    if groups:
        equal = [
            (" = ".join(sanitize(x, 60) for x in group[:3]),
             f"and {len(group) - 3} more" if len(group) > 3 else "")
            for group in groups
        ]  # fmt: skip
        names = tuple(name for group in groups for name in group)
        yield of_rule(
            "I202", names, f"drawn by chance, and the same: {listed(equal, 'group')}",
            where=where([tensors[name] for name in names]), advice=_apart(tensors, names),
        )  # fmt: skip
    kernels = {use.parameter for use in facts.uses if "convolution" in use.operation}
    stacks = {name: n for name, n in facts.repeated.items() if name not in kernels | unused}
    if stacks:
        told = [(name, f"{n} times the same") for name, n in stacks.items()]
        yield of_rule(
            "I202", tuple(stacks), f"drawn by chance once for a whole stack: {listed(told)}",
            where=where([tensors[name] for name in stacks]),
            advice="draw each one for itself",
        )  # fmt: skip
    repeated = [
        x
        for x in facts.units
        if x.repeats > 1 and tensors[x.parameter].is_drawn and x.parameter not in stacks
    ]
    if repeated:
        told = [
            (x.parameter, f"{x.repeats} times the same {x.units // x.repeats:,} units")
            for x in repeated
        ]
        yield of_rule(
            "I202", _names(repeated), f"a block of units is repeated: {listed(told)}",
            where=where([tensors[x.parameter] for x in repeated]), advice="draw all of them",
        )  # fmt: skip


def _apart(tensors: Mapping[str, TensorFacts], names: Sequence[str]) -> str:
    """Say how clones come to differ: they were copied, or each drawn from one seed."""
    writers = [tensors[name].writer for name in names]
    if all(writer is not None and writer.draw == "random" for writer in writers):
        return "initialize each one after it was copied, and set no seed for each"
    return "initialize each one after it was copied"


def _is_near(facts: Facts, units: UnitFacts, limits: Limits) -> bool:
    tensor = facts.tensor(units.parameter)
    use = next(x for x in facts.uses if x.parameter == units.parameter)
    cosine = from_wire(units.alignment)
    if tensor is None or not tensor.is_drawn or use.fan_in < 32 or not is_known(cosine):
        return False
    if units.units < 4 or 2 * units.distinct <= units.units:
        return False
    chance = 4 * math.sqrt(2 / (math.pi * use.fan_in))
    return cosine > max(limits["I204.cosine"], chance)
