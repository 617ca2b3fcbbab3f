"""What was seen, in sentences that the numbers support."""

from __future__ import annotations

from collections.abc import Sequence

from inittui.results.state import RunState
from inittui.results.summary import FEWEST_SEEDS, Difference, SchemeSummary, first_steps, last_epoch
from inittui.views.frame import Frame
from inittui.views.statuses import ended_as

_AT_CHANCE = 1.5
"""An accuracy below this many times that of guessing is called chance."""

_MOST_NAMES = 5


def sentence(state: RunState, summaries: Sequence[SchemeSummary], frame: Frame) -> str:
    """Return one paragraph on a run: the best, what can't be told apart, chance, divergence."""
    measured = [one for one in summaries if one.is_final]
    parts = [
        *_on_accuracy(state, measured),
        *_on_first_loss(measured, first_steps(state)),
        *_on_ends(summaries),
    ]
    return frame.say(" ".join([*(parts or [_nothing_yet(state)]), *_on_chaos(summaries)]))


def _nothing_yet(state: RunState) -> str:
    if state.status == "running":
        return "Nothing has been validated yet."
    reason = state.ended.reason if state.ended else ""
    return f"Nothing was measured{': ' + reason if reason else '.'}"


def _on_accuracy(state: RunState, measured: Sequence[SchemeSummary]) -> list[str]:
    if not measured:
        return []
    chance = 1 / state.started.classes if state.started and state.started.classes else 0.0
    lost = [one for one in measured if _accuracy(one) < _AT_CHANCE * chance]
    learned = [one for one in measured if one not in lost]
    parts = _on_epoch(state)
    if len(learned) == 1:
        parts.append(f"{learned[0].scheme} reaches {100 * _accuracy(learned[0]):.2f} %.")
    elif learned:
        parts += _ranked(learned) if learned[0].rank is not None else _unranked(learned)
    if lost:
        stay = "stays" if len(lost) == 1 else "stay"
        parts.append(f"{names(lost)} {stay} at chance (about {100 * chance:.0f} %).")
    return parts


def _on_epoch(state: RunState) -> list[str]:
    """Say after which epoch accuracies are compared, where it isn't the last."""
    reached = last_epoch(state)
    planned = state.started.experiment.training.epochs if state.started else reached
    return (
        [] if reached == planned else [f"Accuracies are those after epoch {reached} of {planned}."]
    )


def _ranked(learned: Sequence[SchemeSummary]) -> list[str]:
    together = [one for one in learned if one.rank == learned[0].rank]
    behind = [one for one in learned if one not in together and one.accuracy_difference]
    best = learned[0]
    level = f"{100 * _accuracy(best):.2f} %"
    if len(together) == 1:
        parts = [f"{best.scheme} is best with {level}."]
    else:
        seeds = best.val_accuracy.n if best.val_accuracy else 0
        parts = [
            f"By accuracy {names(together)} can't be told apart (at most {level}, {seeds} seeds)."
        ]
    for one in behind[:1]:
        assert one.accuracy_difference is not None
        parts.append(f"{one.scheme} is behind {best.scheme} by {_points(one.accuracy_difference)}.")
    return parts


def _unranked(learned: Sequence[SchemeSummary]) -> list[str]:
    best, last = learned[0], learned[-1]
    seeds = best.val_accuracy.n if best.val_accuracy else 1
    few = "one seed" if seeds == 1 else f"{seeds} seeds"
    return [
        f"Accuracies go from {100 * _accuracy(best):.2f} % ({best.scheme}) down to "
        f"{100 * _accuracy(last):.2f} % ({last.scheme}); {few} can't rank what lies close "
        f"together: use --seeds {FEWEST_SEEDS} or more."
    ]


def _on_first_loss(measured: Sequence[SchemeSummary], steps: int) -> list[str]:
    """Say what the early loss tells apart, where accuracy can't."""
    equal = [one for one in measured if one.rank == 1 and one.first_rank is not None]
    equal.sort(key=lambda one: one.first_rank or 0)
    lowest = [one for one in equal if one.first_rank == equal[0].first_rank]
    above = [
        one
        for one in equal
        if one not in lowest and one.first_difference and one.first_difference.is_clear
    ]
    if len(equal) < 2:
        return []
    what = f"mean loss of the first {steps} steps"
    if not above:
        return [f"The {what} doesn't tell {names(equal)} apart either."]
    difference = above[0].first_difference
    assert difference is not None
    be = "are" if len(lowest) > 1 else "is"
    of = "" if difference.to == lowest[0].scheme and len(lowest) == 1 else f" {difference.to}"
    return [
        f"By the {what} {names(lowest)} {be} lowest, {above[0].scheme} lies "
        f"{difference.mean:.3g} above{of} ({_interval(difference.low, difference.high, '.3g')})."
    ]


def _on_ends(summaries: Sequence[SchemeSummary]) -> list[str]:
    parts = []
    for status in ("diverged", "failed", "interrupted"):
        found = [one for one in summaries if any(t.status == status for t in one.trials)]
        if found:
            did = ended_as(status, several=len(found) > 1)
            parts.append(f"{names(found)} {did}{_first_reason(found, status)}.")
    return parts


def _first_reason(found: Sequence[SchemeSummary], status: str) -> str:
    if len(found) > 1:
        return ""
    trial = next(t for t in found[0].trials if t.status == status)
    at = f" at step {trial.steps}" if status == "diverged" else ""
    return f"{at} ({trial.reason})" if trial.reason else at


def _on_chaos(summaries: Sequence[SchemeSummary]) -> list[str]:
    if not any(one.scheme.split("@")[0].split("/")[0] == "ones" for one in summaries):
        return []
    return ["(The path of ones is chaotic: it amplifies rounding, so its figures repeat on the "
            "same machine and settings only.)"]  # fmt: skip


def names(schemes: Sequence[SchemeSummary]) -> str:
    """Return "a", "a and b", "a, b and c", or "a, b, c, d and 9 more"."""
    known = [one.scheme for one in schemes]
    if len(known) > _MOST_NAMES:
        known = [*known[: _MOST_NAMES - 1], f"{len(known) - _MOST_NAMES + 1} more"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def _accuracy(summary: SchemeSummary) -> float:
    return summary.val_accuracy.mean if summary.val_accuracy else 0.0


def _points(difference: Difference) -> str:
    mean, low, high = (-100 * value for value in (difference.mean, difference.high, difference.low))
    return f"{mean:.2f} points ({_interval(low, high, '.2f')})"


def _interval(low: float, high: float, form: str) -> str:
    return f"95 % interval {low:{form}} to {high:{form}}"
