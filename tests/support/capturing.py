"""Takes the place of CUDA graphs on a CPU: operations are recorded with their very memory.

Like a graph it knows addresses and not names: memory that was outside is read and written where it
lay, as long as somebody holds it; numbers that Python had when it was recorded stay as they were.
What a capture on CUDA refuses is refused here, too. Recording leaves nothing done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from inittui.training.graphs import Work

_aten = torch.ops.aten

_REFUSED_TAGS = (
    torch.Tag.data_dependent_output,  # .item()
    torch.Tag.dynamic_output_shape,  # nonzero
    torch.Tag.nondeterministic_seeded,  # generators
)
_ALLOCATES = ("empty", "new_empty", "empty_like", "empty_strided", "new_empty_strided", "resize_")


@dataclass(frozen=True)
class _Outside:
    """A tensor over memory that the graph doesn't own."""

    storage: StorageWeakRef
    dtype: torch.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    def tensor(self) -> torch.Tensor:
        storage = torch.UntypedStorage._new_with_weak_ptr(self.storage.cdata)
        if storage is None:
            raise AssertionError("the graph reads memory that nobody holds any more")
        return torch.empty(0, dtype=self.dtype).set_(storage, self.offset, self.shape, self.strides)


@dataclass(frozen=True)
class _Call:
    operation: Any
    arguments: Any
    outputs: list[Any]
    """What it made, [] where it wrote to what it was given."""


class _Recording(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[_Call] = []
        self._own: dict[int, torch.UntypedStorage] = {}
        self._constants: dict[int, torch.UntypedStorage] = {}
        self._before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        """Memory from outside, and a copy of what was in it."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if _is_refused(func, args):
            raise RuntimeError(f"{func} is not permitted when stream is capturing")
        if func == _aten.lift_fresh.default:
            storage = args[0].untyped_storage()
            self._constants[storage._cdata] = storage
        for tensor in _tensors((args, kwargs)):
            storage = tensor.untyped_storage()
            if not self._knows(tensor):
                self._before[storage._cdata] = storage, storage.clone()
        outputs = func(*args, **kwargs)
        made = [each for each in _tensors(outputs) if not self._knows(each)]
        for tensor in made:
            self._own[tensor.untyped_storage()._cdata] = tensor.untyped_storage()
        name = func._schema.name.removeprefix("aten::")
        if name not in _ALLOCATES and (made or func._schema.is_mutable):
            packed = tree_map(self._packed, (args, kwargs))
            self.calls.append(_Call(func, packed, tree_leaves(outputs) if made else []))
        return outputs

    def undo(self) -> None:
        """Leave memory from outside as it was, and nothing of use in what was allocated."""
        for storage, copy in self._before.values():
            storage.copy_(copy)
        self._before.clear()
        for storage in self._own.values():
            storage.fill_(0xFF)  # NaN in floats

    def _knows(self, tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage()._cdata in self._own | self._before | self._constants

    def _packed(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        if value.untyped_storage()._cdata in self._own | self._constants:
            return value
        return _Outside(
            StorageWeakRef(value.untyped_storage()), value.dtype, tuple(value.shape),
            value.stride(), int(value.storage_offset()),
        )  # fmt: skip


class _Recorded:
    def __init__(self, calls: list[_Call], result: torch.Tensor, replayed: Callable[[], None]):
        self._calls, self.result, self._replayed = calls, result, replayed

    @torch.no_grad()
    def replay(self) -> None:
        self._replayed()
        for call in self._calls:
            args, kwargs = tree_map(_unpacked, call.arguments)
            outputs = call.operation(*args, **kwargs)
            if call.outputs:
                for place, value in zip(call.outputs, tree_leaves(outputs), strict=True):
                    if isinstance(place, torch.Tensor):
                        place.copy_(value)


class Recorder:
    """The capturer of `inittui.training.graphs`, for a CPU."""

    def __init__(self) -> None:
        self.warmed = self.captured = self.replayed = 0

    def aside(self, work: Work) -> torch.Tensor:
        self.warmed += 1
        return work()

    def capture(self, work: Work) -> _Recorded:
        recording = _Recording()
        try:
            with recording:
                result = work()
        finally:
            recording.undo()
        self.captured += 1
        return _Recorded(recording.calls, result, self._count)

    def _count(self) -> None:
        self.replayed += 1


def _is_refused(func: Any, args: Any) -> bool:
    if func == _aten.index.Tensor:  # its shape depends on numbers only where a mask chooses
        return any(each is not None and each.dtype == torch.bool for each in args[1])
    if func == _aten.lift_fresh.default:  # of one number a kernel takes the value
        return bool(args[0].ndim)  # several would be copied from the host
    return any(tag in func.tags for tag in _REFUSED_TAGS)


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    return (value for value in tree_leaves(values) if isinstance(value, torch.Tensor))


def _unpacked(value: Any) -> Any:
    return value.tensor() if isinstance(value, _Outside) else value
