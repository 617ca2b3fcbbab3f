"""What is noted of one forward pass: what its tensors come from, and what happens to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import msgspec
import torch

from inittui.events.facts import UseFacts
from inittui.inspection.statistics import powers


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tensor comes from."""

    fresh: frozenset[int] = frozenset()
    """Uses whose outputs it is, as far as nothing but linear operations lie between."""
    behind: frozenset[int] = frozenset()
    """Uses whose outputs have passed a nonlinearity or norm since."""
    statistics: frozenset[int] = frozenset()
    """Uses of whose outputs it is a mean or the like."""
    parameters: frozenset[str] = frozenset()
    """Of which alone it is computed, where it doesn't come from the input."""
    is_copy: bool = False
    """Whether it has a parameter's own values: is it, or a copy of it."""
    factors: frozenset[int] = frozenset()
    """Uses whose outputs were multiplied to make it, as queries and keys are."""
    is_input: bool = False
    is_softmax: bool = False
    is_random: bool = False
    chain: int = -1
    """The last addition that it comes from."""
    last: str = ""
    """The operator that gave it; views and copies don't count."""

    @property
    def near(self) -> frozenset[int]:
        return self.fresh | self.behind


NOTHING = Tag()


@dataclass(slots=True)
class Use:
    """One product, while the pass runs."""

    facts: UseFacts
    rows: torch.Tensor | None
    """[units, values] of the parameter, a view of it."""
    parameter: str
    is_known: bool = True
    """Whether the parameter itself was the operand, not what was computed from it."""
    behind: set[str] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    is_gated: bool = False


@dataclass(slots=True)
class Met:
    """One nonlinearity that flattens."""

    kind: str
    sources: frozenset[int]
    dead: float | None
    saturated: float | None


@dataclass(slots=True)
class Added:
    """One sum of two activations."""

    before: int
    power: float


@dataclass(frozen=True, slots=True)
class Drowned:
    """A sum of an activation with something much larger that is the same for all samples."""

    name: str
    """Of the parameter or buffer."""
    fold: float
    """Its mean square by that of the activation."""
    share: float
    """Of the sum's mean square that is variance between samples."""


_DROWNED = 100.0
"""Times the mean square of what it is added to, that something drowns it."""


def drowns(
    names: Collection[str], one: torch.Tensor, total: torch.Tensor, samples: int
) -> Drowned | None:
    """Tell whether an activation drowns in a sum with what has these names."""
    if not names or total.ndim == 0 or len(total) != samples:
        return None
    power, between = powers(one, samples)
    whole, left = powers(total, samples)
    if not (power > 0 and between > 0 and whole > _DROWNED * power):
        return None
    return Drowned(min(names).removeprefix("buffer "), whole / power, left / whole)


def merged(tags: Sequence[Tag]) -> Tag:
    """Return what comes of several tensors together."""
    if len(tags) == 1:
        return tags[0]
    is_input = any(tag.is_input or tag.near for tag in tags)
    return Tag(
        fresh=frozenset[int]().union(*(tag.fresh for tag in tags)),
        behind=frozenset[int]().union(*(tag.behind for tag in tags)),
        statistics=frozenset[int]().union(*(tag.statistics for tag in tags)),
        parameters=frozenset[str]()
        if is_input
        else frozenset[str]().union(*(tag.parameters for tag in tags)),
        is_input=is_input,
        is_softmax=any(tag.is_softmax for tag in tags),
        factors=frozenset[int]().union(*(tag.factors for tag in tags)),
        is_random=any(tag.is_random for tag in tags),
        chain=max((tag.chain for tag in tags), default=-1),
        last=next((tag.last for tag in tags if tag.is_input or tag.near), ""),
    )


def settled(uses: Sequence[Use]) -> tuple[UseFacts, ...]:
    """Return the uses with what is known once the pass is over."""
    after: dict[int, set[int]] = {}
    for order, use in enumerate(uses):
        for each in use.before:
            after.setdefault(each, set()).add(order)
    gated: set[int] = set()
    for order in reversed(range(len(uses))):
        following = after.get(order, set())
        if uses[order].is_gated or (following and following <= gated):
            gated.add(order)
    return tuple(
        msgspec.structs.replace(
            use.facts,
            order=order,
            behind=tuple(sorted(use.behind)),
            before=tuple(sorted(use.before)),
            is_last=order not in after,
            is_in_gate=order in gated,
        )
        for order, use in enumerate(uses)
        if use.is_known
    )
