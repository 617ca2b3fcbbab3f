"""Contestants compared by one quantity, paired by seed: which groups can be told apart.

Paired Student t-tests, corrected by Holm over all pairs of contestants, not over the pairs with the
best alone: which one is best is known only afterwards. Under the null hypothesis that all are alike
(normal, equal variance; 4,000 simulated comparisons each) at least one is told apart from the best:

    contestants           2     3     4     7    10
    uncorrected      5 %   11 %  19 %  39 %  56 %
    Holm, with best  5 %    6 %   7 %   8 %  11 %
    Holm, all pairs  5 %    4 %   4 %   3 %   2 %      (5 seeds; as wanted: at most 5 %)

Holm, S. (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import msgspec

from inittui.text import in_percent, in_points

_Key = TypeVar("_Key")

FEWEST_SEEDS = 3
"""Seeds from which on contestants are ranked: with fewer an interval means nothing."""

LEVEL = 0.05
"""Probability that anything at all is told apart that is alike."""

POWER = 0.8
"""Probability with which `seeds_that_would_tell` would tell a difference as large as measured."""

MOST_SEEDS_ADVISED = 1_000

MOST_COMPARED = 250
"""Contestants of which each is compared with each. Holm's correction would leave 30,000 pairs a
level of 1.6e-6: nothing that a person trains tells these apart."""


class Measure(msgspec.Struct, frozen=True):
    """A struct: made in a fifth of the time of a dataclass, four times for each of 100,000."""

    mean: float
    std: float | None
    """With n − 1; None for a single value."""
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A contestant's paired difference to another under the same seeds, with its intervals."""

    to: str
    mean: float
    low: float
    high: float
    """The 95 % Student interval of this one difference, uncorrected."""
    n: int
    p: float
    """Two-sided, of the paired t-test, uncorrected."""
    joint_low: float
    joint_high: float
    """At the level that Holm's correction leaves to this pair: it leaves out 0 where `is_clear`."""
    is_clear: bool
    """Whether the two can be told apart, among all that are compared."""
    seeds_needed: int | None = None
    """Seeds with which a difference like this one to the best would be told apart in 80 % of the
    cases; None where it is, or where more than `MOST_SEEDS_ADVISED` would be needed."""


def measure(values: Iterable[float | None]) -> Measure | None:
    """Return mean and standard deviation of what is there; None if nothing is."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = sum(known) / len(known)
    if len(known) == 1:
        return Measure(mean, None, 1)
    variance = sum((value - mean) * (value - mean) for value in known) / (len(known) - 1)
    return Measure(mean, math.sqrt(variance), len(known))


def percent(accuracy: Measure | None) -> str:
    """Return an accuracy as people read it: 86.31 %, or 86.31 ± 0.27 % over several seeds."""
    if accuracy is None:
        return "-"
    spread = f" ± {in_points(accuracy.std)}" if accuracy.std is not None else ""
    return f"{in_percent(accuracy.mean)}{spread} %"


def measure_differences(differences: Iterable[float], grain: float = 0.0) -> Measure | None:
    """Return mean and standard deviation of paired differences; None if there are none.

    Args:
        differences: each seed's.
        grain: what one image counts; 0 where values are no shares of images. A difference of k
            images is of k at least that one of the two has right and the other hasn't, so its
            variance is k or more. Without that, three seeds that differ by one image each have a
            deviation of 0: of seven alike contestants, at 20 images, 28 % of the comparisons told
            some apart.
    """
    found = measure(differences)
    if found is None or found.std is None:
        return found
    return Measure(found.mean, max(found.std, math.sqrt(abs(found.mean) * grain)), found.n)


def paired_difference(
    to: str, differences: Sequence[float], grain: float = 0.0
) -> Difference | None:
    """Return the mean of paired differences with its Student interval; None for fewer than 3.

    It is judged as the only comparison that is made; ``grain`` is as `measure_differences` has it.
    """
    found = measure_differences(differences, grain)
    if found is None or found.n < FEWEST_SEEDS:
        return None
    alone = _uncorrected(to, found)
    needed = None if alone.is_clear else seeds_that_would_tell(found, LEVEL)
    return replace(alone, seeds_needed=needed)


def _uncorrected(to: str, found: Measure) -> Difference:
    """Return a mean of paired differences as the only one; how many seeds would tell is left out:
    of 30,000 pairs that takes most of the time, and `jointly` works it out anew."""
    reach = half_interval(found, LEVEL)
    low, high, p = found.mean - reach, found.mean + reach, _p(found)
    return Difference(to, found.mean, low, high, found.n, p, low, high, p <= LEVEL)


def jointly(
    known: Mapping[_Key, tuple[Difference, Measure]], *, advise_on: str | None = None
) -> dict[_Key, Difference]:
    """Judge differences together by Holm's procedure; each comes with the values' mean and std.

    How many seeds would tell is worked out for those to ``advise_on``; None: for all.
    """
    found = {}
    level, stopped = LEVEL, False
    ascending = sorted(known.items(), key=lambda item: item[1][0].p)
    for place, (pair, (difference, values_of)) in enumerate(ascending):
        if not stopped:
            level = LEVEL / (len(known) - place)
            stopped = difference.p > level
        reach = half_interval(values_of, level) if math.isfinite(difference.mean) else math.inf
        found[pair] = replace(
            difference,
            joint_low=difference.mean - reach,
            joint_high=difference.mean + reach,
            is_clear=not stopped,
            seeds_needed=(
                seeds_that_would_tell(values_of, level)
                if stopped and advise_on in (None, difference.to)
                else None
            ),
        )
    return found


def half_interval(found: Measure, level: float) -> float:
    """Return half the width of the two-sided Student interval of a mean at a level."""
    from scipy.special import stdtrit

    assert found.std is not None
    return float(stdtrit(found.n - 1, 1 - level / 2)) * found.std / math.sqrt(found.n)


def _p(found: Measure) -> float:
    from scipy.special import stdtr

    assert found.std is not None
    if not math.isfinite(found.mean) or not math.isfinite(found.std):
        return 1.0
    if found.std == 0:
        return 1.0 if found.mean == 0 else 0.0
    return float(2 * stdtr(found.n - 1, -abs(found.mean) / found.std * math.sqrt(found.n)))


def seeds_that_would_tell(found: Measure, level: float) -> int | None:
    """Return how many seeds tell a difference of this mean and deviation with a power of 80 %.

    The smallest n with t(1 − level/2; n−1) + t(POWER; n−1) ≤ |mean|/std · √n, the usual
    approximation to the power of a paired t-test. None above `MOST_SEEDS_ADVISED`.
    """
    from scipy.special import stdtrit

    if not found.std or not math.isfinite(found.mean / found.std) or found.mean == 0:
        return None
    effect = abs(found.mean) / found.std
    for n in range(max(found.n, FEWEST_SEEDS) + 1, MOST_SEEDS_ADVISED + 1):
        reach = float(stdtrit(n - 1, 1 - level / 2)) + float(stdtrit(n - 1, POWER))
        if reach <= effect * math.sqrt(n):
            return n
    return None


class Comparison:
    """Contestants in the order of their means, paired by seed, with groups that can be told apart.

    Args:
        by_seed: each contestant's values, by seed; those without any are left out.
        higher_is_better: whether the best is the highest.
        grain: as `measure_differences` has it.
    """

    def __init__(
        self,
        by_seed: Mapping[str, Mapping[int, float]],
        *,
        higher_is_better: bool,
        grain: float = 0.0,
    ) -> None:
        self._grain = grain
        self._higher_is_better = higher_is_better
        self._by_seed = {name: values for name, values in by_seed.items() if values}
        means = {name: sum(each.values()) / len(each) for name, each in self._by_seed.items()}
        self.order = sorted(means, key=means.__getitem__, reverse=higher_is_better)
        self._pairs = self._corrected()
        self.differences = {
            name: difference
            for name in self.order[1:]
            if (difference := self._pairs.get((name, self.order[0]))) is not None
        }
        """Of each contestant to the best."""
        self.ranks = self._ranked()

    def _corrected(self) -> dict[tuple[str, str], Difference]:
        """Return the difference of each pair, worse to better, judged by Holm's procedure."""
        known = {}
        for better, worse in combinations(self._compared(), 2):
            mine, theirs = self._by_seed[worse], self._by_seed[better]
            values = [mine[seed] - theirs[seed] for seed in mine if seed in theirs]
            found = measure_differences(values, self._grain)
            if found is not None and found.n >= FEWEST_SEEDS:
                known[worse, better] = (_uncorrected(better, found), found)
        return jointly(known, advise_on=self.order[0] if self.order else "")

    def _compared(self) -> list[str]:
        """Return who has seeds enough to be compared, best first; nobody where they are too many.

        Comparing the best ones alone would choose them by what is then tested.
        """
        found = [name for name in self.order if len(self._by_seed[name]) >= FEWEST_SEEDS]
        return found if len(found) <= MOST_COMPARED else []

    def is_behind(self, worse: str, better: str) -> bool:
        """Return whether the first can be told to be behind the second.

        Of two that were trained under different seeds the one of the lower mean may be ahead under
        those that both have: it is told apart, and not behind.
        """
        difference = self._pairs.get((worse, better))
        if difference is None or not difference.is_clear:
            return False
        return difference.mean < 0 if self._higher_is_better else difference.mean > 0

    def _ranked(self) -> dict[str, int]:
        """Return ranks that are equal within a group and grow with the mean from group to group.

        A group begins with its best. It goes down to the last contestant that can't be told to be
        behind that one, so everybody below the group is clearly behind the group's best.
        """
        ranked = self._compared()
        ranks: dict[str, int] = {}
        while len(ranks) < len(ranked):
            rest = ranked[len(ranks) :]
            last = max(
                place
                for place, name in enumerate(rest)
                if place == 0 or not self.is_behind(name, rest[0])
            )
            rank = len(ranks) + 1
            ranks |= dict.fromkeys(rest[: last + 1], rank)
        return ranks
