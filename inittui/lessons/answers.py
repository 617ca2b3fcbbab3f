"""Answers to a lesson's questions, computed from what its run measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from inittui.events.wire_numbers import Number, all_to_wire, to_wire
from inittui.initializers.sampling import sample_of
from inittui.lessons.differences import answer_difference
from inittui.lessons.layer_values import answer_layers, named
from inittui.lessons.lesson import Part
from inittui.lessons.questions import (
    Accuracy,
    Answer,
    AtChance,
    BestRange,
    Difference,
    Layers,
    Learns,
    Loss,
    Moments,
    Question,
    SameStart,
    Written,
)
from inittui.results.comparison import percent
from inittui.results.curves import curve_of
from inittui.results.learning import Learning, Verdict, judge
from inittui.results.state import ENDED, RunState
from inittui.results.summary import accuracy_of, first_loss_of, first_steps, furthest
from inittui.results.sweep_results import Axis, Curve, best_ranges, swept_axes
from inittui.text import short

_AFTER_TRAINING = ("at-chance", "difference")
"""Answers whose verdict depends on the training."""

_LISTED = 12
"""Parameters or values that are named in one sentence."""

_UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is known of values that were drawn from one initializer."""

    count: int
    mean: float
    std: float
    expected_mean: float
    expected_std: float


def answer(question: Question, state: RunState) -> Answer:
    """Answer from a run; what the run has not measured is said."""
    found = _answer(question, state)
    return msgspec.structs.replace(found, look=question.look, reference=question.reference)


def _answer(question: Question, state: RunState) -> Answer:
    match question:
        case Accuracy():
            found = _accuracy(question, state)
        case AtChance():
            found = _at_chance(question, state)
        case Loss():
            found = _loss(question, state)
        case Difference():
            found = answer_difference(question, state)
        case SameStart():
            found = _same_start(question, state)
        case BestRange():
            found = _best_range(state)
        case Learns():
            found = _learns(state)
        case Layers():
            found = answer_layers(question, state)
        case Written():
            found = _written(question, state)
        case Moments():
            found = _moments(state)
    return found


def answer_part(part: Part, state: RunState) -> tuple[Answer, ...]:
    """Answer what a part of a lesson asks, from what was trained, looked into or drawn for it."""
    if part.is_trained:
        return answer_all(part.ask, state)
    return tuple(answer(question, state) for question in part.ask)


def answer_all(questions: Sequence[Question], state: RunState) -> tuple[Answer, ...]:
    """Answer a lesson's questions from the run that was made for them.

    Of a run that did not end, this is said first, and no verdict is given on what depends on the
    training.
    """
    answers = tuple(answer(question, state) for question in questions)
    ended = sum(trial.status in ENDED for trial in state.trials)
    if ended == len(state.trials):
        return answers
    text = (
        f"{ended} of {len(state.trials)} trials were trained to the end: "
        "the accuracies and losses below are of what was measured until then."
    )
    open_ended = tuple(
        msgspec.structs.replace(found, holds=None) if found.says in _AFTER_TRAINING else found
        for found in answers
    )
    return (Answer("unfinished", text), *open_ended)


def answer_moments(drawn: Drawn) -> Answer:
    """Compare drawn values with their distribution.

    The mean of n values is within 3 std/√n of what is expected 99.7 % of the times.
    """
    reach = 3 * drawn.expected_std / math.sqrt(drawn.count)
    off = drawn.mean - drawn.expected_mean
    text = (
        f"{drawn.count:,} values: mean {short(drawn.mean)} (expected {short(drawn.expected_mean)}, "
        f"within ±{short(reach)} 99.7 % of the times), standard deviation {short(drawn.std)} "
        f"(expected {short(drawn.expected_std)})."
    )
    measured = {"mean": (drawn.mean,), "std": (drawn.std,)}
    return Answer("moments", text, abs(off) <= reach, measured)


def _moments(state: RunState) -> Answer:
    if state.drawn is None:
        return Answer("moments", "Nothing was drawn.")
    drawn = sample_of(state.drawn)
    expected = drawn.expected
    if expected is None:
        return Answer("moments", f"What to expect of {drawn.call} is not known.")
    measured = drawn.measured
    return answer_moments(
        Drawn(drawn.size, measured.mean, measured.std, expected.mean, expected.std)
    )


def _contestants(question: Question, state: RunState) -> list[str]:
    return [s for s in state.schemes if not question.schemes or s in question.schemes]


def _accuracy(question: Accuracy, state: RunState) -> Answer:
    found = {s: accuracy_of(state.of_scheme(s)) for s in _contestants(question, state)}
    told = [
        f"{s} {percent(m)}{_beside(question.published.get(s), ' %')}" for s, m in found.items() if m
    ]
    text = f"{state.evaluated_on.capitalize()} accuracy: {', '.join(told) or _UNKNOWN}."
    return Answer(
        "accuracy",
        _with_remark(text, question.remark),
        measured={s: all_to_wire([100 * m.mean]) for s, m in found.items() if m},
        published={s: (value,) for s, value in question.published.items()},
    )


def _at_chance(question: AtChance, state: RunState) -> Answer:
    judged = {
        s: learning
        for s in _contestants(question, state)
        if (learning := judge(state, furthest(state.of_scheme(s)))) is not None
    }
    parts = [
        said
        for verdict, (one, several) in _GUESSING.items()
        if (said := _with_verdict(judged, verdict, one, several))
    ]
    told = [each for each in judged.values() if each.verdict != "too few images"]
    return Answer(
        "at-chance",
        _with_remark(f"{'; '.join(parts) or 'Nothing was validated'}.", question.remark),
        holds=not any(each.learns for each in told) if told else None,
        measured={s: (100 * each.accuracy,) for s, each in judged.items()},
    )


_GUESSING: dict[Verdict, tuple[str, str]] = {
    "at chance": ("stays at chance (guessing gives {} %)", "stay at chance (guessing gives {} %)"),
    "below chance": ("is worse than guessing ({} %)", "are worse than guessing ({} %)"),
    "loss explodes": ("has a loss far above guessing's", "have losses far above guessing's"),
    "learns": ("does better than guessing ({} %)", "do better than guessing ({} %)"),
    "too few images": ("can't be judged by so few images", "can't be judged by so few images"),
}
"""What is said of one contestant and of several; {} is the accuracy of guessing."""


def _with_verdict(judged: dict[str, Learning], verdict: Verdict, one: str, several: str) -> str:
    found = {s: each for s, each in judged.items() if each.verdict == verdict}
    if not found:
        return ""
    guessing = short(100 * next(iter(found.values())).chance)
    said = (one if len(found) == 1 else several).format(guessing)
    return f"{_with_percents({s: each.accuracy for s, each in found.items()})} {said}"


_LOSSES = {
    "start": "Loss of the first batch",
    "first-100": "Mean loss of the first 100 batches",
    "last": "Loss of the last batch",
}


def _loss(question: Loss, state: RunState) -> Answer:
    found = {s: _mean_loss(question, state, s) for s in _contestants(question, state)}
    told = [
        f"{s} {short(m[0], 4)}{_of(m[1], state, s)}{_beside(question.published.get(s), '')}"
        for s, m in found.items()
        if m
    ]
    return Answer(
        "loss",
        _with_remark(f"{_LOSSES[question.of]}: {', '.join(told) or _UNKNOWN}.", question.remark),
        measured={s: (to_wire(m[0]),) for s, m in found.items() if m},
        published={s: (value,) for s, value in question.published.items()},
    )


def _mean_loss(question: Loss, state: RunState, scheme: str) -> tuple[float, int] | None:
    """Return the loss and over how many seeds it is; as in the table, or at a step of the curve."""
    trials = state.of_scheme(scheme)
    if question.of == "first-100":
        found = first_loss_of(trials, first_steps(state))
        return (found.mean, found.n) if found else None
    step = 1 if question.of == "start" else max(trial.steps for trial in trials)
    curve = curve_of(trials, "train_loss", (step, step))
    return (float(curve.mean[0]), int(curve.count[0])) if curve.x.size else None


def _of(seeds: int, state: RunState, scheme: str) -> str:
    """Say over how many of the seeds a mean is, where it isn't over all."""
    planned = len(state.of_scheme(scheme))
    return "" if seeds == planned else f" (over {seeds} of {planned} seeds)"


def _same_start(question: SameStart, state: RunState) -> Answer:
    one, other = question.between
    pairs = [
        (a.start, b.start)
        for a in state.of_scheme(one)
        for b in state.of_scheme(other)
        if a.seed == b.seed and a.start and b.start
    ]
    if not pairs:
        return Answer("same-start", f"Start values of {one} and {other} are not on record.")
    equal: list[str] = []
    differ: list[str] = []
    for place, values in enumerate(pairs[0][0]):
        same = all(a[place].digest == b[place].digest for a, b in pairs)
        (equal if same else differ).append(values.parameter)
    seeds = "the seed" if len(pairs) == 1 else f"each of {len(pairs)} seeds"
    said = [
        f"bitwise equal are {_listed(equal)}" if equal else "no parameter is bitwise equal",
        *([f"{_listed(differ)} differ{'s' if len(differ) == 1 else ''}"] if differ else []),
    ]
    if differ and equal and all(name.rpartition(".")[2] == "bias" for name in differ):
        said.append("so the two differ in the biases alone")
    text = f"At the start of {one} and {other} under {seeds}: {'; '.join(said)}."
    return Answer("same-start", _with_remark(text, question.remark), holds=bool(equal))


def _best_range(state: RunState) -> Answer:
    parts: list[str] = []
    measured: dict[str, tuple[Number | None, ...]] = {}
    for axis in swept_axes(state):
        parts += [_sentence(text) for text in best_ranges(state, axis)]
        if len(axis.curves) == 1:
            parts += _outside(axis, axis.curves[0])
        for curve in axis.curves:
            measured[curve.name] = _in_percent(curve)
        parts += [f"{name}: {percent(accuracy)}." for name, accuracy in axis.references]
    return Answer("best-range", "\n".join(parts) or "Nothing was swept.", measured=measured)


def _outside(axis: Axis, curve: Curve) -> list[str]:
    """Say how far below the best the other values end."""
    near = curve.best_range
    far = [p for p in curve.points if p not in near and p.final is not None]
    told = [f"{_value(p.value)} {percent(p.final)}" for p in far[:_LISTED]]
    return [f"Outside of it: {axis.title} {', '.join(told)}."] if told else []


def _learns(state: RunState) -> Answer:
    parts = []
    measured: dict[str, tuple[Number | None, ...]] = {}
    for axis in swept_axes(state):
        if not axis.is_numeric:
            continue
        for curve in axis.curves:
            measured[curve.name] = _in_percent(curve)
            good = [
                _value(p.value)
                for p in curve.points
                if p.learning is not None and p.learning.learns
            ]
            parts.append(f"{curve.name}: {_learned(axis, curve, good)}")
    return Answer("learns", "\n".join(parts) or "Nothing was swept.", measured=measured)


def _in_percent(curve: Curve) -> tuple[float | None, ...]:
    """Return the mean accuracy of each value; None where none was trained to the end."""
    return tuple(None if p.final is None else 100 * p.final.mean for p in curve.points)


def _learned(axis: Axis, curve: Curve, good: Sequence[str]) -> str:
    """Say how many values learn, of those that were trained to the end."""
    trained, values = len(curve.trained), len(curve.points)
    if not trained:
        return f"so far no value of {axis.title} was trained to the end."
    of = f"{values} values of {axis.title}"
    if trained < values:
        of = f"the {trained} values of {axis.title} that were trained to the end"
    learn = "learns" if len(good) == 1 else "learn"
    which = f": {', '.join(good[:_LISTED])}" if good else ""
    left = "" if trained == values else f" (left out: {values - trained})"
    return f"{len(good)} of {of} {learn}{which}{left}."


def _written(question: Written, state: RunState) -> Answer:
    parts = []
    complete = True
    for scheme in _contestants(question, state):
        start = next((trial.start for trial in state.of_scheme(scheme) if trial.start), ())
        nobody = [values.parameter for values in start if values.initializer is None]
        complete &= bool(start) and not nobody
        if not start:
            parts.append(f"{named(state, scheme)}Start values are not on record.")
            continue
        different = len({values.initializer for values in start} - {None})
        parts.append(
            f"{named(state, scheme)}{len(start) - len(nobody)} of {len(start)} parameters were "
            f"written, by {different} different initializers"
            + (f"; nobody wrote {_listed(nobody)}." if nobody else ".")
        )
    text = "\n".join(parts) or "Start values are not on record."
    return Answer("written", _with_remark(text, question.remark), holds=complete)


def _with_remark(text: str, remark: str) -> str:
    return f"{text} {remark}" if remark else text


def _sentence(text: str) -> str:
    return text if ":" in text.split(" ", maxsplit=1)[0] else text[0].upper() + text[1:]


def _with_percents(means: dict[str, float]) -> str:
    return _joined([f"{s} ({100 * mean:.2f} %)" for s, mean in means.items()])


def _beside(published: float | None, unit: str) -> str:
    return "" if published is None else f" (published {published:g}{unit})"


def _value(value: object) -> str:
    return short(float(value)) if isinstance(value, float) else str(value)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return _joined(names) if more <= 0 else f"{', '.join(names[:_LISTED])} and {more} more"


def _joined(names: Iterable[str]) -> str:
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
