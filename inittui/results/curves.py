"""The curves of a run: a quantity of one contestant over the steps and over its seeds.

The only place where values of several seeds become one curve: the report, the screen, lessons and
exports all read these, so they show the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from inittui.events.probes import Probe
from inittui.events.wire_numbers import from_wire
from inittui.results.trial_state import TrialState
from inittui.text import LARGEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Metric = Literal["train_loss", "val_loss", "val_accuracy", "train_accuracy", "least_gradient"]
"""The last is that of the layer that gets least of it, ‖gradient‖·‖weights‖, in each probe."""
ACCURACIES: tuple[Metric, ...] = ("val_accuracy", "train_accuracy")

LOG_DECADES = 2.0
"""Curves that span more decades than this are drawn on a log axis where nothing else is said."""

NEAR = 3.0
"""Curves whose late level is within this factor of the lowest are looked at closer."""

_LARGEST_POWER = 400.0
"""Of e in one block of the recursion: e^400 times `LARGEST` is inside of double precision."""


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """Values of several seeds at the same places; all of one length."""

    mean: Floats
    low: Floats
    high: Floats
    count: Floats
    """How many seeds the mean is over."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A contestant's values over the steps, as they were measured; all of one length."""

    x: Floats
    """Steps, ascending: of a training loss its 1-based number, of a validation those before it."""
    mean: Floats
    band: tuple[Floats, Floats] | None
    """The lowest and the highest of the seeds; None where a single one has values."""
    count: Floats
    """How many seeds the mean is over."""


def curve_of(
    trials: Sequence[TrialState], metric: Metric, between: tuple[int, int] | None = None
) -> Curve:
    """Return what was measured of a contestant's trials, as `over_seeds` adds it up.

    Args:
        trials: one per seed; those without a value are left out.
        metric: losses as they are, accuracies as fractions.
        between: the first and the last step that are asked for; None: all.
    """
    import numpy as np

    known = [_values(trial, metric, between) for trial in trials]
    known = [(x, y) for x, y in known if y.size]
    if not known:
        return Curve(np.empty(0), np.empty(0), None, np.empty(0))
    x = max((x for x, _ in known), key=len)
    if len(known) == 1:
        return Curve(x, known[0][1], None, np.ones(x.size))
    if all(np.array_equal(own, x[: own.size]) for own, _ in known):
        found = over_seeds([y for _, y in known])
    else:  # seeds that were validated after other steps than the rest
        x = np.unique(np.concatenate([own for own, _ in known]))
        places = [np.searchsorted(x, own) for own, _ in known]
        found = _over_seeds([y for _, y in known], places, x.size)
    return Curve(x, found.mean, (found.low, found.high), found.count)


def over_seeds(rows: Sequence[Sequence[float] | Floats]) -> OverSeeds:
    """Return mean, lowest and highest over the rows, one per seed, that reach a place.

    A seed that is NaN or counts as infinite there leaves all three to the others: it has diverged,
    and nothing can be said of the others by adding it. Where no seed has a finite value, all three
    are the mean of what there is, NaN or infinite.
    """
    import numpy as np

    arrays = [np.asarray(row, dtype=np.float64) for row in rows]
    places = [slice(row.size) for row in arrays]
    return _over_seeds(arrays, places, max((row.size for row in arrays), default=0))


def _over_seeds(rows: Sequence[Floats], places: Sequence[Any], size: int) -> OverSeeds:
    """Add up rows whose values stand at these places of ``size``."""
    import numpy as np

    total, count = np.zeros(size), np.zeros(size)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    for row, place in zip(rows, places, strict=True):
        finite = np.abs(row) < LARGEST
        known = least = most = row
        if not finite.all():
            known, least, most = (np.where(finite, row, other) for other in (0, np.inf, -np.inf))
        total[place] += known
        count[place] += finite
        low[place] = np.minimum(low[place], least)
        high[place] = np.maximum(high[place], most)
    lost = count == 0
    if lost.any():
        # There every value is NaN or infinite: added, they tell which.
        rest, reached = np.zeros(size), np.zeros(size)
        with np.errstate(invalid="ignore", over="ignore"):
            for row, place in zip(rows, places, strict=True):
                rest[place] += row
                reached[place] += 1
        total[lost], count[lost] = rest[lost], reached[lost]
        low[lost] = high[lost] = rest[lost] / reached[lost]
    return OverSeeds(total / count, low, high, count)


def _values(
    trial: TrialState, metric: Metric, between: tuple[int, int] | None
) -> tuple[Floats, Floats]:
    import numpy as np

    if metric == "train_loss":
        start, end = between or (1, trial.steps)
        first = min(max(start - 1, 0), trial.steps)
        y = np.frombuffer(trial.losses[first : max(end, 0)])
        return np.arange(first + 1.0, first + y.size + 1.0), y
    if metric == "train_accuracy":
        known = [(e.step, e.train_accuracy) for e in trial.epochs if e.train_accuracy is not None]
    elif metric == "least_gradient":
        known = [(e.step, least) for e in trial.probes if (least := _least(e.probe)) is not None]
    elif metric == "val_accuracy":
        known = [(e.step, e.val_accuracy) for e in trial.validated]
    else:
        known = [(e.step, from_wire(e.val_loss)) for e in trial.validated]
    points = [(s, y) for s, y in known if between is None or between[0] <= s <= between[1]]
    table = np.array(points, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _least(probe: Probe) -> float | None:
    """Return the least of what reaches a layer that learns; None where none was measured."""
    from inittui.results.rules.signal import effect_of

    learning = [layer for layer in probe.layers if not layer.is_frozen and layer.weights.count]
    return min(map(effect_of, learning), default=None)


def value_at(trials: Sequence[TrialState], metric: Metric, step: int) -> float | None:
    """Return what the curve has at a step; None where nothing was measured.

    Of validations it is the value of the last one that had been by then.
    """
    curve = curve_of(trials, metric, (step if metric == "train_loss" else 0, step))
    return float(curve.mean[-1]) if curve.x.size else None


def spans_decades(curves: Iterable[Sequence[float] | Floats]) -> bool:
    """Whether what a log axis could show spans so much that a linear one would hide most of it."""
    lowest, highest = math.inf, 0.0
    for curve in curves:
        shown = _on_a_log_axis(curve)
        if shown.size:
            lowest = min(lowest, float(shown.min()))
            highest = max(highest, float(shown.max()))
    return bool(highest > lowest * 10.0**LOG_DECADES)


def near_the_lowest(curves: Mapping[str, Sequence[float] | Floats]) -> list[str]:
    """Return which curves hide their differences where all are drawn together.

    That is where all span more than `LOG_DECADES` decades and several, but not all, come within a
    factor `NEAR` of the lowest, by the median of a curve's second half. Else none.
    """
    import statistics

    late = {name: _on_a_log_axis(y[len(y) // 2 :]) for name, y in curves.items()}
    levels = {name: statistics.median(y.tolist()) for name, y in late.items() if y.size}
    highest = NEAR * min(levels.values(), default=0.0)
    near = [name for name, level in levels.items() if level <= highest]
    return near if 1 < len(near) < len(curves) and spans_decades(curves.values()) else []


def without_outliers(curves: Iterable[Sequence[float] | Floats]) -> tuple[float, float] | None:
    """Return the range of an axis on which no outlier squeezes the rest; None where all is on it.

    It ends within a factor `NEAR` of the highest value of the calmest curve; and, where each curve
    has an outlier, within `LOG_DECADES` decades of what nine tenths of a curve's values are below.
    """
    import numpy as np

    shown = [values for curve in curves if (values := _on_a_log_axis(curve)).size]
    if not shown:
        return None
    calmest = min(float(values.max()) for values in shown)
    usual = min(float(np.quantile(values, 0.9)) for values in shown)
    together = np.concatenate(shown)
    kept = together[together <= min(NEAR * calmest, 10.0**LOG_DECADES * usual)]
    return (float(kept.min()), float(kept.max())) if kept.size < together.size else None


def _on_a_log_axis(curve: Sequence[float] | Floats) -> Floats:
    import numpy as np

    values = np.asarray(curve, dtype=np.float64)
    return values[(values > 0) & (values < LARGEST)]


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
