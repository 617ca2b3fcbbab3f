"""What a lesson's sweeps say: which values learn, which are best, and when they begin to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inittui.events.wire_numbers import Number, from_wire
from inittui.experiment.trials import Setting, format_setting
from inittui.lessons.questions import CANT_TELL, Answer, BestRange, Learns, Onset
from inittui.lessons.wording import LISTED
from inittui.results.best_ranges import best_ranges
from inittui.results.comparison import percent
from inittui.results.learning import (
    Learning,
    chance_of,
    judge,
    judge_numbers,
    state_classes,
    validated_images,
)
from inittui.results.state import RunState
from inittui.results.summary import furthest, told_apart
from inittui.results.sweep_results import NEAR_BEST, Axis, Curve, Point, swept_axes
from inittui.text import first_ones, in_percent, number_of, short

_WAITS = ("at chance", "too few images", "below chance", "as untrained")
"""Verdicts on what may only not have begun to learn: its loss is about that of guessing."""

_NOTHING = "Nothing was swept."


def answer_best_range(question: BestRange, state: RunState, *, is_small: bool) -> Answer:
    """Say which values are best, and how far below the others end.

    In a small size what has not begun to learn, or still gets better, isn't called lower.
    """
    parts: list[str] = []
    measured: dict[str, tuple[Number | None, ...]] = {}
    verdicts: dict[str, str] = {}
    is_behind = told_apart(state)
    for axis in swept_axes(state):
        parts += [_sentence(text) for text in best_ranges(axis, is_behind)]
        for curve in axis.curves:
            measured[curve.name] = _in_percent(curve)
            found = _lower(axis, curve, state, is_small=is_small)
            verdicts |= {f"{curve.name}: {shown(value)}": each for value, each in found.items()}
            if len(axis.curves) == 1:
                parts += _outside(axis, curve, found)
        parts += [f"{name}: {percent(accuracy)}." for name, accuracy in axis.references]
    text = "\n".join(parts) or _NOTHING
    return Answer("best-range", text, measured=measured, verdicts=verdicts)


def _lower(axis: Axis, curve: Curve, state: RunState, *, is_small: bool) -> dict[Setting, str]:
    """Return whether each value belongs to the best, ends lower, or can't be judged yet."""
    near = curve.best_range if _learns_anywhere(curve) else ()
    open_ones = {
        p.value for p in curve.points if is_small and p.is_sound and _is_open(axis, p, state)
    }
    return {
        p.value: "best" if p in near else CANT_TELL if p.value in open_ones else "lower"
        for p in curve.points
        if p.final is not None and (near or p.value in open_ones)
    }


def _learns_anywhere(curve: Curve) -> bool:
    """Whether there is a best value at all; where a log can't tell, it is taken to be."""
    judged = [point.learning for point in curve.points if point.learning is not None]
    return not judged or any(each.learns for each in judged)


def _outside(axis: Axis, curve: Curve, found: dict[Setting, str]) -> list[str]:
    """Say how far below the best the other values end."""
    told = {
        verdict: [
            f"{shown(p.value)} {percent(p.final)}{'' if p.is_sound else ' (diverged)'}"
            for p in curve.points
            if found.get(p.value) == verdict
        ]
        for verdict in ("lower", CANT_TELL)
    }
    lines = []
    if told["lower"]:
        lines.append(f"Outside of it: {axis.title} {first_ones(told['lower'], LISTED)}.")
    if told[CANT_TELL]:
        lines.append(
            f"Not at an end yet: {axis.title} {first_ones(told[CANT_TELL], LISTED)}; how far they "
            f"come {CANT_TELL}."
        )
    return lines


def _is_open(axis: Axis, point: Point, state: RunState) -> bool:
    """Whether a seed has not begun to learn, or they still got better by more than a hundredth."""
    trials = [
        t for t in state.trials if t.plan is not None and t.plan.swept.get(axis.name) == point.value
    ]
    if any((each := judge(state, [t])) is not None and each.verdict in _WAITS for t in trials):
        return True
    gains = []
    for trial in furthest(trials):
        known = [each.val_accuracy for each in trial.validated]
        quarter = max(len(known) // 4, 1)
        if len(known) > quarter:
            gains.append(known[-1] - known[-1 - quarter])
    return bool(gains) and sum(gains) / len(gains) > NEAR_BEST


def answer_learns(question: Learns, state: RunState, *, is_small: bool) -> Answer:
    """Say which values of each sweep, or of one sweep under all others, do better than guessing."""
    axes = [
        a for a in swept_axes(state) if (a.name == question.by if question.by else a.is_numeric)
    ]
    if question.by:
        return _learns_by(axes, is_small=is_small)
    parts = []
    measured: dict[str, tuple[Number | None, ...]] = {}
    verdicts: dict[str, str] = {}
    for axis in axes:
        for curve in axis.curves:
            measured[curve.name] = _in_percent(curve)
            found = {p.value: _learning(p, is_small=is_small) for p in curve.trained}
            verdicts |= {f"{curve.name}: {shown(value)}": each for value, each in found.items()}
            parts.append(f"{curve.name}: {_learned(axis, curve, found)}")
            parts += _exploded(curve)
    text = "\n".join(parts) or _NOTHING
    return Answer("learns", text, measured=measured, verdicts=verdicts)


def _learns_by(axes: Sequence[Axis], *, is_small: bool) -> Answer:
    """Count, under each value of a sweep, the combinations of all others that learn."""
    parts = []
    measured: dict[str, tuple[Number | None, ...]] = {}
    for axis in axes:
        for value in axis.values:
            points = [p for c in axis.curves for p in c.trained if p.value == value]
            found = [_learning(p, is_small=is_small) for p in points]
            good = found.count("learns")
            measured[f"{axis.title} {shown(value)}"] = (float(good), float(len(found)))
            waiting = found.count(CANT_TELL)
            later = f", of {waiting} {CANT_TELL}" if waiting else ""
            said = f"{good} of {len(found)} learn{later}" if found else "none trained to the end"
            parts.append(f"{axis.title} {shown(value)}: {said}")
    text = f"{'; '.join(parts)}." if parts else _NOTHING
    return Answer("learns", text, measured=measured)


def _learning(point: Point, *, is_small: bool) -> str:
    """Return the verdict of one value.

    In a small size a value that guesses may only not have begun yet: its loss is that of guessing.
    """
    if not point.is_sound:
        return "diverged"
    verdict = point.learning.verdict if point.learning is not None else "too few images"
    return CANT_TELL if is_small and verdict in _WAITS else verdict


def _exploded(curve: Curve) -> list[str]:
    """Name the values that are right more often than guessing, with a loss far above guessing's."""
    far = [
        (point, point.learning)
        for point in curve.trained
        if point.is_sound
        and point.learning is not None
        and point.learning.verdict == "loss explodes"
    ]
    if not far:
        return []
    told = [f"{shown(p.value)} ({in_percent(each.accuracy, 1)} %)" for p, each in far]
    return [
        f"Right more often than guessing ({short(100 * far[0][1].chance)} %), but with a loss far "
        f"above guessing's: {first_ones(told, LISTED)}."
    ]


def _learned(axis: Axis, curve: Curve, found: dict[Setting, str]) -> str:
    """Say how many values learn, of those that were trained to the end."""
    trained, values = len(curve.trained), len(curve.points)
    if not trained:
        return f"so far no value of {axis.title} was trained to the end."
    of = f"{values} values of {axis.title}"
    if trained < values:
        of = f"the {trained} values of {axis.title} that were trained to the end"
    good = [
        f"{shown(p.value)}{under_seeds(p.learning)}"
        for p in curve.trained
        if found[p.value] == "learns"
    ]
    waiting = [shown(value) for value, verdict in found.items() if verdict == CANT_TELL]
    learn = "learns" if len(good) == 1 else "learn"
    which = f": {first_ones(good, LISTED)}" if good else ""
    lost = [shown(value) for value, verdict in found.items() if verdict == "diverged"]
    left = f"; {first_ones(lost, LISTED)} diverged" if lost else ""
    left += "" if trained == values else f" (left out: {values - trained})"
    later = f"; whether {first_ones(waiting, LISTED)} will, {CANT_TELL}" if waiting else ""
    return f"{len(good)} of {of} {learn}{which}{left}{later}."


def under_seeds(learning: Learning | None) -> str:
    """Return under how many seeds something learns, where it surely guesses under others."""
    if learning is None or not learning.seeds_at_chance:
        return ""
    return f" (under {learning.seeds - learning.seeds_at_chance} of {learning.seeds} seeds)"


def answer_onset(question: Onset, state: RunState) -> Answer:
    """Say after how many steps each contestant is first clearly better than guessing."""
    images, chance = validated_images(state), chance_of(state)
    if images is None or chance is None:
        return Answer("onset", "When they begin to learn is not on record.")
    steps = {
        scheme: _first_clear_step(state, scheme, images, chance)
        for scheme in question.asks_of(state.schemes)
    }
    began = {each[0] for each in steps.values() if each is not None}
    groups = [
        f"after {number_of(step, 'step')} "
        + ", ".join(
            f"{brief(state, s)}{under_seeds(each[1])}"
            for s, each in steps.items()
            if each is not None and each[0] == step
        )
        for step in sorted(began)
    ]
    never: dict[int, list[str]] = {}
    for scheme in (scheme for scheme, each in steps.items() if each is None):
        never.setdefault(_validated_until(state, scheme), []).append(brief(state, scheme))
    groups += [
        f"{'not in ' + number_of(until, 'step') if until else 'never validated'} {', '.join(those)}"
        for until, those in sorted(never.items(), reverse=True)
    ]
    return Answer(
        "onset",
        f"Clearly better than guessing: {'; '.join(groups)}.",
        measured={s: (None if each is None else float(each[0]),) for s, each in steps.items()},
    )


def _validated_until(state: RunState, scheme: str) -> int:
    """Return the steps before the last validation that all seeds of a contestant have; 0: none."""
    trials = furthest(state.of_scheme(scheme))
    if all(trial.status == "finished" for trial in trials):
        return state.total_steps
    return min((each[-1].step if (each := t.validated) else 0 for t in trials), default=0)


def _first_clear_step(
    state: RunState, scheme: str, images: int, chance: float
) -> tuple[int, Learning] | None:
    """Return the first step from which on every accuracy, seeds pooled, beats guessing.

    And what was judged there: some seeds may begin before others.
    """
    trials = furthest(state.of_scheme(scheme))
    found: tuple[int, Learning] | None = None
    for moments in zip(*(trial.validated for trial in trials), strict=False):
        judged = judge_numbers(
            [each.val_accuracy for each in moments],
            [from_wire(each.val_loss) for each in moments],
            images,
            chance,
            state_classes(state),
        )
        if judged.verdict not in ("learns", "loss explodes"):
            found = None
        elif found is None:
            found = moments[0].step, judged
    return found


def _in_percent(curve: Curve) -> tuple[float | None, ...]:
    """Return the mean accuracy of each value; None where none was trained to the end."""
    return tuple(None if p.final is None else 100 * p.final.mean for p in curve.points)


def _sentence(text: str) -> str:
    return text if ":" in text.split(" ", maxsplit=1)[0] else text[0].upper() + text[1:]


def brief(state: RunState, scheme: str) -> str:
    """Return a contestant's swept values, std=0.1; its name where nothing is swept."""
    plan = next(trial.plan for trial in state.of_scheme(scheme))
    swept = plan.swept if plan is not None else {}
    parts = (f"{re.split('[:.]', key)[-1]}={shown(value)}" for key, value in swept.items())
    return " ".join(parts) or scheme


def shown(value: Setting) -> str:
    """Return a swept value as a sentence has it."""
    return short(float(value)) if isinstance(value, float) else format_setting(value)
