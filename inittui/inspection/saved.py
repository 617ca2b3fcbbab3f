"""What is kept from a pass forward for the pass back, in half the memory."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakValueDictionary

import torch

from inittui.inspection.memory import key_of

_LEAST = 1 << 14
"""Values of a tensor that is rounded; of smaller ones it isn't worth it."""

_Packed = torch.Tensor | tuple[torch.Tensor]


class Rounded:
    """Keeps activations as bfloat16: eight significant bits, signs and zeros as they are.

    A ReLU's gradient goes by the sign alone. Of a product's gradient the rounding is 0.4 % of each
    term at most, of either sign, where a norm is judged by orders of magnitude. Parameters are kept
    as they are: they are there anyway.
    """

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        self._own = {key_of(each) for each in parameters}
        self._kept: WeakValueDictionary[object, torch.Tensor] = WeakValueDictionary()

    def pack(self, tensor: torch.Tensor) -> _Packed:
        """Return what is kept in a tensor's place; of two that are equal, the same."""
        is_small = tensor.dtype is not torch.float32 or tensor.numel() < _LEAST
        if is_small or key_of(tensor) in self._own:
            return tensor
        rounded = tensor.detach().to(torch.bfloat16)
        # A nonlinearity keeps what it gives, and the next product what it takes.
        place = (tensor.data_ptr(), tensor._version, tensor.shape, tensor.stride())
        before = self._kept.get(place)
        if before is not None and torch.equal(before, rounded):
            return (before,)
        self._kept[place] = rounded
        return (rounded,)

    def unpack(self, packed: _Packed) -> torch.Tensor:
        """Return a tensor as it was, to eight bits."""
        return packed[0].float() if isinstance(packed, tuple) else packed
