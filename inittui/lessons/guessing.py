"""Whether contestants do better than guessing, and whether that is what a source found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inittui.lessons.questions import CANT_TELL, Answer, AtChance
from inittui.lessons.wording import with_remark
from inittui.results.learning import Learning, judge
from inittui.results.state import RunState
from inittui.results.summary import furthest
from inittui.results.trial_state import TrialState
from inittui.text import in_percent, joined, short

_COMES_DOWN = 0.02
"""Relative, from quarter to quarter: what stays at guessing goes down by less than 0.001."""

_GUESSING: dict[str, tuple[str, str]] = {
    "at chance": ("stays at chance (guessing gives {} %)", "stay at chance (guessing gives {} %)"),
    "by seeds": (
        "can't be told from guessing ({} %) by so few seeds",
        "can't be told from guessing ({} %) by so few seeds",
    ),
    "below chance": ("is worse than guessing ({} %)", "are worse than guessing ({} %)"),
    "as untrained": (
        "differs from guessing ({} %) by no more than untrained networks may",
        "differ from guessing ({} %) by no more than untrained networks may",
    ),
    "loss explodes": ("has a loss far above guessing's", "have losses far above guessing's"),
    "learns": ("does better than guessing ({} %)", "do better than guessing ({} %)"),
    "too few images": ("can't be judged by so few images", "can't be judged by so few images"),
}
"""What is said of one contestant and of several; {} is the accuracy of guessing."""


def answer_at_chance(question: AtChance, state: RunState, *, is_small: bool) -> Answer:
    """Say who guesses and who learns.

    Whoever's loss still comes down in a small size may only not have begun to learn.
    """
    judged = {
        s: learning
        for s in question.asks_of(state.schemes)
        if (learning := judge(state, furthest(state.of_scheme(s)))) is not None
    }
    parts = [
        said
        for verdict, (one, several) in _GUESSING.items()
        if (said := _with_verdict(judged, verdict, one, several))
    ]
    told = [each for each in judged.values() if each.verdict != "too few images"]
    waiting = [
        s
        for s, each in judged.items()
        if is_small and not each.learns and _comes_down(furthest(state.of_scheme(s)))
    ]
    if waiting:
        told = [each for s, each in judged.items() if s not in waiting]
        parts.append(f"the loss of {joined(waiting)} still comes down: how it ends, {CANT_TELL}")
    verdicts = {s: CANT_TELL if s in waiting else e.verdict for s, e in judged.items()}
    holds = not any(each.learns for each in told) if told else None
    if question.published:
        told_as = {s: each.said_as for s, each in judged.items() if s not in waiting}
        holds, said = _beside_published(question, told_as)
        parts += [said] if said else []
    return Answer(
        "at-chance",
        with_remark(f"{'; '.join(parts) or 'Nothing was validated'}.", question.remark),
        holds=holds,
        measured={s: (100 * each.accuracy,) for s, each in judged.items()},
        verdicts=verdicts,
    )


_UNTOLD = ("too few images", "by seeds", "as untrained")
"""What neither is what a source found nor differs from it."""


def _beside_published(question: AtChance, told_as: Mapping[str, str]) -> tuple[bool | None, str]:
    """Return whether the source's verdicts were found here, and what is said of it."""
    met = {
        scheme: told_as[scheme] == found
        for scheme, found in question.published.items()
        if scheme in told_as and told_as[scheme] not in _UNTOLD
    }
    if not met:
        return None, ""
    source = joined(
        f"{scheme} {'learns' if found == 'learns' else 'stays at chance'}"
        for scheme, found in question.published.items()
        if scheme in met
    )
    off = [scheme for scheme, same in met.items() if not same]
    if off:
        return False, f"published: {source}, which is not so here for {joined(off)}"
    return True, f"published: {source}, as here"


def _with_verdict(judged: dict[str, Learning], verdict: str, one: str, several: str) -> str:
    found = {s: each for s, each in judged.items() if each.said_as == verdict}
    if not found:
        return ""
    guessing = short(100 * next(iter(found.values())).chance)
    said = (one if len(found) == 1 else several).format(guessing)
    named = [
        f"{s} ({in_percent(each.accuracy)} %{_but_not_under(each)})" for s, each in found.items()
    ]
    return f"{joined(named)} {said}"


def _but_not_under(each: Learning) -> str:
    if not each.seeds_at_chance:
        return ""
    return f", of {each.seeds} seeds {each.seeds_at_chance} not to be told from guessing"


def _comes_down(trials: Sequence[TrialState]) -> bool:
    """Whether the training loss of the last quarter is clearly below that of the one before."""
    last = [mean for trial in trials if (mean := _mean_of(trial, 3 / 4, 1)) is not None]
    before = [mean for trial in trials if (mean := _mean_of(trial, 1 / 2, 3 / 4)) is not None]
    return bool(last and before) and sum(last) < (1 - _COMES_DOWN) * sum(before)


def _mean_of(trial: TrialState, begin: float, end: float) -> float | None:
    part = trial.losses[int(begin * trial.steps) : int(end * trial.steps)]
    return sum(part) / len(part) if part else None
