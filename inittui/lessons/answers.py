"""Answers to a lesson's questions, computed from what its run measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from inittui.events.wire_numbers import Number, all_to_wire, to_wire
from inittui.lessons.best_moves import answer_best_moves
from inittui.lessons.by_depth import answer_by_depth
from inittui.lessons.declared import answer_declared
from inittui.lessons.differences import answer_difference
from inittui.lessons.drawn_values import answer_draws, moments_of
from inittui.lessons.guessing import answer_at_chance
from inittui.lessons.layer_values import answer_keeps, answer_layers, named
from inittui.lessons.lesson import Part, Size
from inittui.lessons.questions import (
    CANT_TELL,
    Accuracy,
    Answer,
    AtChance,
    BestMoves,
    BestRange,
    ByDepth,
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
    TrainableDepth,
    Written,
)
from inittui.lessons.stands_out import answer_stands_out
from inittui.lessons.swept_values import (
    answer_best_range,
    answer_learns,
    answer_onset,
    brief,
)
from inittui.lessons.trainable_depth import answer_trainable_depth
from inittui.lessons.wording import LISTED, first_batches, with_remark
from inittui.results.comparison import percent
from inittui.results.curves import curve_of
from inittui.results.state import RunState
from inittui.results.summary import accuracy_of, first_loss_of, first_steps, furthest
from inittui.results.trial_state import ENDED
from inittui.text import first_ones, in_percent, joined, number_of, short

_AFTER_TRAINING = ("at-chance", "difference", "best-moves", "trainable-depth")
"""Answers whose verdict depends on the training."""

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
    seeds = number_of(len(started.experiment.seeds), "seed")
    if part.is_trained:
        steps = number_of(state.total_steps, "step")
        said = f"{seeds}, {steps} of {number_of(started.experiment.training.batch_size, 'image')}"
    else:
        probes = [event.probe.images for trial in state.trials for event in trial.probes]
        said = f"{seeds}, {number_of(max(probes, default=0), 'sample')}, no training"
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


def _accuracy(question: Accuracy, state: RunState) -> Answer:
    found = {s: accuracy_of(state.of_scheme(s)) for s in question.asks_of(state.schemes)}
    told = [
        f"{s} {percent(m)}{_beside(question.published.get(s), ' %')}" for s, m in found.items() if m
    ]
    text = f"{state.evaluated_on.capitalize()} accuracy: {', '.join(told) or _UNKNOWN}."
    return Answer(
        "accuracy",
        with_remark(text, question.remark),
        measured={s: all_to_wire([100 * m.mean]) for s, m in found.items() if m},
        published={s: (value,) for s, value in question.published.items()},
    )


def _epochs(question: Epochs, state: RunState) -> Answer:
    parts: dict[tuple[int, ...], list[str]] = {}
    measured: dict[str, tuple[Number | None, ...]] = {}
    for scheme in question.asks_of(state.schemes):
        trials = furthest(state.of_scheme(scheme))
        last = min((len(trial.epochs) for trial in trials), default=0)
        if not last:
            continue
        moments = tuple(sorted({1, (last + 1) // 2, last}))
        means = [sum(t.epochs[m - 1].val_accuracy for t in trials) / len(trials) for m in moments]
        measured[scheme] = tuple(100 * mean for mean in means)
        said = ", ".join(in_percent(mean, 1) for mean in means)
        parts.setdefault(moments, []).append(f"{brief(state, scheme)} {said} %")
    told = [f"after {_epochs_said(moments)}: {'; '.join(of)}" for moments, of in parts.items()]
    text = (
        f"{state.evaluated_on.capitalize()} accuracy {'; '.join(told)}."
        if told
        else "Nothing was validated."
    )
    return Answer("epochs", with_remark(text, question.remark), measured=measured)


def _epochs_said(moments: Sequence[int]) -> str:
    return f"epoch{'s' if len(moments) > 1 else ''} {joined(map(str, moments))}"


def _loss(question: Loss, state: RunState) -> Answer:
    found = {s: _mean_loss(question, state, s) for s in question.asks_of(state.schemes)}
    told = [
        f"{s} {short(m[0], 4)}{_of(m[1], state, s)}{_beside(question.published.get(s), '')}"
        for s, m in found.items()
        if m
    ]
    batches = first_batches(state)
    losses = {
        "start": "Loss of the first batch",
        "first-100": f"{batches[0].upper()}{batches[1:]}",
        "last": "Loss of the last batch",
    }
    return Answer(
        "loss",
        with_remark(f"{losses[question.of]}: {', '.join(told) or _UNKNOWN}.", question.remark),
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
    return Answer("same-start", with_remark(text, question.remark), holds=bool(equal))


def _written(question: Written, state: RunState) -> Answer:
    parts = []
    complete = True
    for scheme in question.asks_of(state.schemes):
        start = next((trial.start for trial in state.of_scheme(scheme) if trial.start), ())
        nobody = [values.parameter for values in start if values.initializer is None]
        complete &= bool(start) and not nobody
        if not start:
            parts.append(f"{named(state, scheme)}Start values are not on record.")
            continue
        different = len({values.initializer for values in start} - {None})
        parts.append(
            f"{named(state, scheme)}{len(start) - len(nobody)} of "
            f"{number_of(len(start), 'parameter')} {'was' if len(start) == 1 else 'were'} written, "
            f"by {'one initializer' if different == 1 else f'{different} different initializers'}"
            + (f"; nobody wrote {_listed(nobody)}." if nobody else ".")
        )
    text = "\n".join(parts) or "Start values are not on record."
    return Answer("written", with_remark(text, question.remark), holds=complete)


def _beside(published: float | None, unit: str) -> str:
    return "" if published is None else f" (published {published:g}{unit})"


def _listed(names: Sequence[str]) -> str:
    return joined(names) if len(names) <= LISTED else first_ones(names, LISTED)


_ANSWERS: Mapping[type[Question], Callable[[Any, RunState], Answer]] = {
    Accuracy: _accuracy,
    Loss: _loss,
    SameStart: _same_start,
    Onset: answer_onset,
    BestMoves: answer_best_moves,
    ByDepth: answer_by_depth,
    TrainableDepth: answer_trainable_depth,
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
    AtChance: answer_at_chance,
    BestRange: answer_best_range,
    Learns: answer_learns,
}
"""Those whose answer of a small size may be that it can't tell."""
