"""Conditions under which a comparison counts as failed: `rule < 0.8`, `rule worse-than normal`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from inittui.errors import UsageError, nearest
from inittui.results.comparison import FEWEST_SEEDS, paired_difference
from inittui.results.learning import accuracy_of_an_image
from inittui.results.state import RunState
from inittui.results.summary import accuracy_of, final_accuracy, last_epoch
from inittui.text import apart, in_points, sanitize

_LEVEL = re.compile(r"(?P<scheme>.+?)\s*(?P<sign><=|>=|<|>)\s*(?P<level>\d*\.?\d+)\s*(?P<unit>%?)")
_WORSE = re.compile(r"(?P<scheme>.+?)\s+worse-than\s+(?P<other>.+)")

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """On a contestant's mean accuracy: beside a level, or beside another one's."""

    scheme: str
    sign: str = ""
    """Of the level; empty where it is another contestant that is worse."""
    level: float = 0.0
    """A fraction."""
    other: str = ""


def parse_condition(
    text: str, contestants: Collection[str], seeds: int, spelled: Callable[[str], str]
) -> Condition:
    """Read a condition.

    Args:
        text: as it was typed.
        contestants: those of the experiment.
        seeds: how many it has.
        spelled: returns a scheme as the experiment names it; raises `UsageError`.

    Raises:
        UsageError: it has another form, or can't be told of this experiment.
    """
    shown = sanitize(text, 80)
    found = _LEVEL.fullmatch(text.strip()) or _WORSE.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--fail-if: '{shown}' is neither of the form 'rule < 0.8' nor 'rule worse-than normal'"
        )
    names = [_contestant(name, contestants, spelled) for name in _names(found)]
    if found.re is _LEVEL:
        level = float(found["level"]) / (100 if found["unit"] else 1)
        if not 0 <= level <= 1:
            raise UsageError(
                f"--fail-if: '{shown}': an accuracy is from 0 to 1, or from 0% to 100%"
            )
        return Condition(names[0], found["sign"], level)
    if names[0] == names[1]:
        raise UsageError(f"--fail-if: '{shown}' compares a scheme with itself")
    if seeds < FEWEST_SEEDS:
        raise UsageError(
            f"--fail-if: '{shown}' can't be told from {seeds} seed{'s' if seeds > 1 else ''}: "
            f"take --seeds {FEWEST_SEEDS} or more"
        )
    return Condition(names[0], other=names[1])


def _names(found: re.Match[str]) -> list[str]:
    return [name for key, name in found.groupdict().items() if key in ("scheme", "other")]


def _contestant(name: str, contestants: Collection[str], spelled: Callable[[str], str]) -> str:
    if name in contestants:
        return name
    try:
        known = spelled(name)
    except UsageError:
        known = name
    if known in contestants:
        return known
    hint = nearest(name, contestants) or "; it has to be one of those compared"
    raise UsageError(f"--fail-if: no contestant is called '{sanitize(name, 80)}'{hint}")


def broken(condition: Condition, state: RunState) -> str | None:
    """Return why a run fails by a condition; None where it doesn't.

    A contestant none of whose trials was trained to the end is below any level and worse than any
    that was. Otherwise worse is told by the paired t-test at 5 %, two-sided, of this one pair.
    """
    trials = state.of_scheme(condition.scheme)
    accuracy = accuracy_of(trials)
    if accuracy is None or not _final(state, condition.scheme):
        is_told = condition.sign.startswith("<") or bool(condition.other)
        return f"{condition.scheme} was not trained to the end" if is_told else None
    if condition.sign:
        holds = _HOLDS[condition.sign](accuracy.mean, condition.level)
        if not holds:
            return None
        found, level = _beside(accuracy.mean, condition.level), f"{condition.level:.15g}"
        return f"{condition.scheme} has an accuracy of {found}, {condition.sign} {level}"
    mine, theirs = (_final(state, name) for name in (condition.scheme, condition.other))
    difference = paired_difference(
        condition.other,
        [mine[seed] - theirs[seed] for seed in mine if seed in theirs],
        accuracy_of_an_image(state),
    )
    if difference is None or not difference.is_clear or difference.mean >= 0:
        return None
    return (
        f"{condition.scheme} is worse than {condition.other} by {in_points(-difference.mean)} "
        f"points, 95 % interval {in_points(-difference.high)} to {in_points(-difference.low)}, "
        f"{difference.n} seeds"
    )


def _beside(accuracy: float, level: float) -> str:
    """Return an accuracy to four decimals, or to as many as tell it from the level."""
    found = f"{accuracy:.4f}"
    return found if float(found) != level or accuracy == level else apart(accuracy, level, 5)[0]


def _final(state: RunState, scheme: str) -> dict[int, float]:
    """Return the accuracies after the last epoch, by seed."""
    final = last_epoch(state)
    return {
        trial.seed: accuracy
        for trial in state.of_scheme(scheme)
        if (accuracy := final_accuracy(trial, final)) is not None
    }
