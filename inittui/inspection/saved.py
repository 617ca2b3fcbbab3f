"""What is kept from a pass forward for the pass back, in half the memory or less."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType
from weakref import WeakValueDictionary

import torch
import torch.nn.functional as F

from inittui.inspection.memory import key_of

_LEAST = 1 << 14
"""Values of a tensor that is rounded; of smaller ones it isn't worth it."""

_LARGEST = 14
"""Power of two that the largest value in one byte is scaled to, or less than twice it: float8_e5m2
reaches from 2⁻¹⁶ to 1.75 × 2¹⁵, so that what is 2⁻³⁰ of the largest is still kept, and none turns
infinite."""

_SMALL = 2.0**-100
"""Of a largest value below this the scale itself isn't a float32."""

_NEAR = 0.99
"""Largest value from which to 1 all may be what a nonlinearity saturates at."""

_ZEROS = 0.1
"""Share of zeros from which values without a negative one are a ReLU's."""

_STDS = 3.0
"""Of a channel, that its mean is from zero at most: an error of 12.5 % of a value is then 0.4 of
them at most, and 0.15 in quadratic mean."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class _Packed:
    values: torch.Tensor
    exponent: int = 0
    """The values are to be multiplied by two to this."""

    def equals(self, other: _Packed) -> bool:
        if self.values.dtype is not other.values.dtype or self.exponent != other.exponent:
            return False
        is_byte = self.values.dtype is torch.float8_e5m2
        kind = torch.uint8 if is_byte else torch.int16
        return torch.equal(self.values.view(kind), other.values.view(kind))


class Rounded:
    """Keeps activations as bfloat16, eight significant bits, or in one byte, three of them.

    Signs and zeros stay as they are. In one byte is kept what is of no more use than that:

    - what a ReLU gave, without negative values and with many zeros: its gradient goes by the sign
      alone, and that of the next product's weights has errors of 12.5 % of each term at most, of
      either sign;
    - what a norm over the batch was given, if no channel's mean is far from zero: its gradient goes
      by these values only where it takes off their share of the gradient that arrives.

    Elsewhere the rounding is 0.4 % of each term at most, where a norm is judged by orders of
    magnitude. What comes near ±1 and no farther is kept whole: a saturated tanh's or sigmoid's
    gradient goes by the distance from there. Parameters are there anyway.
    """

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        self._own = {key_of(each) for each in parameters}
        self._kept: WeakValueDictionary[object, _Packed] = WeakValueDictionary()

    def pack(self, tensor: torch.Tensor) -> torch.Tensor | _Packed:
        """Return what is kept in a tensor's place; of two that are equal, the same."""
        is_small = tensor.dtype is not torch.float32 or tensor.numel() < _LEAST
        if is_small or key_of(tensor) in self._own:
            return tensor
        packed = _packed(tensor.detach(), is_normed=_is_in_batch_norm(sys._getframe(1)))
        if packed is None:
            return tensor
        # A nonlinearity keeps what it gives, and the next product what it takes.
        place = (tensor.data_ptr(), tensor._version, tensor.shape, tensor.stride())
        before = self._kept.get(place)
        if before is not None and before.equals(packed):
            return before
        self._kept[place] = packed
        return packed

    def unpack(self, packed: torch.Tensor | _Packed) -> torch.Tensor:
        """Return a tensor as it was, but for what was rounded."""
        if isinstance(packed, torch.Tensor):
            return packed
        values = packed.values.float()
        return values.mul_(2.0**packed.exponent) if packed.exponent else values


def _is_in_batch_norm(frame: FrameType) -> bool:
    """Return whether it is batch norm that keeps a tensor: it has no Python between."""
    return frame.f_code is F.batch_norm.__code__


def _packed(tensor: torch.Tensor, *, is_normed: bool) -> _Packed | None:
    low, high = (float(x) for x in tensor.aminmax())
    largest = max(-low, high)
    if _NEAR < largest <= 1:
        return None
    if not _SMALL < largest < math.inf:
        return _Packed(tensor.to(torch.bfloat16))
    if _is_rectified(tensor, low) or (is_normed and _is_central(tensor)):
        exponent = math.frexp(largest)[1] - 1 - _LARGEST
        return _Packed((tensor * 2.0**-exponent).to(torch.float8_e5m2), exponent)
    return _Packed(tensor.to(torch.bfloat16))


def _is_rectified(tensor: torch.Tensor, low: float) -> bool:
    return low == 0 and int(tensor.count_nonzero()) <= (1 - _ZEROS) * tensor.numel()


def _is_central(tensor: torch.Tensor) -> bool:
    """Return whether each channel's mean is within so many standard deviations of zero."""
    others = [dim for dim in range(tensor.ndim) if dim != 1]
    variance, mean = torch.var_mean(tensor, others, correction=0)
    return bool((mean.square() <= _STDS**2 * variance).all())
