"""Whether a contestant learns: one judgement, from its accuracies, its losses and their number."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal

import msgspec

from inittui.events.wire_numbers import from_wire
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState

SIGNIFICANCE = 0.01
"""Two-sided level at which an accuracy differs from that of guessing."""

FAR_ABOVE = 10.0
"""A validation loss above this many times that of guessing is not learning, whatever the accuracy.

Networks that are right but overconfident reach a few times ln(classes); 10 times it is a mean
confidence in the wrong class of more than classes^-10.
"""

Verdict = Literal["learns", "at chance", "below chance", "loss explodes", "too few images"]


class Learning(msgspec.Struct, frozen=True):
    """What the accuracies of a contestant's trials say, all seeds pooled."""

    verdict: Verdict
    accuracy: float
    """Mean share of the validated images that were classified right."""
    images: int
    """How many that were, over the seeds."""
    chance: float
    """The accuracy of guessing."""
    loss: float
    """Median validation loss of the seeds; infinity where it is no number."""
    loss_of_guessing: float
    """ln(classes): the loss of giving every class the same probability."""

    @property
    def learns(self) -> bool:
        """Whether it does better than guessing, by accuracy and by loss."""
        return self.verdict == "learns"

    @property
    def is_overconfident(self) -> bool:
        return self.loss > self.loss_of_guessing


def judge(state: RunState, trials: Sequence[TrialState]) -> Learning | None:
    """Judge the trials of one contestant by their last validation.

    The accuracy is tested against that of guessing by the binomial distribution; None where no
    trial was validated, or the log says too little: neither classes nor images.
    """
    images, chance = validated_images(state), chance_of(state)
    ends = [end for trial in trials if (end := trial.last_epoch) is not None]
    if not ends or images is None or chance is None:
        return None
    accuracies = [end.val_accuracy for end in ends]
    losses = [from_wire(end.val_loss) for end in ends]
    return judge_numbers(accuracies, losses, images, chance, state_classes(state))


def judge_numbers(
    accuracies: Sequence[float], losses: Sequence[float], images: int, chance: float, classes: int
) -> Learning:
    """Judge accuracies and losses of several seeds, each over ``images`` images."""
    right = sum([round(accuracy * images) for accuracy in accuracies])
    total = images * len(accuracies)
    loss = statistics.median([each if math.isfinite(each) else math.inf for each in losses])
    guessing = math.log(classes)
    verdict: Verdict
    if p_value(right, total, chance) > SIGNIFICANCE:
        verdict = "at chance" if total >= fewest_images(chance) else "too few images"
    elif right < chance * total:
        verdict = "below chance"
    else:
        verdict = "loss explodes" if loss > FAR_ABOVE * guessing else "learns"
    accuracy = sum(accuracies) / len(accuracies)
    return Learning(verdict, accuracy, total, chance, loss, guessing)


@lru_cache(maxsize=10_000)  # many contestants of one run have the same few accuracies
def p_value(right: int, total: int, chance: float) -> float:
    """Return twice the smaller tail of the binomial distribution, at most 1."""
    from scipy.special import bdtr, bdtrc  # scipy.stats would take a second to import

    below = float(bdtr(right, total, chance))
    above = float(bdtrc(right - 1, total, chance)) if right > 0 else 1.0
    return min(1.0, 2 * min(below, above))


@cache
def fewest_images(chance: float) -> int:
    """Return how many images it takes to tell twice the accuracy of guessing from guessing.

    Where twice is more than certainty, certainty is meant.
    """
    aim = min(2 * chance, 1.0)
    total = 1
    while p_value(math.floor(aim * total), total, chance) > SIGNIFICANCE:
        total += 1
    return total


def state_classes(state: RunState) -> int:
    """Return the number of classes; 0 where the log doesn't say."""
    return state.started.classes if state.started else 0


def chance_of(state: RunState) -> float | None:
    """Return the accuracy of guessing: always the most frequent class; None where unknown."""
    started = state.started
    if started is None or started.classes < 2:
        return None
    return started.chance or 1 / started.classes


def validated_images(state: RunState) -> int | None:
    """Return the images that an accuracy is over; None where it can't be told.

    Older logs don't say; the validation part is then worked out from its share and the steps.
    """
    started = state.started
    if started is None:
        return None
    if started.validated:
        return started.validated
    data, training = started.experiment.data, started.experiment.training
    if data.evaluate_on != "validation":
        return None
    if data.validation >= 1:
        return int(data.validation)
    trained = started.steps_per_epoch * training.batch_size
    return max(round(trained * data.validation / (1 - data.validation)), 1)
