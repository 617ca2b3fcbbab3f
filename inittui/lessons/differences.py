"""Whether two contestants of a lesson can be told apart, paired by seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from inittui.lessons.questions import CANT_TELL, Answer
from inittui.lessons.questions import Difference as Question
from inittui.lessons.wording import first_batches
from inittui.results.comparison import (
    FEWEST_SEEDS,
    LEVEL,
    Difference,
    jointly,
    measure_differences,
    paired_difference,
)
from inittui.results.learning import accuracy_of_an_image
from inittui.results.state import RunState
from inittui.results.summary import final_accuracy, last_epoch, whole_first_loss
from inittui.results.trial_state import TrialState
from inittui.text import short


def answer_difference(
    question: Question,
    state: RunState,
    *,
    is_small: bool = False,
    among: Sequence[Question] = (),
) -> Answer:
    """Return the mean paired difference of two contestants, with its interval where it has one.

    It is judged together with all that are asked for, ``among``, by Holm's procedure. What a small
    size doesn't tell apart, a larger one may: there it is said that it can't tell.
    """
    unit = " points" if question.of == "accuracy" else ""
    differences = _differences(question, state)
    what = "accuracy" if question.of == "accuracy" else first_batches(state)
    head = f"{question.between[0]} less {question.between[1]}, {what}"
    published = f" (published {question.published:+g}{unit})" if question.published else ""
    if not differences or not all(map(math.isfinite, differences)):
        return Answer("difference", f"{head}: not known.")
    mean = sum(differences) / len(differences)
    shown = f"{_signed(mean)}{unit}{published}"
    measured = {head: tuple(differences)}
    asked = {_key(each): each for each in (*among, question)}
    found = _judged(asked, state).get(_key(question))
    if found is None:
        seeds = "1 seed" if len(differences) == 1 else f"{len(differences)} seeds"
        text = f"{head}: {shown}; {seeds} can't tell whether that is chance, {FEWEST_SEEDS} can."
        return Answer("difference", text, measured=measured, verdicts={head: CANT_TELL})
    waits = is_small and not found.is_clear
    verdict = "they can be told apart" if found.is_clear else "they can't be told apart"
    verdict = CANT_TELL if waits else verdict
    of = f"{len(asked)} differences"
    kind = f"Holm's interval for {of}" if len(asked) > 1 else f"{100 * (1 - LEVEL):.0f} % interval"
    text = (
        f"{head}: {shown}, {kind} {_signed(found.joint_low)} to {_signed(found.joint_high)} over "
        f"{found.n} seeds: {verdict}."
    )
    return Answer(
        "difference",
        f"{text} {question.remark}" if question.remark else text,
        holds=None if waits else found.is_clear,
        measured=measured,
        verdicts={head: CANT_TELL if waits else _side(mean) if found.is_clear else "alike"},
    )


_Key = tuple[str, tuple[str, str]]


def _key(question: Question) -> _Key:
    return question.of, question.between


def _judged(asked: Mapping[_Key, Question], state: RunState) -> dict[_Key, Difference]:
    known = {}
    for key, question in asked.items():
        differences = _differences(question, state)
        grain = 100 * accuracy_of_an_image(state) if question.of == "accuracy" else 0.0
        found = paired_difference(key[1][1], differences, grain)
        values = measure_differences(differences, grain)
        if found is not None and values is not None:
            known[key] = (found, values)
    return jointly(known)


def _differences(question: Question, state: RunState) -> list[float]:
    """Return the differences under each seed that both have."""
    one, other = question.between
    of, scale = _quantity(question, state)
    mine = {t.seed: v for t in state.of_scheme(one) if (v := of(t)) is not None}
    theirs = {t.seed: v for t in state.of_scheme(other) if (v := of(t)) is not None}
    return [scale * (mine[seed] - theirs[seed]) for seed in mine if seed in theirs]


def _side(mean: float) -> str:
    return "higher" if mean > 0 else "lower"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else ''}{short(value)}"


def _quantity(
    question: Question, state: RunState
) -> tuple[Callable[[TrialState], float | None], float]:
    """Return how it is read, as the run's table compares it, and its scale."""
    if question.of == "accuracy":
        final = last_epoch(state)
        return (lambda trial: final_accuracy(trial, final)), 100.0
    return (lambda trial: whole_first_loss(state, trial)), 1.0
