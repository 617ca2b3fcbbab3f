"""Statistics of tensors of any size: float64 throughout, in parts that fit the cache."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from inittui.events.probes import CORNER, Histogram, Measured
from inittui.events.wire_numbers import Number, to_wire
from inittui.models.tracing import TRANSPOSED

BINS = 60
"""Bins of a histogram: divisible by 2, 3, 4, 5 and 6, so that it can be drawn smaller."""

PART = 1 << 20
"""Values turned to float64 at once."""

_CACHED = 1 << 15
"""Values whose places in a histogram are found at once: as float64 they stay near the core."""

_SAMPLED = 1 << 15
"""Values that powers are of, 1,024 of each sample at least."""

_MANY, _FEW, _SPARE = 1 << 12, 200, 8
"""Values from which on, and share of them up to which, the outermost are faster picked out than
all parted at them; and how many more of a sample are taken, which seldom are too few."""

_MOST_ROWS = 128
_BLOCKS = (2, 3, 4, 6, 8, 12, 16)
_LEAST_DRAWN, _MOST_DRAWN = 16, 4_096

_EQUAL_BY_ROUNDING = 0.003
"""Share of the pairs of values that may be equal though they were drawn by chance: where a type has
few digits, U(0, 1) has 0.0026 in bfloat16. Each row of a 256 by 256 grid gives 0.004."""


def measure(
    values: torch.Tensor, percentile: float, *, by_size: bool = False, part: int = PART
) -> Measured:
    """Measure all values of a tensor of any shape, on any device.

    The histogram goes from the value at 100 - ``percentile`` percent to that at ``percentile``
    percent, each the nearest one further out; 100 means from the least to the largest. ``by_size``:
    from -q to q, where q stands at ``percentile`` percent of the absolute values. ``part``
    values at once are turned to float64.
    """
    flat = _portable(values.detach()).flatten()
    count = kept = flat.numel()
    # One that isn't finite makes one of the two so.
    ends = [float(end) for end in flat.aminmax()] if count else []
    if not all(map(math.isfinite, ends)):
        flat = flat[torch.isfinite(flat)]
        kept = flat.numel()
        ends = [float(end) for end in flat.aminmax()] if kept else []
    if not kept:
        return Measured(count=count, not_finite=count)
    if by_size:
        high = _percentiles(flat.abs(), percentile)[1]
        low = -high
    else:
        low, high = _percentiles(flat, percentile)
    exact = flat.double() if kept <= part else flat  # once for all that follows, where it fits
    mean, variance = mean_and_variance(exact, part)
    least, largest = ends
    return Measured(
        count=count,
        not_finite=count - kept,
        mean=to_wire(mean),
        variance=to_wire(variance),
        min=least,
        max=largest,
        histogram=_histogram(exact, low, high, part),
    )


def _portable(values: torch.Tensor) -> torch.Tensor:
    """Return the values where float64 exists, which MPS lacks, in a format that numpy knows.

    Complex ones are two real ones each, side by side in the last dimension.
    """
    if values.is_complex():
        values = torch.view_as_real(values.resolve_conj()).flatten(max(values.ndim - 1, 0))
    if values.dtype is torch.bfloat16:
        values = values.float()
    return values.cpu() if values.device.type == "mps" else values


def mean_and_variance(flat: torch.Tensor, size: int = PART) -> tuple[float, float]:
    """Return both in two passes; of equal values the variance is exactly 0."""
    # Around the first value, so that rounding is of the size of the spread, not of the mean.
    origin = flat[0].double()
    if len(flat) <= size:
        apart = flat.double() - origin
        shift = float(apart.sum()) / len(flat)
        return origin.item() + shift, _squares(apart.sub_(shift)) / len(flat)
    shift = sum(float((part.double() - origin).sum()) for part in flat.split(size)) / len(flat)
    squares = 0.0
    for part in flat.split(size):
        squares += _squares((part.double() - origin).sub_(shift))
    return origin.item() + shift, squares / len(flat)


def _percentiles(flat: torch.Tensor, percentile: float) -> tuple[float, float]:
    last = len(flat) - 1
    high = math.ceil(last * percentile / 100)
    low = last - high
    if flat.device.type == "cpu":
        return _parted(flat.numpy(), low)
    if last >= _MANY and low < last // _FEW:
        smallest, largest = (flat.topk(low + 1, largest=end).values for end in (False, True))
        return float(smallest[-1]), float(largest[-1])
    ordered = flat.sort().values
    return ordered[low].item(), ordered[high].item()


def _parted(values: np.ndarray, place: int) -> tuple[float, float]:
    """Return what would stand at ``place`` from below and from above, were the values in order."""
    if len(values) > _MANY and place < len(values) // _FEW:
        # Of many only those are parted that lie beyond what a sample says, if they are enough.
        some = np.sort(values[:: len(values) // _MANY | 1])
        rank = min(2 * place * len(some) // len(values) + _SPARE, len(some) - 1)
        below, above = values[values <= some[rank]], values[values >= some[-1 - rank]]
        if min(len(below), len(above)) > place:
            low = np.partition(below, place)[place]
            return float(low), float(np.partition(above, -1 - place)[-1 - place])
    parted = np.partition(values, (place, len(values) - 1 - place))
    return float(parted[place]), float(parted[-1 - place])


def _histogram(flat: torch.Tensor, low: float, high: float, size: int) -> Histogram:
    count = _count
    if flat.device.type == "cpu":
        count, size = _count_by_numpy, min(size, _CACHED)
    parts = [count(part.double(), low, high) for part in flat.split(size)]
    under, *counts, over = (sum(column) for column in zip(*parts, strict=True))
    # What lies outside was counted in the outermost bins.
    counts[0] -= under
    counts[-1] -= over
    return Histogram(low=low, high=high, counts=tuple(counts), under=under, over=over)


def _count(values: torch.Tensor, low: float, high: float) -> list[int]:
    """Return how many lie below, in each bin or beyond the outermost, and above."""
    bins, scale = _bins(low, high)
    place = (values - low).mul_(scale).clamp_(0, bins - 1).int()
    outside = ((values < low).sum(), (values > high).sum())
    counts = torch.bincount(place, minlength=bins)
    return [int(outside[0]), *counts.tolist(), int(outside[1])]


def _count_by_numpy(values: torch.Tensor, low: float, high: float) -> list[int]:
    """Return the same in half the time: what a probe measures is mostly small."""
    bins, scale = _bins(low, high)
    array = values.numpy()
    place = array - low
    place *= scale
    np.clip(place, 0, bins - 1, out=place)
    # torch counts in half of numpy's time, which turns them to 64 bits first.
    counts = torch.bincount(torch.from_numpy(place.astype(np.int32)), minlength=bins)
    outside = (np.count_nonzero(array < low), np.count_nonzero(array > high))
    return [int(outside[0]), *counts.tolist(), int(outside[1])]


def _bins(low: float, high: float) -> tuple[int, float]:
    return (BINS, BINS / (high - low)) if high > low else (1, 1.0)


def corner(weight: torch.Tensor) -> tuple[tuple[Number, ...], ...]:
    """Return the first values of [rows, …], flattened to two dimensions, as float32 has them."""
    part = weight.detach().flatten(1)[:CORNER, :CORNER].double().cpu()
    return tuple(tuple(to_wire(float(f"{value:.9g}")) for value in row) for row in part.tolist())


def between_samples(outputs: torch.Tensor, samples: int = 0, *, part: int = PART) -> float:
    """Return the mean over positions of the variance over the batch, by the mean square.

    ``outputs`` is [batch, …]; where ``samples`` says how many there are, also [time, batch, …], or
    [batch · positions, …]. 0 where all outputs are 0; NaN where one isn't finite, or where no
    dimension is the samples'.
    """
    batch_first = _batch_first(outputs.detach(), samples)
    if batch_first is None:
        return math.nan
    by_position = _portable(batch_first)
    columns = max(part // len(by_position), 1)
    variance = squares = 0.0
    for block in by_position.split(columns, dim=1):
        exact = block.double()
        squares += _squares(exact)
        # Around the first sample: what is equal for all samples has a variance of exactly 0.
        apart = exact - exact[:1]
        variance += _squares(apart.sub_(apart.mean(0)))
    return variance / squares if squares else 0.0


def _batch_first(outputs: torch.Tensor, samples: int) -> torch.Tensor | None:
    """Return [samples, positions]; None where no dimension is the samples'."""
    if outputs.ndim < 2 or not len(outputs):
        return None
    if len(outputs) == samples or not samples:
        return outputs.flatten(1)
    if outputs.shape[1] == samples:
        return outputs.transpose(0, 1).flatten(1)
    return outputs.reshape(samples, -1) if len(outputs) % samples == 0 else None


def _squares(values: torch.Tensor) -> float:
    flat = values.flatten()
    return float(torch.dot(flat, flat))


def always(flags: torch.Tensor, *unit_dims: int) -> torch.Tensor:
    """Return of which units the flag holds for every sample and position, bool [units]."""
    return units_first(flags, unit_dims).all(1)


def units_first(values: torch.Tensor, unit_dims: Sequence[int]) -> torch.Tensor:
    """Return [units, values] of a tensor whose ``unit_dims`` count units together."""
    moved = values.movedim((*unit_dims,), (*range(len(unit_dims)),))
    return moved.reshape(math.prod(moved.shape[: len(unit_dims)]), -1)


def spread_of_logits(logits: torch.Tensor) -> float:
    """Return the root of the mean over samples of the variance over classes, of [n, classes]."""
    return math.sqrt(float(_portable(logits.detach()).double().var(-1, correction=0).mean()))


def unit_dim(layer: nn.Module) -> int:
    """Return the dimension of a layer's output that counts its units: features or channels."""
    return -1 if isinstance(layer, nn.Linear) else 1


def weight_and_bias(layer: nn.Module) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return a layer's weight and bias as they are at the moment, whoever put them there."""
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, torch.Tensor)
    return weight, bias if isinstance(bias, torch.Tensor) else None


def by_unit(layer: nn.Module, values: torch.Tensor) -> torch.Tensor:
    """Return [units, values] of a layer's weights or of anything in their shape."""
    if isinstance(layer, TRANSPOSED):
        # [in, out/groups, *kernel] -> [out, in/groups, *kernel]
        groups = int(getattr(layer, "groups", 1))
        values = values.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
    return values.flatten(1)


def unit_rows(
    layer: nn.Module, weight: torch.Tensor | None = None, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Return [units, values]: each unit's incoming weights, its bias, and its group of inputs.

    Two units with equal rows compute the same function of the same inputs. Weight and bias are
    the layer's own unless others are given.
    """
    if weight is None:
        weight, bias = weight_and_bias(layer)
    rows = by_unit(layer, weight.detach())
    groups = int(getattr(layer, "groups", 1))
    parts = [rows]
    if bias is not None:
        parts.append(bias.detach().unsqueeze(1))
    if groups > 1:
        group = torch.arange(groups, device=rows.device, dtype=rows.dtype)
        parts.append(group.repeat_interleave(len(rows) // groups).unsqueeze(1))
    return torch.cat(parts, 1)


def row_labels(rows: torch.Tensor) -> np.ndarray:
    """Return a number for each row of [units, values]; equal rows have the same."""
    # -0 turns into 0: they are equal numbers.
    values = _portable(rows.detach()).cpu().numpy() + 0.0
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(row.tobytes(), len(known)) for row in values], dtype=int)


def split_by_gradients(labels: np.ndarray, gradients: torch.Tensor, tolerance: float) -> np.ndarray:
    """Return labels that tell rows apart whose gradients [units, values] differ, too.

    They differ where one of three fixed projections does, by more than ``tolerance`` of the
    largest.
    """
    values = _portable(gradients.detach()).double()
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(values.shape[1], 3, generator=generator, dtype=torch.float64)
    for projection in (values.cpu() @ directions).numpy().T:
        order = np.lexsort((projection, labels))
        far = np.diff(projection[order]) > tolerance * max(float(np.abs(projection).max()), 0.0)
        begins = np.concatenate([[False], far | (np.diff(labels[order]) != 0)])
        labels = np.empty_like(labels)
        labels[order] = np.cumsum(begins)
    return labels


def repeated_blocks(labels: np.ndarray) -> int:
    """Return into how many equal blocks of different rows a layer's rows fall; 1 for none."""
    for blocks in _BLOCKS:
        size, left = divmod(len(labels), blocks)
        if left or size < 2:
            continue
        divided = labels.reshape(blocks, size)
        if (divided == divided[0]).all() and len(set(divided[0].tolist())) == size:
            return blocks
    return 1


def alignment(rows: torch.Tensor) -> float:
    """Return the mean |cosine| of two rows of [units, values]; NaN for fewer than two.

    Of many units the first 128 count; those that are all 0 do not.
    """
    some = _portable(rows.detach()[:_MOST_ROWS]).double()
    sizes = some.norm(dim=1)
    some = some[sizes > 0] / sizes[sizes > 0].unsqueeze(1)
    count = len(some)
    if count < 2:
        return math.nan
    return (float((some @ some.T).abs().sum()) - count) / (count * (count - 1))


def mean_square(values: torch.Tensor) -> float:
    """Return the mean of the squares, in float64; NaN of nothing."""
    flat = _portable(values.detach()).flatten()
    total = sum(float(torch.dot(part, part)) for part in map(torch.Tensor.double, flat.split(PART)))
    return total / len(flat) if len(flat) else math.nan


def some_of(values: torch.Tensor, samples: int) -> torch.Tensor:
    """Return [samples, positions] of values, evenly picked where there are many."""
    values = values.detach()
    rows = values.reshape(samples, -1) if values.numel() % samples == 0 else values.reshape(1, -1)
    step = max(rows.shape[1] // max(_SAMPLED // samples, 1_024), 1)
    # An odd step, so that the same places of a short period aren't all that is seen.
    return rows[:, :: step | 1]


def powers(values: torch.Tensor, samples: int) -> tuple[float, float]:
    """Return the mean square, and the mean over positions of the variance over the batch."""
    if not values.numel() or not values.is_floating_point():
        return math.nan, math.nan
    some = some_of(values, samples).double()
    power = float(some.square().mean())
    if len(some) < 2:
        return power, math.nan
    return power, float((some - some[:1]).var(0, correction=0).mean())


def is_drawn(values: torch.Tensor) -> bool:
    """Return whether values look drawn by chance: many, different but for rounding, in no order."""
    some = values.detach().flatten()[:_MOST_DRAWN]
    if len(some) < _LEAST_DRAWN:
        return False
    often = some.unique(return_counts=True)[1]
    if len(often) < 0.9 * len(some):
        equal = float((often * (often - 1)).sum()) / (len(some) * (len(some) - 1))
        if equal > _EQUAL_BY_ROUNDING:
            return False
    steps = some.diff()
    return bool((steps > 0).any() and (steps < 0).any())
