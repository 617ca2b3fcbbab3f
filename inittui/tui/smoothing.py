"""Exponential smoothing of losses that may be NaN, infinite, or drawn on a log axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from inittui.views.chart.clipping import LARGEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LARGEST_POWER = 400.0
"""Of e in one block of the recursion: e^400 times `LARGEST` is inside of double precision."""


def smoothed(values: Floats, weight: float, *, log_y: bool = False) -> Floats:
    """Return the exponentially weighted mean of all values up to each.

    The past weighs ``weight`` (0 ≤ weight < 1) per step, and the weights add up to 1 from the
    first value on, so that a curve begins where the values begin. NaN and what counts as infinite
    stay where they are and count for nothing in what follows. On a log axis the logarithms are
    averaged, for there the eye does so too; values that have none stay as they are.

    Args:
        values: [steps].
        weight: 0 gives the values back.
        log_y: whether the result is drawn on a logarithmic axis.

    Returns:
        [steps], NaN and infinities in the same places.
    """
    import numpy as np

    result = np.array(values, dtype=np.float64)
    counted = np.abs(result) < LARGEST
    if log_y:
        counted &= result > 0
    if not 0 < weight < 1 or not counted.any():
        return result
    kept = np.log(result[counted]) if log_y else result[counted]
    mean = _recursion(kept, weight) / _recursion(np.ones_like(kept), weight)
    result[counted] = np.exp(mean) if log_y else mean
    return result


def _recursion(values: Floats, weight: float) -> Floats:
    """Return s[t] = weight · s[t-1] + (1 - weight) · values[t] for s[-1] = 0, in whole blocks.

    In a block s[t] = weight^t · Σ_k (1 - weight) · values[k] / weight^k; its length keeps the
    powers inside double precision.
    """
    import numpy as np

    block = max(int(_LARGEST_POWER / -math.log(weight)), 1)
    powers = weight ** np.arange(1.0, min(block, values.size) + 1)
    result = np.empty_like(values)
    last = 0.0
    for start in range(0, values.size, block):
        part = values[start : start + block]
        scale = powers[: part.size]
        result[start : start + part.size] = scale * (last + np.cumsum((1 - weight) * part / scale))
        last = float(result[start + part.size - 1])
    return result
