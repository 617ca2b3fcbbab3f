"""A smooth density through counted values: Gaussian kernels of Scott's width."""

from __future__ import annotations

import math
from collections.abc import Sequence


def density_curve(
    counts: Sequence[float], edges: Sequence[float], at: Sequence[float]
) -> list[float]:
    """Return the density of values that were counted in bins, in share of values per unit.

    As `scipy.stats.gaussian_kde` of the values, which takes a second to import: kernels of the
    standard deviation n^(-1/5) std, around the middle of each bin. Where bins are wide beside that,
    a kernel is at least half a bin wide, so that the bins themselves aren't seen. All 0 where
    nothing was counted or all values are equal.

    Args:
        counts: values per bin, of bins that ascend.
        edges: their borders, one more.
        at: where the density is asked for.
    """
    import numpy as np

    weights = np.asarray(counts, dtype=np.float64)
    borders = np.asarray(edges, dtype=np.float64)
    total = weights.sum()
    if total <= 0 or borders[-1] <= borders[0]:
        return [0.0] * len(at)
    middles = (borders[:-1] + borders[1:]) / 2
    mean = (weights * middles).sum() / total
    std = math.sqrt((weights * (middles - mean) ** 2).sum() / total)
    widest = float((borders[1:] - borders[:-1]).max())
    width = max(std * total ** (-1 / 5), widest / 2)
    apart = (np.asarray(at, dtype=np.float64)[:, None] - middles) / width
    # From 40 standard deviations on a bin adds exactly 0; the square of 1e200 would overflow.
    apart = apart.clip(-40, 40)
    heights = np.exp(-(apart**2) / 2) @ weights / (total * width * math.sqrt(2 * math.pi))
    return [float(height) for height in heights]
