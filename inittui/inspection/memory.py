"""What names a tensor's memory, and which calls write to it."""

from __future__ import annotations

from typing import Any

import torch

from inittui.models.tracing import tensors_in


def written_by(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tensors that a call of an operator writes to."""
    found: list[torch.Tensor] = []
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[place] if place < len(args) else kwargs.get(argument.name)
            found += tensors_in(value)
    return found


def sizes(args: tuple[Any, ...]) -> dict[int, int]:
    """Return the bytes of the memories that arguments lie in, by what names them."""
    return {
        key: each.untyped_storage().nbytes()
        for each in tensors_in(args)
        if (key := key_of(each)) is not None
    }


def key_of(tensor: torch.Tensor) -> int | None:
    """Return what names a tensor's memory; None where it has none."""
    if tensor.is_meta or tensor.layout is not torch.strided:
        return None
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # a subclass without memory of its own
        return None


def range_of(tensor: torch.Tensor) -> tuple[int, int]:
    """Return the bytes of its memory that a tensor lies in."""
    size = tensor.element_size()
    start = int(tensor.storage_offset()) * size
    reach = sum(
        (int(n) - 1) * int(s) for n, s in zip(tensor.shape, tensor.stride(), strict=True) if n
    )
    return start, start + (reach + 1) * size if tensor.numel() else start
