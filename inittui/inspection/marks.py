"""Marks in memory that nothing has written: NaN of a payload that no computation gives."""

from __future__ import annotations

import torch

_BITS: dict[torch.dtype, tuple[torch.dtype, int]] = {
    torch.float64: (torch.int64, 0x7FF8B4B4A0000000),
    torch.float32: (torch.int32, 0x7FC5A5A5),
    torch.float16: (torch.int16, 0x7E2D),
    torch.bfloat16: (torch.int16, 0x7FC5),
}
"""By type; each is what the others become by a cast, and arithmetic with it keeps it."""

_PLAIN = {torch.float16: (0x7E00, 0x7FFF), torch.bfloat16: (0x7FC0, 0x7FFF)}
"""What a cast to a short type leaves where it keeps no payload."""

_PART = 1 << 20


def mark(tensor: torch.Tensor, after: int = 0) -> None:
    """Fill a tensor with the mark, from a byte of its memory on; integers can't be marked."""
    values = tensor.detach()
    if values.is_complex():
        values = torch.view_as_real(values)
    if values.dtype not in _BITS or values.is_meta or not values.numel():
        return
    bits, pattern = _BITS[values.dtype]
    if not after:
        values.view(bits).fill_(pattern)
        return
    begin = after // values.element_size() - values.storage_offset()
    if values.is_contiguous() and begin < values.numel():
        values.view(-1)[max(begin, 0) :].view(bits).fill_(pattern)


def count_marks(tensor: torch.Tensor, *, had_empty: bool) -> int:
    """Return how many values still carry the mark.

    ``had_empty`` tells whether something it was computed from had no values: in short types a
    mark may have become a plain NaN.
    """
    values = tensor.detach()
    if values.is_complex():
        values = torch.view_as_real(values.resolve_conj())
    if values.dtype not in _BITS or values.is_meta or values.layout is not torch.strided:
        return 0
    bits, pattern = _BITS[values.dtype]
    mask = (1 << (8 * values.element_size() - 1)) - 1
    count = 0
    for part in values.flatten().split(_PART):
        if not bool(part.isnan().any()):
            continue
        found = part.view(bits) & mask
        marked = found == pattern
        if had_empty and values.dtype in _PLAIN:
            for plain in _PLAIN[values.dtype]:
                marked |= found == plain
        count += int(marked.sum())
    return count
