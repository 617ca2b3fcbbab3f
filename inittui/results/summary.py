"""What a run's trials say together: means, paired differences, and ranks that hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from inittui.results.state import FIRST_STEPS, RunState, TrialState

FEWEST_SEEDS = 3
"""Seeds from which on schemes are ranked: with fewer an interval means nothing."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity over a scheme's trials."""

    mean: float
    std: float | None
    """With n − 1; None for a single value."""
    n: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A scheme's paired difference to another under the same seeds, with its interval."""

    to: str
    mean: float
    low: float
    high: float
    n: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class SchemeSummary:
    """One contestant over all its seeds."""

    scheme: str
    trials: tuple[TrialState, ...]
    is_final: bool
    """Whether its accuracy is after the last epoch that any trial reached."""
    val_accuracy: Measure | None
    """After the last epoch that its trials reached; those that diverged or failed don't count
    where others did not."""
    val_loss: Measure | None
    train_loss: Measure | None
    first_loss: Measure | None
    """Of the trials that took these steps, or diverged in them."""
    rank: int | None
    """By accuracy; equal where it can't be told apart; None where nothing can be said."""
    first_rank: int | None
    """By the mean loss of the first steps, in the same way."""
    accuracy_difference: Difference | None
    """To the scheme of the best mean accuracy; None for that one."""
    first_difference: Difference | None
    """To the scheme of the lowest first loss; None for that one."""


def summarize(state: RunState) -> list[SchemeSummary]:
    """Sum up every scheme, best first.

    Accuracies are compared after the last epoch that any trial reached; a trial that diverged,
    failed or has not come so far doesn't count there. Schemes are sorted by mean accuracy; those
    without a comparable one come last.

    A scheme's rank is one more than the number of schemes that are clearly better: those with a
    paired difference whose 95 % interval leaves out 0. So schemes that can't be told apart from
    the best share rank 1, even if one with a mean between them is clearly behind it. Schemes with
    fewer than `FEWEST_SEEDS` seeds have no rank.
    """
    groups = {scheme: state.of_scheme(scheme) for scheme in state.schemes}
    final = last_epoch(state)
    steps = first_steps(state)

    def final_accuracy(trial: TrialState) -> float | None:
        return trial.val_accuracy if _epoch(trial) == final and _is_sound(trial) else None

    def whole_first_loss(trial: TrialState) -> float | None:
        first = trial.first_loss if trial.steps >= steps else None
        return first if first is not None and math.isfinite(first) else None

    accuracy = _Comparison(groups, final_accuracy, best=max)
    first = _Comparison(groups, whole_first_loss, best=min)
    found = []
    for scheme, trials in groups.items():
        counted = _furthest(trials)
        found.append(
            SchemeSummary(
                scheme=scheme,
                trials=tuple(trials),
                is_final=scheme in accuracy.order,
                val_accuracy=measure(trial.val_accuracy for trial in counted),
                val_loss=measure(trial.val_loss for trial in counted),
                train_loss=measure(trial.train_loss for trial in counted),
                first_loss=measure(
                    trial.first_loss
                    for trial in trials
                    if trial.steps >= steps or trial.status == "diverged"
                ),
                rank=accuracy.ranks.get(scheme),
                first_rank=first.ranks.get(scheme),
                accuracy_difference=accuracy.differences.get(scheme),
                first_difference=first.differences.get(scheme),
            )
        )
    order = {scheme: place for place, scheme in enumerate(accuracy.order)}
    return sorted(found, key=lambda one: order.get(one.scheme, len(order)))


def first_steps(state: RunState) -> int:
    """Return over how many steps the first loss goes: `FIRST_STEPS`, or all of a shorter run."""
    return min(FIRST_STEPS, state.total_steps) or FIRST_STEPS


def last_epoch(state: RunState) -> int:
    """Return the last epoch that any trial was validated after; 0 before the first."""
    return max(map(_epoch, state.trials), default=0)


def _epoch(trial: TrialState) -> int:
    """Return the number of the last epoch that was validated."""
    return trial.epochs[-1].epoch if trial.epochs else 0


def _is_sound(trial: TrialState) -> bool:
    return trial.status not in ("diverged", "failed")


def _furthest(trials: Sequence[TrialState]) -> list[TrialState]:
    """Return those of a scheme's trials that were validated after the same, latest epoch."""
    sound = [trial for trial in trials if _is_sound(trial)] or list(trials)
    latest = max(map(_epoch, sound))
    return [trial for trial in sound if _epoch(trial) == latest]


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
    spread = f" ± {100 * accuracy.std:.2f}" if accuracy.std is not None else ""
    return f"{100 * accuracy.mean:.2f}{spread} %"


def share_done(trials: Sequence[TrialState], total_steps: int) -> float:
    """Return which share of their steps trials have taken; one that is over counts in full."""
    if not trials or not total_steps:
        return 0.0
    done = [
        min(t.steps / total_steps, 1.0)
        if t.status in ("running", "waiting", "interrupted")
        else 1.0
        for t in trials
    ]
    return math.fsum(done) / len(done)


class _Comparison:
    """Schemes compared by one quantity, paired by seed."""

    def __init__(
        self,
        groups: Mapping[str, Sequence[TrialState]],
        quantity: Callable[[TrialState], float | None],
        best: Callable[[Iterable[float]], float],
    ) -> None:
        self._by_seed = {
            scheme: {t.seed: v for t in trials if (v := quantity(t)) is not None}
            for scheme, trials in groups.items()
        }
        self.measures = {
            scheme: measure(values.values()) for scheme, values in self._by_seed.items()
        }
        sign = -1 if best is max else 1
        means = {scheme: m.mean for scheme, m in self.measures.items() if m is not None}
        self.order = sorted(means, key=lambda scheme: sign * means[scheme])
        self.differences = self._to_best()
        self.ranks = self._rank()

    def _to_best(self) -> dict[str, Difference]:
        pairs = ((scheme, self.between(scheme, self.order[0])) for scheme in self.order[1:])
        return {scheme: difference for scheme, difference in pairs if difference is not None}

    def between(self, scheme: str, other: str) -> Difference | None:
        """Return the paired difference over common seeds; None where they are too few."""
        mine, theirs = self._by_seed[scheme], self._by_seed[other]
        return paired_difference(
            other, [mine[seed] - theirs[seed] for seed in mine if seed in theirs]
        )

    def _rank(self) -> dict[str, int]:
        return {
            scheme: 1 + sum(self._is_clear(scheme, better) for better in self.order[:place])
            for place, scheme in enumerate(self.order)
            if len(self._by_seed[scheme]) >= FEWEST_SEEDS
        }

    def _is_clear(self, scheme: str, better: str) -> bool:
        difference = self.between(scheme, better)
        return difference is not None and difference.is_clear


def paired_difference(to: str, differences: Sequence[float]) -> Difference | None:
    """Return the mean of paired differences with its Student interval; None for fewer than 3."""
    count = len(differences)
    if count < FEWEST_SEEDS:
        return None
    from scipy.special import stdtrit

    found = measure(differences)
    assert found is not None and found.std is not None
    reach = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * found.std / math.sqrt(count)
    return Difference(to, found.mean, found.mean - reach, found.mean + reach, count)
