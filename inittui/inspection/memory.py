"""What names a tensor's memory, and which calls write to it."""

from __future__ import annotations

from typing import Any

import torch

from inittui.models.attributes import tensors_in


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


class Places:
    """Names of tensors by the bytes that they lie in."""

    def __init__(self) -> None:
        self._places: dict[int, list[tuple[int, int, str]]] = {}

    def put(self, name: str, tensor: torch.Tensor) -> None:
        """Name a tensor, if it has a memory."""
        key = key_of(tensor)
        if key is not None:
            self._places.setdefault(key, []).append((*range_of(tensor), name))

    def names_of(self, tensor: torch.Tensor) -> list[str]:
        """Return the names of what shares bytes with a tensor."""
        places = self._places.get(key_of(tensor) or 0)
        if not places:
            return []
        start, end = range_of(tensor)
        return [name for low, high, name in places if low < end and high > start]

    def __contains__(self, key: int) -> bool:
        """Whether something named lies in a memory."""
        return key in self._places
