"""Whether a contestant learns: one judgement, from its accuracies, its losses and their number.

The binomial test takes images for independent. Within one network they aren't: an untrained one
gives most images of a class the same answer, and so may be right in 15 % of ten thousand, which is
no learning. So a difference that the test finds counts only where something else bears it out.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Literal

import msgspec

from inittui.events.wire_numbers import from_wire
from inittui.results.comparison import FEWEST_SEEDS, paired_difference
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState

SIGNIFICANCE = 0.01
"""Two-sided level at which an accuracy differs from that of guessing."""

FAR_ABOVE = 10.0
"""A validation loss above this many times that of guessing is not called learning, whatever the
accuracy; whether it falls is said beside it.

Networks that are right but overconfident reach a few times ln(classes); 10 times it is a mean
confidence in the wrong class of more than classes^-10.
"""

SURELY_LOWER = 0.95
"""A validation loss below this share of ln(classes) is no untrained network's."""

TREND_STEPS = 8
"""Losses from which on it is told whether they fall: a quarter is then of two."""

MOST_IN_QUARTER = 200
"""Losses of a quarter that are looked at: more would tell nothing new, and take time."""

Verdict = Literal[
    "learns", "at chance", "below chance", "as untrained", "loss explodes", "too few images"
]


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
    loss_falls: bool | None
    """Whether the training loss of most seeds fell over the run; None where that wasn't asked, or
    the log has too few losses."""
    seeds: int = 1
    seeds_at_chance: int = 0
    """Under how many of them it can't be told from guessing, where it surely learns under one."""

    @property
    def learns(self) -> bool:
        """Whether it does better than guessing, by accuracy and by loss."""
        return self.verdict == "learns"

    @property
    def guesses(self) -> bool:
        """Whether it is said to do no better than guessing, or than untrained networks may."""
        return self.verdict in ("at chance", "below chance", "as untrained")

    @property
    def improves(self) -> bool:
        """Whether it is right more often than guessing, and isn't known to stand still."""
        return self.learns or (self.verdict == "loss explodes" and self.loss_falls is not False)

    @property
    def said_as(self) -> Verdict | Literal["by seeds"]:
        """The verdict; by seeds where the images tell the accuracy from guessing's, and only the
        seeds lie too far apart: that is not what stays at chance."""
        right = round(self.accuracy * self.images)
        if self.verdict == "at chance" and p_value(right, self.images, self.chance) <= SIGNIFICANCE:
            return "by seeds"
        return self.verdict

    @property
    def is_overconfident(self) -> bool:
        return self.loss > self.loss_of_guessing


def judge(state: RunState, trials: Sequence[TrialState]) -> Learning | None:
    """Judge the trials of one contestant by their last validation.

    The accuracy differs from that of guessing where a binomial test over all images says so, and
    besides a t-test over the seeds, a test over classes instead of images, or a training loss that
    fell (a loss under guessing's, where its course isn't known). None where no trial was
    validated, or the log says too little: neither classes nor images.
    """
    images, chance = validated_images(state), chance_of(state)
    ends = [end for trial in trials if (end := trial.last_epoch) is not None]
    if not ends or images is None or chance is None:
        return None
    return judge_numbers(
        [end.val_accuracy for end in ends],
        [from_wire(end.val_loss) for end in ends],
        images,
        chance,
        state_classes(state),
        falls=lambda: _most_fall(trials),
    )


def judge_numbers(
    accuracies: Sequence[float],
    losses: Sequence[float],
    images: int,
    chance: float,
    classes: int,
    *,
    falls: Callable[[], bool | None] = lambda: None,
) -> Learning:
    """Judge accuracies and losses of several seeds, each over ``images`` images.

    ``falls`` says whether the training loss fell; it is asked where the rest doesn't tell.
    """
    right = sum([round(accuracy * images) for accuracy in accuracies])
    total = images * len(accuracies)
    accuracy = sum(accuracies) / len(accuracies)
    loss = statistics.median([each if math.isfinite(each) else math.inf for each in losses])
    guessing = math.log(classes)
    fell: bool | None = None
    verdict: Verdict
    seeds = len(accuracies)
    learn_alone = seeds > 1 and any(
        _learns_alone(accuracy, loss, images, chance, classes, SIGNIFICANCE / seeds)
        for accuracy, loss in zip(accuracies, losses, strict=True)
    )
    if not learn_alone and p_value(right, total, chance) > SIGNIFICANCE:
        verdict = "at chance" if total >= fewest_images(chance) else "too few images"
    else:
        is_above = learn_alone or right > chance * total
        is_sure = (
            learn_alone
            or _differ_by_seed(accuracies, chance)
            or _differs_by_class(accuracy, classes * seeds, chance)
        )
        if not is_sure or loss > FAR_ABOVE * guessing:
            fell = falls()
        is_borne_out = is_sure or (loss < guessing if fell is None else fell)
        if is_above and loss > FAR_ABOVE * guessing:
            verdict = "loss explodes"
        elif not is_borne_out and seeds >= FEWEST_SEEDS:
            verdict = "at chance"
        elif not is_borne_out:
            verdict = "as untrained"
        else:
            verdict = "learns" if is_above else "below chance"
    guess = _at_chance(accuracies, images, chance) if learn_alone else 0
    return Learning(verdict, accuracy, total, chance, loss, guessing, fell, seeds, guess)


def _learns_alone(
    accuracy: float, loss: float, images: int, chance: float, classes: int, level: float
) -> bool:
    """Tell one of several seeds that does better than guessing whatever the others do.

    By images, and by classes or a loss that no untrained network has: whose outputs know nothing
    of the labels has at least about ln(classes). ``level`` is what is left to each seed.
    """
    is_low = loss < SURELY_LOWER * math.log(classes)
    return _is_above(accuracy, images, chance, level) and (
        is_low or _differs_by_class(accuracy, classes, chance, level)
    )


def _is_above(accuracy: float, images: int, chance: float, level: float = SIGNIFICANCE) -> bool:
    return accuracy > chance and p_value(round(accuracy * images), images, chance) <= level


def _at_chance(accuracies: Sequence[float], images: int, chance: float) -> int:
    """Count the seeds whose accuracy is not above guessing, where so many images can tell."""
    if images < fewest_images(chance):
        return 0
    return sum(not _is_above(accuracy, images, chance) for accuracy in accuracies)


def _differ_by_seed(accuracies: Sequence[float], chance: float) -> bool:
    """Tell by Student's t-test over the seeds: networks, unlike their images, are independent."""
    found = paired_difference("guessing", [accuracy - chance for accuracy in accuracies])
    return found is not None and found.p <= SIGNIFICANCE


def _differs_by_class(
    accuracy: float, classes: int, chance: float, level: float = SIGNIFICANCE
) -> bool:
    """Tell an accuracy that no untrained network has, even if each class gets a single answer.

    The upper tail of a binomial distribution over classes, of all seeds, instead of images; the
    incomplete beta function carries it on between whole classes.
    """
    from scipy.special import betainc

    right = accuracy * classes
    return accuracy > chance and bool(2 * betainc(right, classes - right + 1, chance) <= level)


def _most_fall(trials: Sequence[TrialState]) -> bool | None:
    known = [fell for trial in trials if (fell := loss_falls(trial.losses)) is not None]
    return 2 * sum(known) > len(known) if known else None


def loss_falls(losses: Sequence[float]) -> bool | None:
    """Return whether the last quarter of the losses lies below the first; None for too few.

    By Welch's t-test of their logarithms: losses that explode go over orders of magnitude.
    """
    from scipy.special import stdtr

    if len(losses) < TREND_STEPS:
        return None
    size = min(len(losses) // 4, MOST_IN_QUARTER)
    first, last = _logarithms(losses[:size]), _logarithms(losses[-size:])
    if len(first) < 2 or len(last) < 2:
        return None
    down = statistics.fmean(first) - statistics.fmean(last)
    of_first, of_last = (statistics.variance(each) / len(each) for each in (first, last))
    squared = of_first + of_last
    if squared == 0:
        return down > 0
    freedom = squared**2 / (of_first**2 / (len(first) - 1) + of_last**2 / (len(last) - 1))
    return down > 0 and bool(2 * stdtr(freedom, -down / math.sqrt(squared)) <= SIGNIFICANCE)


def _logarithms(losses: Sequence[float]) -> list[float]:
    return [math.log(each) for each in losses if 0 < each < math.inf]


@lru_cache(maxsize=10_000)  # many contestants of one run have the same few accuracies
def p_value(right: int, total: int, chance: float) -> float:
    """Return twice the smaller tail of the binomial distribution, at most 1."""
    from scipy.special import bdtr, bdtrc  # scipy.stats would take a second to import

    below = float(bdtr(right, total, chance))
    above = float(bdtrc(right - 1, total, chance)) if right > 0 else 1.0
    return min(1.0, 2 * min(below, above))


_RARE, _EXPECTED_OF_RARE = 1e-4, 9.5
"""Below such a chance the law is Poisson's, and twice 9.5 is told from 9.5."""


@cache
def fewest_images(chance: float) -> int:
    """Return how many images it takes to tell twice the accuracy of guessing from guessing.

    Where twice is more than certainty, certainty is meant.
    """
    aim = min(2 * chance, 1.0)
    if aim == 1:
        # Twice the tail, chance^n; where guessing is always right, one wrong image tells.
        return max(math.ceil(math.log(SIGNIFICANCE / 2) / math.log(chance)), 1) if chance < 1 else 1
    if chance < _RARE:
        return math.ceil(_EXPECTED_OF_RARE / chance)
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
    return started.chance if 0 < started.chance <= 1 else 1 / started.classes


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


def accuracy_of_an_image(state: RunState) -> float:
    """Return by how much one image more raises an accuracy; 0 where it can't be told."""
    images = validated_images(state)
    return 1 / images if images else 0.0
