"""What modules keep as plain attributes, beside parameters and buffers: flags, counts, tensors.

A `state_dict` has none of it, and still the next step may depend on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

Value = bool | int | float | str | torch.Tensor | None

MOST_BYTES = 1 << 16
"""Of a tensor that is kept; larger ones are what a model shows of its last pass."""

_OF_EACH = {*vars(nn.Module()), "training"}

_PLAIN = (bool, int, float, str, type(None))

_DEPTH = 3
"""Of collections in collections that are looked into."""


def attributes_of(model: nn.Module) -> dict[str, Value]:
    """Return the numbers, texts and small dense tensors that modules keep, by dotted name."""
    return {
        f"{path}.{key}" if path else key: value
        for path, module in model.named_modules()
        for key, value in vars(module).items()
        if key not in _OF_EACH and _is_kept(value)
    }


def changed_attributes(model: nn.Module, usual: Mapping[str, Value]) -> dict[str, Value]:
    """Return those of `attributes_of` a model that aren't as usual."""
    found = attributes_of(model)
    return {name: found[name] for name in changed(usual, found)}


def set_attributes(model: nn.Module, values: Mapping[str, Value]) -> None:
    """Give modules attributes that were `attributes_of` another; those of no module are left."""
    modules = dict(model.named_modules())
    device = next((each.device for each in model.parameters()), None)
    for name, value in values.items():
        path, _, key = name.rpartition(".")
        if path in modules and key.isidentifier() and key not in _OF_EACH:
            own: dict[str, Any] = modules[path].__dict__
            own[key] = value.to(device, copy=True) if isinstance(value, torch.Tensor) else value


def snapshot(model: nn.Module) -> dict[str, Any]:
    """Return copies of all that modules keep as plain attributes, and of which modules there are.

    Of lists, tuples, sets and dictionaries the contents are compared, of other objects nothing.
    """
    found: dict[str, Any] = {}
    for path, module in model.named_modules():
        found[path or "."] = type(module).__name__
        for key, value in vars(module).items():
            if key not in _OF_EACH:
                found[f"{path}.{key}" if path else key] = _copy(value, _DEPTH)
    return found


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names whose values two snapshots don't share, in the order of the second."""
    return [
        name
        for name, value in after.items()
        if name not in before or not _is_same(before[name], value)
    ]


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Yield the tensors in nested sequences and dictionaries."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors_in(each)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


def made_modules(before: nn.Module, after: nn.Module) -> tuple[str, ...]:
    """Return the names of modules with parameters that one model has and the other has not."""
    known = {name for name, _ in before.named_modules()}
    return tuple(
        name
        for name, module in after.named_modules()
        if name not in known and any(True for _ in module.parameters())
    )


def _is_kept(value: object) -> bool:
    if not isinstance(value, torch.Tensor):
        return type(value) in _PLAIN
    # What stands for a stack's trials all at once is of no use outside of its pass.
    is_plain = not torch._C._functorch.is_functorch_wrapped_tensor(value)
    return is_plain and _is_dense(value) and value.nbytes <= MOST_BYTES


def _is_dense(value: torch.Tensor) -> bool:
    is_plain = type(value) in (torch.Tensor, nn.Parameter)
    return is_plain and value.layout is torch.strided and not value.is_meta


def _copy(value: object, depth: int) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone() if _is_dense(value) else (value.layout, value.shape)
    if type(value) in _PLAIN:
        return value
    if depth and isinstance(value, dict):
        return {repr(key)[:80]: _copy(each, depth - 1) for key, each in value.items()}
    if depth and isinstance(value, list | tuple | deque):
        return [_copy(each, depth - 1) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    to_bytes = getattr(value, "tobytes", None)
    return to_bytes() if isinstance(value, np.ndarray | np.generic) and to_bytes else type(value)


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        alike = (one.shape, one.dtype) == (other.shape, other.dtype)
        return alike and torch.allclose(one.to(other.device), other, 0, 0, equal_nan=True)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        return False
    return repr(one) == repr(other)  # so that NaN is itself
