"""What was seen, in sentences that the numbers support."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inittui.events.wire_numbers import from_wire
from inittui.experiment.records import Evaluated
from inittui.results.comparison import FEWEST_SEEDS, MOST_COMPARED
from inittui.results.learning import Learning
from inittui.results.state import RunState
from inittui.results.summary import (
    SchemeSummary,
    comparable,
    first_steps,
    last_epoch,
    learners,
)
from inittui.text import short
from inittui.views.frame import Frame
from inittui.views.statuses import ended_as, said_in
from inittui.views.wording import times

CHAOTIC = 1e-3
"""A relative difference of the first ten losses between two precisions that is called chaotic.

Rounding differs by 6e-8. Measured after ten steps: at most 5e-5 of contestants whose difference
stays so small, 3e-3 and more of those that differ by all of the loss within a hundred steps.
"""

_MOST_NAMES = 5

_MOST_REASONS = 2
"""Different ones of the seeds of one contestant that are told."""

_STANDS_STILL = ", and its training loss doesn't fall: it doesn't learn"

_MOST_ADVISED = 3
"""Contestants of which is said how many seeds would tell them from the best."""


def sentence(state: RunState, summaries: Sequence[SchemeSummary], frame: Frame) -> str:
    """Return one paragraph on a run: the best, what can't be told apart, chance, divergence."""
    different = [one for one in summaries if one.same_as is None]
    measured = comparable(summaries)
    parts = [
        *_on_accuracy(state, measured),
        *_on_first_loss(different, first_steps(state)),
        *_on_ends(state, summaries),
    ]
    said = parts or [_nothing_yet(state)]
    alike = [*_on_same(summaries), *_on_equal_starts(summaries)]
    return frame.say(" ".join([*alike, *said, *_on_chaos(summaries)]))


def _on_same(summaries: Sequence[SchemeSummary]) -> list[str]:
    repeated = {one.same_as for one in summaries}
    groups = {one.scheme: [one] for one in summaries if one.scheme in repeated}
    for one in summaries:
        if one.same_as is not None:
            groups[one.same_as].append(one)
    return [
        f"{names(group)} are one and the same: equal start values of all parameters under "
        f"{'every seed' if len(group[0].trials) > 1 else 'the seed'}."
        for group in groups.values()
    ]


def _on_equal_starts(summaries: Sequence[SchemeSummary]) -> list[str]:
    found = [one for one in summaries if one.starts_equal]
    if not found:
        return []
    start = "starts" if len(found) == 1 else "start"
    return [f"{names(found)} {start} with equal values of all parameters under every seed."]


def _nothing_yet(state: RunState) -> str:
    if state.status == "running":
        return "Nothing has been validated yet."
    reason = state.ended.reason if state.ended else ""
    return f"Nothing was measured{': ' + reason if reason else '.'}"


def _on_accuracy(state: RunState, measured: Sequence[SchemeSummary]) -> list[str]:
    if not measured:
        return []
    learned = learners(measured)
    parts = _on_epoch(state)
    if len(learned) == 1:
        parts += _reaches(learned[0])
    elif ranked := [one for one in learned if one.rank is not None]:
        among = "" if ranked[0] is learned[0] else f"of those with {FEWEST_SEEDS} seeds or more, "
        parts += _ranked(ranked, among) if len(ranked) > 1 else _reaches(ranked[0])
        parts += _with_too_few_seeds([one for one in learned if one.rank is None])
    elif learned:
        parts += _unranked(learned)
    return [*parts, *_on_guessing(measured, state.evaluated_on)]


def _on_guessing(measured: Sequence[SchemeSummary], on: Evaluated) -> list[str]:
    """Say who does no better than guessing, by accuracy or by loss, and who can't be judged."""
    judged: dict[str, list[tuple[SchemeSummary, Learning]]] = {}
    for one in measured:
        if one.learning is not None:
            judged.setdefault(one.learning.said_as, []).append((one, one.learning))
    parts = []
    for verdict in ("at chance", "by seeds", "below chance", "as untrained", "too few images"):
        found = judged.get(verdict, [])
        if found:
            parts.append(_in_words(verdict, [one for one, _ in found], found[0][1], on))
    parts += [
        f"Under {said.seeds_at_chance} of {said.seeds} seeds {one.scheme} can't be told from "
        f"guessing (about {short(100 * said.chance)} %)."
        for one in measured
        if (said := one.learning) is not None and said.seeds_at_chance
    ]
    parts += [
        f"{one.scheme} is right in {100 * said.accuracy:.2f} %, but its {_loss(one, on)}, "
        f"{short(said.loss)}, is still {_many(said)}that of guessing "
        f"({short(said.loss_of_guessing)})"
        f"{_STANDS_STILL if said.loss_falls is False else ''}."
        for one, said in judged.get("loss explodes", [])
    ]
    above = [(one, said) for one, said in judged.get("learns", []) if said.is_overconfident]
    parts += [
        f"The {_loss(one, on)} of {one.scheme}, {short(said.loss)}, is above that of guessing "
        f"({short(said.loss_of_guessing)})."
        for one, said in above
    ]
    return parts


def _loss(one: SchemeSummary, on: Evaluated) -> str:
    """Return what the judged loss is called: of several seeds it is the median, unlike tables'."""
    several = one.val_loss is not None and one.val_loss.n > 1
    return f"{'median ' if several else ''}{on} loss"


def _many(said: Learning) -> str:
    ratio = said.loss / said.loss_of_guessing
    return f"{short(ratio, 2)} times " if math.isfinite(ratio) else "far above "


def _in_words(verdict: str, found: Sequence[SchemeSummary], said: Learning, on: Evaluated) -> str:
    one = len(found) == 1
    guessing = f"about {short(100 * said.chance)} %"
    if verdict == "at chance":
        return f"{names(found)} {'stays' if one else 'stay'} at chance ({guessing})."
    if verdict == "by seeds":
        return f"{said.seeds} seeds can't tell {names(found)} from guessing ({guessing})."
    if verdict == "below chance":
        return f"{names(found)} {'is' if one else 'are'} worse than guessing ({guessing})."
    if verdict == "as untrained":
        differ = "differs" if one else "differ"
        return (
            f"{names(found)} {differ} from guessing ({guessing}) by no more than untrained "
            "networks may."
        )
    kind = "test" if on == "test" else "validated"
    images = f"{said.images} {kind} image{'s' if said.images > 1 else ''}"
    do = "does" if one else "do"
    return f"{images} can't tell whether {names(found)} {do} better than guessing."


def _on_epoch(state: RunState) -> list[str]:
    reached = last_epoch(state)
    planned = state.started.experiment.training.epochs if state.started else reached
    return (
        [] if reached == planned else [f"Accuracies are those after epoch {reached} of {planned}."]
    )


def _ranked(learned: Sequence[SchemeSummary], among: str) -> list[str]:
    """Say who is best, ``among`` whom where that isn't everybody, and who is behind."""
    best = learned[0]
    level = f"{100 * _accuracy(best):.2f} %"
    group = [one for one in learned if one.rank == best.rank]
    behind = [one for one in learned[1:] if _is_behind(one) and one not in group]
    seeds = best.val_accuracy.n if best.val_accuracy else 0
    if len(group) == 1:
        said = f"{among}{best.scheme} is best with {level}."
        parts = [f"{said[0].upper()}{said[1:]}" if among else said]
    else:
        parts = [_one_group(group, f"at most {level}, {seeds} seeds")]
    if behind:
        parts.append(f"{_behind(behind)}.")
    level_with = [
        one for one in group[1:] if not _is_behind(one) and _compared_to(one) == best.scheme
    ]
    return parts + _too_few_seeds(level_with, seeds)


def _one_group(group: Sequence[SchemeSummary], at_most: str) -> str:
    within = {one.scheme for one in group}
    alone = [one for one in group if _is_behind(one) and _compared_to(one) in within]
    if not alone:
        return f"By accuracy {names(group)} can't be told apart ({at_most})."
    return (
        f"By accuracy {names(group)} can't be told apart as groups ({at_most}), though "
        f"{_behind(alone)}."
    )


def _behind(those: Sequence[SchemeSummary]) -> str:
    to = those[0].accuracy_difference
    assert to is not None
    first, *others = those
    by = [f"{one.scheme} by {_points(one)}" for one in others]
    return "; ".join([f"{first.scheme} is behind {to.to} by {_points(first)}", *by])


def _is_behind(one: SchemeSummary) -> bool:
    return one.accuracy_difference is not None and one.accuracy_difference.is_clear


def _compared_to(one: SchemeSummary) -> str | None:
    return one.accuracy_difference.to if one.accuracy_difference else None


def _too_few_seeds(level_with: Sequence[SchemeSummary], seeds: int) -> list[str]:
    """Say how many seeds would tell differences like those that were seen, largest first."""
    told = [
        (one.scheme, found.mean, found.seeds_needed)
        for one in reversed(level_with)
        if (found := one.accuracy_difference) is not None and found.seeds_needed is not None
    ]
    if not told:
        return []
    each = [
        f"{needed} for {scheme} ({-100 * mean:.2f} points)"
        for scheme, mean, needed in told[:_MOST_ADVISED]
    ]
    are = "is" if seeds == 1 else "are"
    return [f"{seeds} seeds {are} too few for such differences; it takes about {', '.join(each)}."]


def _reaches(one: SchemeSummary) -> list[str]:
    return [f"{one.scheme} reaches {100 * _accuracy(one):.2f} %."]


def _with_too_few_seeds(unranked: Sequence[SchemeSummary]) -> list[str]:
    """Say who has no rank beside others that have: of its seeds too few were trained so far."""
    if not unranked:
        return []
    told = [
        f"{one.scheme} ({100 * _accuracy(one):.2f} %, {_seeds(one)})"
        for one in unranked[:_MOST_NAMES]
    ]
    if len(unranked) > _MOST_NAMES:
        told.append(f"{len(unranked) - _MOST_NAMES} more")
    return [f"Too few seeds to be ranked: {', '.join(told)}."]


def _seeds(one: SchemeSummary) -> str:
    seeds = one.val_accuracy.n if one.val_accuracy else 1
    return "one seed" if seeds == 1 else f"{seeds} seeds"


def _unranked(learned: Sequence[SchemeSummary]) -> list[str]:
    best, last = learned[0], learned[-1]
    why = f"{_seeds(best)} can't rank what lies close together"
    if any(one.val_accuracy and one.val_accuracy.n >= FEWEST_SEEDS for one in learned):
        why = f"more than {MOST_COMPARED} are not ranked"
    elif len(best.trials) < FEWEST_SEEDS:
        why += f": use --seeds {FEWEST_SEEDS} or more"
    highest, lowest = (f"{100 * _accuracy(one):.2f} %" for one in (best, last))
    if highest == lowest:
        return [f"{names(learned)} reach {highest}; {why}."]
    return [
        f"Accuracies go from {highest} ({best.scheme}) down to {lowest} ({last.scheme}); {why}."
    ]


def _on_first_loss(different: Sequence[SchemeSummary], steps: int) -> list[str]:
    """Say what the early loss tells apart, where accuracy can't.

    Who lies above is told by the ranks, which are groups; the lowest of all may be another whose
    accuracy is not among the best.
    """
    equal = [one for one in different if one.is_final and one.rank == 1 and one.first_rank]
    equal.sort(key=lambda one: one.first_rank or 0)
    compared_to = {found.to for one in equal if (found := one.first_difference)}
    lowest = next((one for one in different if one.scheme in compared_to), None)
    if len(equal) < 2 or lowest is None:
        return []
    above = [one for one in equal if one.first_rank != 1]
    within = [one for one in equal if one.first_rank == 1]
    alone = [one for one in within if _lies_above(one)]
    what = f"mean loss of the first {steps} steps"
    if not alone and (not above or not within):
        return [f"The {what} doesn't tell {names(equal)} apart either."]
    level = [one for one in within if one not in alone and one is not lowest]
    parts = [f"By the {what} {lowest.scheme} is lowest"]
    if level:
        parts.append(f"{names(level)} can't be told from it{' as groups' if alone else ''}")
    if alone:
        parts.append(f"though {_above(alone, lowest)}" if level else _above(alone, lowest))
    if above:
        parts.append(_above(above, lowest))
    return [f"{', '.join(parts)}."]


def _lies_above(one: SchemeSummary) -> bool:
    return one.first_difference is not None and one.first_difference.is_clear


def _above(those: Sequence[SchemeSummary], lowest: SchemeSummary) -> str:
    return "; ".join(
        f"{one.scheme} lies {_by(one, lowest)}at {times(found.mean)} times its loss "
        f"(95 % interval {times(found.joint_low)} to {times(found.joint_high)})"
        for one in those
        if (found := one.first_difference)
    )


def _by(one: SchemeSummary, lowest: SchemeSummary) -> str:
    """Return by how much a mean is higher; empty where only its logarithms are, on average."""
    if one.first_loss is None or lowest.first_loss is None:
        return ""
    more = one.first_loss.mean - lowest.first_loss.mean
    return f"{more:.3g} above, " if more > 0 else ""


def _on_ends(state: RunState, summaries: Sequence[SchemeSummary]) -> list[str]:
    """Say who diverged, failed or was interrupted: under all seeds, then who under some alone."""
    parts = []
    ended = {trial.status for one in summaries for trial in one.trials}
    for status in ("diverged", "failed", "interrupted"):
        if status not in ended:
            continue
        found: dict[tuple[int, int], list[SchemeSummary]] = {}
        for one in summaries:
            count, seeds = sum(t.status == status for t in one.trials), len(one.trials)
            if count:
                found.setdefault((0, 0) if count == seeds else (count, seeds), []).append(one)
        reason = _when_and_why([one for those in found.values() for one in those], status)
        for (count, seeds), those in sorted(found.items()):
            did = ended_as(said_in(state, status), several=len(those) > 1)
            under = f" under {count} of {seeds} seeds" if count else ""
            parts.append(f"{names(those)} {did}{under}{reason}.")
    return parts


def _when_and_why(found: Sequence[SchemeSummary], status: str) -> str:
    """Return at which steps the seeds of one contestant diverged, and why they ended."""
    if len(found) > 1:
        return ""
    trials = sorted((t for t in found[0].trials if t.status == status), key=lambda t: t.steps)
    reasons = [*dict.fromkeys(trial.reason for trial in trials if trial.reason)]
    if len(reasons) > _MOST_REASONS:
        reasons = [*reasons[:_MOST_REASONS], f"{len(reasons) - _MOST_REASONS} more reasons"]
    said = f" ({'; '.join(reasons)})" if reasons else ""
    if status != "diverged":
        return said
    first, last = trials[0].steps, trials[-1].steps
    at = f" at step {first}" if first == last else f" at steps {first} to {last}"
    return f"{at}{said}"


def _on_chaos(summaries: Sequence[SchemeSummary]) -> list[str]:
    """Say whose path depends on rounding, as its first steps in another precision show."""
    found = [
        (one, max(differences))
        for one in summaries
        if (differences := [from_wire(t.rounding.difference) for t in one.trials if t.rounding])
        and max(differences) > CHAOTIC
    ]
    if not found:
        return []
    worst = max(difference for _, difference in found)
    most = f"by up to {short(100 * worst, 2)} %" if math.isfinite(worst) else "without bound"
    path = "paths of" if len(found) > 1 else "path of"
    be = "are" if len(found) > 1 else "is"
    return [
        f"(The {path} {names([one for one, _ in found])} {be} chaotic: in another precision the "
        f"first losses differ {most}, so figures repeat on the same machine and settings only.)"
    ]


def names(schemes: Sequence[SchemeSummary]) -> str:
    """Return "a", "a and b", "a, b and c", or "a, b, c, d and 9 more"."""
    known = [one.scheme for one in schemes]
    if len(known) > _MOST_NAMES:
        known = [*known[: _MOST_NAMES - 1], f"{len(known) - _MOST_NAMES + 1} more"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def _accuracy(summary: SchemeSummary) -> float:
    return summary.val_accuracy.mean if summary.val_accuracy else 0.0


def _points(one: SchemeSummary) -> str:
    found = one.accuracy_difference
    assert found is not None
    mean, low, high = (-100 * each for each in (found.mean, found.joint_high, found.joint_low))
    return f"{mean:.2f} points ({_interval(low, high, '.2f')})"


def _interval(low: float, high: float, form: str) -> str:
    return f"95 % interval {low:{form}} to {high:{form}}"
