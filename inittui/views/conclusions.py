"""What was seen, in sentences that the numbers support."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inittui.events.wire_numbers import from_wire
from inittui.results.comparison import FEWEST_SEEDS, MOST_COMPARED, Difference
from inittui.results.state import RunState
from inittui.results.summary import (
    SchemeSummary,
    comparable,
    first_steps,
    last_epoch,
    learners,
)
from inittui.text import in_percent, in_points, short
from inittui.views.frame import Frame
from inittui.views.guessing import MOST_NAMES, names, on_guessing
from inittui.views.statuses import ended_as, said_in
from inittui.views.wording import times

CHAOTIC = 1e-3
"""A relative difference of the first ten losses between two precisions that is called chaotic.

Rounding differs by 6e-8. Measured after ten steps: at most 5e-5 of contestants whose difference
stays so small, 3e-3 and more of those that differ by all of the loss within a hundred steps.
"""

_MOST_REASONS = 2
"""Different ones of the seeds of one contestant that are told."""

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
        among = "" if ranked[0] is measured[0] else _of_those(ranked[0] is learned[0])
        parts += _ranked(ranked, among) if len(ranked) > 1 else _reaches(ranked[0])
        parts += _with_too_few_seeds([one for one in learned if one.rank is None])
    elif learned:
        parts += _unranked(learned, "" if learned[0] is measured[0] else _of_those(True))
    return [*parts, *on_guessing(measured, state.evaluated_on)]


def _of_those(are_all: bool) -> str:
    """Return among whom one is best, where a higher accuracy stands in the table.

    ``are_all``: whether these are all that learn, or only those of them that are ranked.
    """
    return "of those that learn, " if are_all else f"of those with {FEWEST_SEEDS} seeds or more, "


def _on_epoch(state: RunState) -> list[str]:
    reached = last_epoch(state)
    planned = state.started.experiment.training.epochs if state.started else reached
    return (
        [] if reached == planned else [f"Accuracies are those after epoch {reached} of {planned}."]
    )


def _ranked(learned: Sequence[SchemeSummary], among: str) -> list[str]:
    """Say who is best, ``among`` whom where that isn't everybody, and who is behind."""
    best = learned[0]
    level = f"{in_percent(_accuracy(best))} %"
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
        one for one in group[1:] if not _is_told(one) and _compared_to(one) == best.scheme
    ]
    return parts + _too_few_seeds(level_with)


def _one_group(group: Sequence[SchemeSummary], at_most: str) -> str:
    within = {one.scheme for one in group}
    told = [one for one in group if _is_told(one) and _compared_to(one) in within]
    if not told:
        return f"By accuracy {names(group)} can't be told apart ({at_most})."
    behind = [one for one in told if _is_behind(one)]
    though = [_behind(behind)] if behind else []
    though += [_ahead(one) for one in told if one not in behind]
    return (
        f"By accuracy {names(group)} can't be told apart as groups ({at_most}), though "
        f"{'; '.join(though)}."
    )


def _ahead(one: SchemeSummary) -> str:
    """Say of one of a lower mean that it is ahead under the seeds that both have."""
    found = one.accuracy_difference
    assert found is not None
    return (
        f"{one.scheme} is ahead of {found.to} by {_points(found)} under the {found.n} seeds that "
        "both have"
    )


def _behind(those: Sequence[SchemeSummary]) -> str:
    to = those[0].accuracy_difference
    assert to is not None
    first, *others = those
    by = [
        f"{one.scheme} by {_points(found)}"
        for one in others
        if (found := one.accuracy_difference) is not None
    ]
    return "; ".join([f"{first.scheme} is behind {to.to} by {_points(to)}", *by])


def _is_told(one: SchemeSummary) -> bool:
    """Whether it can be told apart from the best."""
    return one.accuracy_difference is not None and one.accuracy_difference.is_clear


def _is_behind(one: SchemeSummary) -> bool:
    found = one.accuracy_difference
    return found is not None and found.is_clear and found.mean < 0


def _compared_to(one: SchemeSummary) -> str | None:
    return one.accuracy_difference.to if one.accuracy_difference else None


def _too_few_seeds(level_with: Sequence[SchemeSummary]) -> list[str]:
    """Say how many seeds would tell differences like those that were seen, largest first."""
    told = [
        (one.scheme, found)
        for one in reversed(level_with)
        if (found := one.accuracy_difference) is not None and found.seeds_needed is not None
    ]
    if not told:
        return []
    each = [
        f"{found.seeds_needed} for {scheme} ({in_points(abs(found.mean))} points)"
        for scheme, found in told[:_MOST_ADVISED]
    ]
    fewest, most = (of(found.n for _, found in told[:_MOST_ADVISED]) for of in (min, max))
    seeds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return [f"{seeds} seeds are too few for such differences; it takes about {', '.join(each)}."]


def _reaches(one: SchemeSummary) -> list[str]:
    return [f"{one.scheme} reaches {in_percent(_accuracy(one))} %."]


def _with_too_few_seeds(unranked: Sequence[SchemeSummary]) -> list[str]:
    """Say who has no rank beside others that have: of its seeds too few were trained so far."""
    if not unranked:
        return []
    told = [
        f"{one.scheme} ({in_percent(_accuracy(one))} %, {_seeds(one)})"
        for one in unranked[:MOST_NAMES]
    ]
    if len(unranked) > MOST_NAMES:
        told.append(f"{len(unranked) - MOST_NAMES} more")
    return [f"Too few seeds to be ranked: {', '.join(told)}."]


def _seeds(one: SchemeSummary) -> str:
    seeds = one.val_accuracy.n if one.val_accuracy else 1
    return "one seed" if seeds == 1 else f"{seeds} seeds"


def _unranked(learned: Sequence[SchemeSummary], among: str) -> list[str]:
    """Say between what their accuracies lie, ``among`` whom where that isn't everybody."""
    best, last = learned[0], learned[-1]
    why = f"{_seeds(best)} can't rank what lies close together"
    if any(one.val_accuracy and one.val_accuracy.n >= FEWEST_SEEDS for one in learned):
        why = f"more than {MOST_COMPARED} are not ranked"
    elif len(best.trials) < FEWEST_SEEDS:
        why += f": use --seeds {FEWEST_SEEDS} or more"
    highest, lowest = (f"{in_percent(_accuracy(one))} %" for one in (best, last))
    if highest == lowest:
        return [f"{names(learned)} reach {highest}; {why}."]
    said = f"{among}accuracies go from {highest} ({best.scheme}) down to {lowest} ({last.scheme})"
    return [f"{said[0].upper()}{said[1:]}; {why}."]


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
    alone = [one for one in within if _is_told_early(one)]
    what = "loss of the first step" if steps == 1 else f"mean loss of the first {steps} steps"
    if not alone and len({one.first_rank for one in equal}) == 1:
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


def _is_told_early(one: SchemeSummary) -> bool:
    """Whether its first loss can be told apart from the lowest."""
    return one.first_difference is not None and one.first_difference.is_clear


def _above(those: Sequence[SchemeSummary], lowest: SchemeSummary) -> str:
    return "; ".join(
        f"{one.scheme} lies {_by(one, lowest, found)}at {times(found.mean)} times its loss "
        f"(95 % interval {times(found.joint_low)} to {times(found.joint_high)})"
        for one in those
        if (found := one.first_difference)
    )


def _by(one: SchemeSummary, lowest: SchemeSummary, found: Difference) -> str:
    """Return by how much a mean is higher; empty where only its logarithms are, on average.

    Of two under different seeds the one of the higher mean may be lower under those of both.
    """
    if found.mean < 0:
        return f"below under the {found.n} seeds that both have, "
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
    if len(reasons) > _MOST_REASONS + 1:  # one more is told as well
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


def _accuracy(summary: SchemeSummary) -> float:
    return summary.val_accuracy.mean if summary.val_accuracy else 0.0


def _points(found: Difference) -> str:
    """Return by how much one is behind the other, or ahead, with its interval."""
    low, high = sorted(abs(each) for each in (found.joint_low, found.joint_high))
    return (
        f"{in_points(abs(found.mean))} points (95 % interval {in_points(low)} to {in_points(high)})"
    )
