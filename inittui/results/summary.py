"""What a run's trials say together: means, paired differences, and ranks that hold."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from inittui.events.wire_numbers import from_wire
from inittui.results.comparison import Comparison, Difference, Measure, measure
from inittui.results.learning import Learning, accuracy_of_an_image, judge
from inittui.results.state import RunState
from inittui.results.trial_state import ENDED, FIRST_STEPS, TrialState
from inittui.results.written import shares


class SchemeSummary(msgspec.Struct, frozen=True):
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
    learning: Learning | None
    """Whether it learns, by the trials that `val_accuracy` is of; None where the log says too
    little."""
    same_as: str | None
    """An earlier contestant with bitwise equal start values and the same settings under every
    seed: the two are one and the same, and are compared as one."""
    starts_equal: bool
    """Whether most values are the model's own code's, and all are bitwise equal under several
    seeds: as of a module that was built before."""
    rank: int | None
    """By accuracy; equal where it can't be told apart; None where nothing can be said."""
    first_rank: int | None
    """By the logarithm of the mean loss of the first steps, in the same way."""
    accuracy_difference: Difference | None
    """To the scheme of the best mean accuracy; None for that one."""
    first_difference: Difference | None
    """Of the natural logarithms, to the scheme of the lowest first loss; None for that one.

    First losses go over orders of magnitude: a t-test of the losses themselves would tell nothing
    from one whose seeds lie between 10² and 10³⁰.
    """


def summarize(state: RunState) -> list[SchemeSummary]:
    """Sum up every scheme, best first.

    Accuracies are compared after the last epoch that any trial reached; a trial that diverged,
    failed or has not come so far doesn't count there. Schemes are sorted by mean accuracy; those
    without a comparable one come last.

    Ranks are groups in the order of the means: everybody of a later group is clearly behind the
    best of each earlier one, by paired t-tests with Holm's correction over all pairs
    (`inittui.results.comparison`). Where all contestants are one and the same nobody has a rank.
    Schemes with fewer than three seeds have no rank; nobody has one
    where more than `MOST_COMPARED` are compared.
    """
    groups = {scheme: state.of_scheme(scheme) for scheme in state.schemes}
    steps = first_steps(state)

    def log_of_first_loss(trial: TrialState) -> float | None:
        first = whole_first_loss(state, trial)
        if first is None or not math.isfinite(first):
            return None
        return math.log(max(first, sys.float_info.min))

    same = _same_contestants(groups)
    is_one = bool(same) and len(groups) - len(same) == 1
    accuracy = _by_accuracy(state, groups, same)
    first = _compare(groups, same, log_of_first_loss, higher_is_better=False)
    found = []
    compared_at_all = set(accuracy.order)
    for scheme, trials in groups.items():
        counted = furthest(trials)
        ends = [end for trial in counted if (end := trial.last_epoch) is not None]
        compared = same.get(scheme, scheme)
        found.append(
            SchemeSummary(
                scheme=scheme,
                trials=tuple(trials),
                is_final=compared in compared_at_all,
                val_accuracy=measure([end.val_accuracy for end in ends]),
                val_loss=measure([from_wire(end.val_loss) for end in ends]),
                train_loss=measure([from_wire(end.train_loss) for end in ends]),
                first_loss=first_loss_of(trials, steps),
                learning=judge(state, counted),
                same_as=same.get(scheme),
                starts_equal=_starts_equal(trials),
                rank=None if is_one else accuracy.ranks.get(compared),
                first_rank=None if is_one else first.ranks.get(compared),
                accuracy_difference=accuracy.differences.get(compared),
                first_difference=first.differences.get(compared),
            )
        )
    order = {scheme: place for place, scheme in enumerate(accuracy.order)}
    return sorted(found, key=lambda one: order.get(same.get(one.scheme, one.scheme), len(order)))


def comparable(summaries: Iterable[SchemeSummary]) -> list[SchemeSummary]:
    """Return those that are compared by accuracy, the same ones once."""
    return [one for one in summaries if one.same_as is None and one.is_final]


def learners(measured: Iterable[SchemeSummary]) -> list[SchemeSummary]:
    """Return those of which is not known that they do no better than guessing."""
    return [one for one in measured if one.learning is None or one.learning.improves]


def clear_winner(summaries: Sequence[SchemeSummary]) -> SchemeSummary | None:
    """Return the contestant that is the best of several beyond doubt; None where none is.

    It alone has rank 1, or it alone learns and nobody reaches its accuracy; and there is no seed
    under which it can't be told from guessing.
    """
    measured = comparable(summaries)
    learned = learners(measured)
    if len(measured) < 2 or not learned or learned[0] is not measured[0]:
        return None
    best = measured[0]
    if any(one.same_as == best.scheme for one in summaries):
        return None
    if best.learning is not None and best.learning.seeds_at_chance:
        return None
    ranked = [one for one in measured if one.rank == 1]
    is_alone = ranked == [best] if ranked else len(learned) == 1 and _is_above(best, measured[1])
    return best if is_alone else None


def _is_above(best: SchemeSummary, second: SchemeSummary) -> bool:
    mine, theirs = best.val_accuracy, second.val_accuracy
    return mine is not None and theirs is not None and mine.mean > theirs.mean


def told_apart(state: RunState) -> Callable[[str, str], bool]:
    """Return what says whether a contestant is clearly behind another, as the run's table does."""
    groups = {scheme: state.of_scheme(scheme) for scheme in state.schemes}
    same = _same_contestants(groups)
    compared = _by_accuracy(state, groups, same)
    return lambda worse, better: compared.is_behind(
        same.get(worse, worse), same.get(better, better)
    )


def _by_accuracy(
    state: RunState, groups: Mapping[str, Sequence[TrialState]], same: Mapping[str, str]
) -> Comparison:
    final = last_epoch(state)
    grain = accuracy_of_an_image(state)
    return _compare(
        groups, same, lambda trial: final_accuracy(trial, final), higher_is_better=True, grain=grain
    )


def final_accuracy(trial: TrialState, final: int) -> float | None:
    """Return a trial's accuracy after the epoch that is `last_epoch` of its run.

    None where it diverged, failed, or has not come so far: it isn't compared.
    """
    return trial.val_accuracy if _epoch(trial) == final and is_sound(trial) else None


def whole_first_loss(state: RunState, trial: TrialState) -> float | None:
    """Return a trial's mean loss of the first steps; None where it has not taken all of these."""
    took_all = trial.status == "finished" or trial.steps >= first_steps(state)
    return trial.first_loss if took_all else None


def _same_contestants(groups: Mapping[str, Sequence[TrialState]]) -> dict[str, str]:
    """Return which contestants are one and the same as an earlier one, by what each is.

    They have the same settings and, under each of the same seeds, bitwise equal start values of
    all parameters. What the log doesn't say counts as different.
    """
    first: dict[tuple[object, ...], str] = {}
    same: dict[str, str] = {}
    for scheme, trials in groups.items():
        if not all(trial.start and trial.plan for trial in trials):
            continue
        identity = (
            *((trial.seed, tuple(values.digest for values in trial.start)) for trial in trials),
            tuple(sorted(trials[0].plan.settings.items(), key=str)) if trials[0].plan else (),
        )
        earlier = first.setdefault(identity, scheme)
        if earlier != scheme:
            same[scheme] = earlier
    return same


def _starts_equal(trials: Sequence[TrialState]) -> bool:
    if len(trials) == 1:
        return False
    starts = {tuple(values.digest for values in trial.start) for trial in trials}
    built = sum(each.share or 0 for each in shares(trials[0].start) if each.by == "built")
    return len(starts) == 1 and built > 0.5


def _compare(
    groups: Mapping[str, Sequence[TrialState]],
    same: Mapping[str, str],
    quantity: Callable[[TrialState], float | None],
    *,
    higher_is_better: bool,
    grain: float = 0.0,
) -> Comparison:
    """Compare contestants, of those that are one and the same the first alone."""
    by_seed = {
        scheme: {t.seed: v for t in trials if (v := quantity(t)) is not None}
        for scheme, trials in groups.items()
        if scheme not in same
    }
    return Comparison(by_seed, higher_is_better=higher_is_better, grain=grain)


def first_steps(state: RunState) -> int:
    """Return over how many steps the first loss goes: `FIRST_STEPS`, or all of a shorter run."""
    return min(FIRST_STEPS, state.total_steps) or FIRST_STEPS


def last_epoch(state: RunState) -> int:
    """Return the last epoch that any trial was validated after; 0 before the first."""
    return max(map(_epoch, state.trials), default=0)


def _epoch(trial: TrialState) -> int:
    last = trial.last_epoch
    return last.epoch if last else 0


def accuracy_of(trials: Sequence[TrialState]) -> Measure | None:
    """Return a contestant's accuracy after the last epoch that its trials reached."""
    return measure(trial.val_accuracy for trial in furthest(trials))


def first_loss_of(trials: Sequence[TrialState], steps: int) -> Measure | None:
    """Return a contestant's first loss, of the trials that took these steps or have ended."""
    return measure(
        [trial.first_loss for trial in trials if trial.steps >= steps or trial.status in ENDED]
    )


def is_sound(trial: TrialState) -> bool:
    """Return whether a trial neither diverged nor failed."""
    return trial.status not in ("diverged", "failed")


def sound(trials: Sequence[TrialState]) -> list[TrialState]:
    """Return those of a scheme's trials that neither diverged nor failed; all where none is so."""
    return [trial for trial in trials if is_sound(trial)] or list(trials)


def furthest(trials: Sequence[TrialState]) -> list[TrialState]:
    """Return the sound ones that were validated after the same, latest epoch."""
    found = sound(trials)
    if len(found) == 1:
        return found
    latest = max(map(_epoch, found), default=0)
    return [trial for trial in found if _epoch(trial) == latest]
