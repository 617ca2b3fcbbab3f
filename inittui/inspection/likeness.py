"""Which tensors, or parts of a model, are alike that were meant to be drawn each for itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import torch
from torch import nn

from inittui.events.facts import TensorFacts
from inittui.events.wire_numbers import from_wire
from inittui.inspection.memory import key_of
from inittui.inspection.statistics import is_drawn

_FIRST = 16
_LEAST = 64
_SAME = 1e-4


def clones(
    tensors: Mapping[str, torch.Tensor], drawn: Collection[str], facts: Sequence[TensorFacts]
) -> Iterator[tuple[str, ...]]:
    """Yield the names of parameters that have the same values, drawn by chance."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for each in facts:
        if each.kind == "parameter" and each.is_matrix and each.is_drawn and not each.is_meta:
            if drawn and each.name not in drawn and each.history:
                continue
            key = (each.shape, each.requires_grad, each.dtype, *each.checksum)
            groups.setdefault(key, []).append(each.name)
    for names in groups.values():
        memories: dict[int | None, str] = {}
        for name in names:
            memories.setdefault(key_of(tensors[name]), name)
        first, *others = memories.values()
        same = [name for name in others if torch.equal(tensors[name], tensors[first])]
        if same:
            yield first, *same


def repeated(
    tensors: Mapping[str, torch.Tensor], drawn: Collection[str], facts: Sequence[TensorFacts]
) -> Iterator[tuple[str, int]]:
    """Yield the parameters that stack one matrix, drawn by chance, several times."""
    for each in facts:
        is_stack = sum(size > 1 for size in each.shape) > 2 and each.shape[0] > 1
        if each.kind != "parameter" or not is_stack or each.std == "NaN":
            continue
        if drawn and each.name not in drawn and each.history:
            continue
        first, *others = tensors[each.name].detach().unbind()
        if is_drawn(first) and all(torch.equal(first, other) for other in others):
            yield each.name, len(others) + 1


def streams(
    tensors: Mapping[str, torch.Tensor], facts: Sequence[TensorFacts]
) -> Iterator[tuple[str, ...]]:
    """Yield parameters whose first values are in proportion, and that are not clones."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for each in facts:
        if each.kind != "parameter" or not each.is_drawn or each.count < _LEAST or each.is_meta:
            continue
        start = tensors[each.name].detach().flatten()[:_FIRST].double().cpu()
        if float(start[0]) == 0 or not is_drawn(start):
            continue
        ratios = start / start[0]
        groups.setdefault(tuple((ratios * 1e4).round().long().tolist()), []).append(each.name)
    by_name = {each.name: each for each in facts}
    for names in groups.values():
        memories = {key_of(tensors[name]): name for name in reversed(names)}
        found = list(reversed(memories.values()))
        kinds = {(by_name[x].shape, from_wire(by_name[x].std)) for x in found}
        if len(found) > 1 and len(kinds) > 1:
            yield tuple(found)


def shared_modules(model: nn.Module) -> Iterator[tuple[str, ...]]:
    """Yield the places of one module with parameters in one list."""
    for path, module in model.named_modules():
        if not isinstance(module, nn.ModuleList | nn.Sequential):
            continue
        places: dict[int, list[str]] = {}
        for name, child in module._modules.items():
            if child is not None and next(child.parameters(), None) is not None:
                places.setdefault(id(child), []).append(f"{path}.{name}" if path else name)
        yield from (tuple(names) for names in places.values() if len(names) > 1)
