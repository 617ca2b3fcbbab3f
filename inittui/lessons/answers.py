"""Answers to a lesson's questions, computed from what its run measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from inittui.events.wire_numbers import Number, all_to_wire, to_wire
from inittui.lessons.best_moves import answer_best_moves
from inittui.lessons.declared import answer_declared
from inittui.lessons.differences import answer_difference
from inittui.lessons.drawn_values import answer_draws, moments_of
from inittui.lessons.layer_values import answer_keeps, answer_layers, named
from inittui.lessons.lesson import Part, Size
from inittui.lessons.questions import (
    CANT_TELL,
    Accuracy,
    Answer,
    AtChance,
    BestMoves,
    BestRange,
    Declared,
    Difference,
    Draws,
    Epochs,
    Keeps,
    Layers,
    Learns,
    Loss,
    Moments,
    Onset,
    Question,
    SameStart,
    StandsOut,
    Written,
)
from inittui.lessons.stands_out import answer_stands_out
from inittui.lessons.swept_values import (
    LISTED,
    answer_best_range,
    answer_learns,
    answer_onset,
    brief,
)
from inittui.results.comparison import percent
from inittui.results.curves import curve_of
from inittui.results.learning import Learning, Verdict, judge
from inittui.results.state import ENDED, RunState, TrialState
from inittui.results.summary import accuracy_of, first_loss_of, first_steps, furthest
from inittui.text import short

_AFTER_TRAINING = ("at-chance", "difference", "best-moves")
"""Answers whose verdict depends on the training."""

_COMES_DOWN = 0.02
"""Relative, from quarter to quarter: what stays at guessing goes down by less than 0.001."""

_UNKNOWN = "not measured"


def answer(
    question: Question, state: RunState, *, is_small: bool = False, among: Sequence[Question] = ()
) -> Answer:
    """Answer from a run; what the run has not measured is said.

    ``is_small``: there is a larger size, which may tell what this one can't. ``among``: all that is
    asked of the run, as differences are judged together.
    """
    kind = type(question)
    if isinstance(question, Difference):
        differences = [each for each in among if isinstance(each, Difference)]
        found = answer_difference(question, state, is_small=is_small, among=differences)
    elif kind in _BY_SIZE:
        found = _BY_SIZE[kind](question, state, is_small=is_small)
    else:
        found = _ANSWERS[kind](question, state)
    return msgspec.structs.replace(found, look=question.look, reference=question.reference)


def answer_part(part: Part, state: RunState, size: Size) -> tuple[Answer, ...]:
    """Answer what a part of a lesson asks, from what was trained, looked into or drawn for it."""
    is_small = size == "small" and part.small != part.experiment
    if part.is_trained:
        answers = answer_all(part.ask, state, is_small=is_small)
    else:
        answers = tuple(answer(question, state, is_small=is_small) for question in part.ask)
    measured_at = describe_size(part, size, state)
    return tuple(msgspec.structs.replace(each, measured_at=measured_at) for each in answers)


def describe_size(part: Part, size: Size, state: RunState) -> str:
    """Return what a part was measured at: "small size: 3 seeds, 200 steps of 50 images"."""
    if state.drawn is not None:
        return f"{sum(state.drawn.counts):,} values"
    started = state.started
    if started is None:
        return "nothing"
    seeds = _counted(len(started.experiment.seeds), "seed")
    if part.is_trained:
        steps = _counted(state.total_steps, "step")
        said = f"{seeds}, {steps} of {_counted(started.experiment.training.batch_size, 'image')}"
    else:
        probes = [event.probe.images for trial in state.trials for event in trial.probes]
        said = f"{seeds}, {_counted(max(probes, default=0), 'sample')}, no training"
    return said if part.small == part.experiment else f"{size} size: {said}"


def with_hint(answers: Sequence[Answer], hint: Callable[[], str]) -> tuple[Answer, ...]:
    """Add to each answer that this size is too small for what can tell; asked for where needed."""
    return tuple(
        msgspec.structs.replace(each, text=f"{each.text} {hint()}")
        if CANT_TELL in each.text
        else each
        for each in answers
    )


def answer_all(
    questions: Sequence[Question], state: RunState, *, is_small: bool = False
) -> tuple[Answer, ...]:
    """Answer a lesson's questions from the run that was made for them.

    Of a run that did not end, this is said first, and no verdict is given on what depends on the
    training.
    """
    answers = tuple(
        answer(question, state, is_small=is_small, among=questions) for question in questions
    )
    ended = sum(trial.status in ENDED for trial in state.trials)
    if ended == len(state.trials):
        return answers
    text = (
        f"{ended} of {len(state.trials)} trials were trained to the end: "
        "the accuracies and losses below are of what was measured until then."
    )
    open_ended = tuple(
        msgspec.structs.replace(found, holds=None, verdicts={})
        if found.says in _AFTER_TRAINING
        else found
        for found in answers
    )
    return (Answer("unfinished", text), *open_ended)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


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


def _at_chance(question: AtChance, state: RunState, *, is_small: bool) -> Answer:
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
    waiting = [
        s
        for s, each in judged.items()
        if is_small and not each.learns and _comes_down(furthest(state.of_scheme(s)))
    ]
    if waiting:
        told = [each for s, each in judged.items() if s not in waiting]
        parts.append(f"the loss of {_joined(waiting)} still comes down: how it ends, {CANT_TELL}")
    return Answer(
        "at-chance",
        _with_remark(f"{'; '.join(parts) or 'Nothing was validated'}.", question.remark),
        holds=not any(each.learns for each in told) if told else None,
        measured={s: (100 * each.accuracy,) for s, each in judged.items()},
        verdicts={s: CANT_TELL if s in waiting else e.verdict for s, e in judged.items()},
    )


def _comes_down(trials: Sequence[TrialState]) -> bool:
    """Whether the training loss of the last quarter is clearly below that of the one before."""
    last = [mean for trial in trials if (mean := _mean_of(trial, 3 / 4, 1)) is not None]
    before = [mean for trial in trials if (mean := _mean_of(trial, 1 / 2, 3 / 4)) is not None]
    return bool(last and before) and sum(last) < (1 - _COMES_DOWN) * sum(before)


def _mean_of(trial: TrialState, begin: float, end: float) -> float | None:
    part = trial.losses[int(begin * trial.steps) : int(end * trial.steps)]
    return sum(part) / len(part) if part else None


def _epochs(question: Epochs, state: RunState) -> Answer:
    parts = []
    measured: dict[str, tuple[Number | None, ...]] = {}
    moments: list[int] = []
    for scheme in _contestants(question, state):
        trials = furthest(state.of_scheme(scheme))
        last = min((len(trial.epochs) for trial in trials), default=0)
        if not last:
            continue
        moments = sorted({1, (last + 1) // 2, last})
        means = [sum(t.epochs[m - 1].val_accuracy for t in trials) / len(trials) for m in moments]
        measured[scheme] = tuple(100 * mean for mean in means)
        said = ", ".join(f"{100 * mean:.1f}" for mean in means)
        parts.append(f"{brief(state, scheme)} {said} %")
    when = "epoch" if len(moments) == 1 else "epochs"
    text = (
        f"{state.evaluated_on.capitalize()} accuracy after {when} {_joined(map(str, moments))}: "
        f"{'; '.join(parts)}."
        if parts
        else "Nothing was validated."
    )
    return Answer("epochs", _with_remark(text, question.remark), measured=measured)


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


def _with_percents(means: dict[str, float]) -> str:
    return _joined([f"{s} ({100 * mean:.2f} %)" for s, mean in means.items()])


def _beside(published: float | None, unit: str) -> str:
    return "" if published is None else f" (published {published:g}{unit})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return _joined(names) if more <= 0 else f"{', '.join(names[:LISTED])} and {more} more"


def _joined(names: Iterable[str]) -> str:
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


_ANSWERS: Mapping[type[Question], Callable[[Any, RunState], Answer]] = {
    Accuracy: _accuracy,
    Loss: _loss,
    SameStart: _same_start,
    Onset: answer_onset,
    BestMoves: answer_best_moves,
    Epochs: _epochs,
    Layers: answer_layers,
    Keeps: answer_keeps,
    Declared: answer_declared,
    Written: _written,
    StandsOut: answer_stands_out,
    Moments: lambda _, state: moments_of(state),
    Draws: answer_draws,
}

_BY_SIZE: Mapping[type[Question], Callable[..., Answer]] = {
    AtChance: _at_chance,
    BestRange: answer_best_range,
    Learns: answer_learns,
}
"""Those whose answer of a small size may be that it can't tell."""
