"""Values that were drawn from one initializer, beside what its distribution says of so many."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inittui.events.records import ValuesDrawn
from inittui.initializers.distributions import (
    SIGMAS,
    Distribution,
    Uniform,
    bounds,
    extremes,
    kurtosis,
    share_between,
)
from inittui.initializers.sampling import Sample, sample_of
from inittui.lessons.questions import Answer, Draws
from inittui.results.state import RunState
from inittui.text import number_of, short

REACH = 3.0
"""Standard errors within which 99.7 % of all draws are."""

_OFTEN = "99.7 % of the times"

_LEAST_P = 0.003
"""Of the test of the bins: the same 99.7 %."""


_LEAST_EXPECTED = 5.0
"""Values in a bin below which χ² is no longer distributed as χ²."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is known of values that were drawn from one initializer."""

    count: int
    mean: float
    std: float
    expected_mean: float
    expected_std: float


def answer_draws(question: Draws, state: RunState) -> Answer:
    """Compare what was drawn with its distribution; what is expected of nothing known is said."""
    if state.drawn is None:
        return Answer("draws", "Nothing was drawn.")
    sample = sample_of(state.drawn)
    distribution = sample.distribution
    if distribution is None:
        return Answer("draws", f"What to expect of {sample.call} is not known.")
    return _OF[question.of](sample, distribution, state.drawn)


def answer_moments(drawn: Drawn) -> Answer:
    """Compare drawn values with their distribution.

    The mean of n values is within 3 std/√n of what is expected 99.7 % of the times.
    """
    reach = REACH * drawn.expected_std / math.sqrt(drawn.count)
    met = abs(drawn.mean - drawn.expected_mean) <= reach
    mean, expected_mean = _beside(drawn.mean, drawn.expected_mean, reach)
    text = (
        f"{drawn.count:,} values: mean {mean} (expected {expected_mean}, "
        f"within ±{short(reach)} {_OFTEN}), standard deviation {short(drawn.std)} "
        f"(expected {short(drawn.expected_std)})."
    )
    measured = {"mean": (drawn.mean,), "std": (drawn.std,)}
    return Answer("moments", text, met, measured)


def _beside(value: float, expected: float, reach: float, digits: int = 3) -> tuple[str, str]:
    """Return a value and what is expected of it in as many digits as it takes to read off whether
    it is within reach of that.
    """
    met, shown_reach = abs(value - expected) <= reach, float(short(reach, digits))
    for more in range(digits, _ALL_DIGITS):
        one, other = short(value, more), short(expected, more)
        if (abs(float(one) - float(other)) <= shown_reach) == met:
            return one, other
    return short(value, digits), short(expected, digits)


_ALL_DIGITS = 12
"""Draws are of single precision."""


def moments_of(state: RunState) -> Answer:
    """Return `answer_moments` of a run's drawn values."""
    if state.drawn is None:
        return Answer("moments", "Nothing was drawn.")
    drawn = sample_of(state.drawn)
    expected = drawn.expected
    if expected is None:
        return Answer("moments", f"What to expect of {drawn.call} is not known.")
    measured = drawn.measured
    return answer_moments(
        Drawn(drawn.size, measured.mean, measured.std, expected.mean, expected.std)
    )


def std_error(distribution: Distribution, count: int) -> float:
    """Return the standard error of the standard deviation of ``count`` draws."""
    return distribution.std * math.sqrt(max(kurtosis(distribution) - 1, 0.0) / (4 * count))


def _bins(sample: Sample, distribution: Distribution, drawn: ValuesDrawn) -> Answer:
    """Test the histogram's bins against their distribution by Pearson's χ²."""
    from scipy.special import chdtrc

    expected = sample.expected_counts
    assert expected is not None
    each = _pooled(sample.counts, expected)
    square = sum((n - e) ** 2 / e for n, e in each)
    p = float(chdtrc(max(len(each) - 1, 1), square))
    mean = sum(e for _, e in each) / len(each)
    met = p >= _LEAST_P
    verdict = "as uneven as chance makes them" if met else "more uneven than chance makes them"
    bins = number_of(len(each), "bin")
    shown_p = f"{p:.3f}" if p >= _LEAST_SHOWN else short(p, 2)
    text = (
        f"{bins}: {min(n for n, _ in each)} to {max(n for n, _ in each)} values each, "
        f"{short(mean)} expected on average; they are {verdict} (χ² test, p = {shown_p})."
    )
    return Answer("draws", text, met, {"p": (p,)})


_LEAST_SHOWN = 0.0005
"""A probability that three decimals show."""


def _pooled(counts: Sequence[int], expected: Sequence[float]) -> list[tuple[int, float]]:
    """Return (counted, expected) of bins that are joined until each is large enough to test."""
    found: list[tuple[int, float]] = []
    count, share = 0, 0.0
    for n, e in zip(counts, expected, strict=True):
        count, share = count + n, share + e
        if share >= _LEAST_EXPECTED:
            found.append((count, share))
            count, share = 0, 0.0
    if found:
        last, known = found[-1]
        found[-1] = last + count, known + share
    return found or [(count, share)]


def _bounds(sample: Sample, distribution: Distribution, drawn: ValuesDrawn) -> Answer:
    outside = drawn.outside
    low, high = bounds(distribution)
    shown = f"{_number(low)} to {_number(high)}"
    text = (
        f"{outside:,} of {sample.size:,} values are outside of {shown}: the smallest is "
        f"{short(sample.measured.min, 4)}, the largest {short(sample.measured.max, 4)}."
    )
    return Answer("draws", text, outside == 0, {"outside": (float(outside),)})


def _spread(sample: Sample, distribution: Distribution, drawn: ValuesDrawn) -> Answer:
    expected, reach = distribution.std, REACH * std_error(distribution, sample.size)
    origin = ""
    if isinstance(distribution, Uniform):
        origin = f"the width {short(distribution.high - distribution.low)} by √12 is "
    met = abs(sample.measured.std - expected) <= reach
    std, expected_std = _beside(sample.measured.std, expected, reach, 4)
    text = (
        f"Standard deviation {std}: {origin}{expected_std}, and so "
        f"many values are within ±{short(reach, 2)} of it {_OFTEN}; {_as_expected(met)}."
    )
    return Answer("draws", text, met, {"std": (sample.measured.std,)})


def _within(sample: Sample, distribution: Distribution, drawn: ValuesDrawn) -> Answer:
    if not drawn.within:
        return Answer("draws", "How many values are near the mean is not on record.")
    parts, verdicts = [], []
    for sigmas, share in list(zip(SIGMAS, drawn.within, strict=False))[:2]:
        reach = sigmas * distribution.std
        expected = share_between(distribution, distribution.mean - reach, distribution.mean + reach)
        chance = REACH * math.sqrt(expected * (1 - expected) / sample.size)
        verdicts.append(abs(share - expected) <= chance)
        found, mean, around = _shares(share, expected, chance)
        parts.append(f"{found} % within {_number(sigmas)} σ, expected {mean} ± {around}")
    met = all(verdicts)
    text = f"{'; '.join(parts)} (of {sample.size:,} values, {_OFTEN}): {_as_expected(met)}."
    return Answer("draws", text, met, {"within": tuple(100 * each for each in drawn.within)})


def _shares(share: float, expected: float, chance: float) -> list[str]:
    """Return all in percent, with as many decimals as it takes to read off whether it is met."""
    met = abs(share - expected) <= chance
    for decimals in range(1, _MOST_DECIMALS):
        told = [f"{100 * each:.{decimals}f}" for each in (share, expected, chance)]
        found, mean, around = map(float, told)
        if (abs(found - mean) <= around + 1e-9) == met and (around or not chance):
            break
    return told


_MOST_DECIMALS = 8


def _farthest(sample: Sample, distribution: Distribution, drawn: ValuesDrawn) -> Answer:
    """Compare the largest |value| with the one to expect, and with the range of chance."""
    largest = max(abs(sample.measured.min), abs(sample.measured.max))
    expected = max(map(abs, extremes(distribution, 2 * sample.size)))
    far = largest / distribution.std if distribution.std else math.nan
    low, high = bounds(distribution)
    limit = "nothing bounds them" if math.isinf(high - low) else f"the bound is {_number(high)}"
    tail = 1 - share_between(distribution, -largest, largest)
    # Of n values at least one reaches so far with this probability.
    chance = -math.expm1(sample.size * math.log1p(-min(tail, 1 - 1e-16)))
    met = _LEAST_P / 2 <= chance <= 1 - _LEAST_P / 2
    text = (
        f"The largest |value| of {sample.size:,} is {short(largest)}, {short(far)} standard "
        f"deviations: about {short(expected)} is expected of so many ({_as_expected(met)}); "
        f"{limit}."
    )
    return Answer("draws", text, met, {"largest": (largest,)})


def _as_expected(met: bool) -> str:
    return "as expected" if met else "not as expected"


def _number(value: float) -> str:
    if math.isinf(value):
        return "-∞" if value < 0 else "∞"
    return f"{value:g}"


_OF: Mapping[str, Callable[[Sample, Distribution, ValuesDrawn], Answer]] = {
    "bins": _bins,
    "bounds": _bounds,
    "spread": _spread,
    "within": _within,
    "farthest": _farthest,
}
