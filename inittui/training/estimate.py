"""How long a run will take here: a few steps of some trials are timed, the rest is arithmetic."""

from __future__ import annotations

import time
from collections.abc import Sequence

from inittui.events.records import ProbeMeasured
from inittui.training.batches import Batches
from inittui.training.graphs import graphs_on
from inittui.training.hardware import exact, synchronize
from inittui.training.learners.base import Learner
from inittui.training.planning import ENOUGH_ON_CPU, Kind, make_learner, plan_stacks
from inittui.training.prepared import Prepared, Variant
from inittui.training.probing import measure_starts
from inittui.training.steps import Steps
from inittui.user_code import printing_aside

_WARM_UP = 2
_MOST_STEPS = 20


@printing_aside()
def estimate_seconds(prepared: Prepared, budget: float = 2.0) -> float:
    """Return about how many seconds the training of all trials takes, start-up not counted.

    One stack of each swept setting is timed for a few steps, ``budget`` seconds in all unless
    single steps take longer. Nothing that is trained later depends on it.
    """
    plan = plan_stacks(prepared)
    # Processes on a CPU have fewer threads each: what is gained by more of them isn't known before.
    seats = min(len(prepared.places), len(plan.groups)) if prepared.data.device.type != "cpu" else 1
    with exact(prepared.data.device):
        alone = sum(
            _variant_seconds(
                variant,
                plan.kind,
                [group for group in plan.groups if group[0] in variant.trials],
                budget / len(prepared.variants),
            )
            for variant in prepared.variants
        )
    return alone / max(seats, 1)


@printing_aside()
def estimate_probe_seconds(prepared: Prepared) -> float:
    """Return about how many seconds it takes to measure inside of all trials once."""
    began = time.perf_counter()
    with exact(prepared.data.device):
        for event in measure_starts(prepared):
            if isinstance(event, ProbeMeasured):
                break
    return (time.perf_counter() - began) * len(prepared.trials)


def _variant_seconds(
    variant: Variant, kind: Kind, groups: Sequence[tuple[int, ...]], budget: float
) -> float:
    """Estimate the stacks that share one model, from the first of them."""
    timed = groups[0]
    if variant.data.device.type == "cpu":
        timed = timed[:ENOUGH_ON_CPU]
    plans = [variant.trials[number] for number in timed]
    seeds = list(dict.fromkeys(plan.seed for plan in plans))
    began = time.perf_counter()
    feed = variant.feed(seeds)
    learner = make_learner(variant, kind, plans, seeds)
    building = time.perf_counter() - began
    step = _step_seconds(learner, feed, budget)
    images = len(variant.data.splits[seeds[0]].validation)
    validation = _validation_seconds(learner, feed, images, budget / 4)
    training = variant.experiment.training
    steps = feed.steps_per_epoch * training.epochs
    validations = training.epochs + (steps // training.eval_every if training.eval_every else 0)
    # On a GPU a stack takes about as long whatever its size, on a CPU time grows with its trials.
    if variant.data.device.type == "cpu":
        stacks = sum(map(len, groups)) / len(timed)
    else:
        stacks = float(len(groups))
    return stacks * (building + steps * step + validations * validation)


def _step_seconds(learner: Learner, feed: Batches, budget: float) -> float:
    steps = Steps(learner, feed, graphs_on(learner.seed_rows.device))
    spent: list[float] = []
    began = time.perf_counter()
    while len(spent) < _MOST_STEPS and (len(spent) < 2 or time.perf_counter() - began < budget):
        since = time.perf_counter()
        steps.take(0, len(spent) % feed.steps_per_epoch)
        learner.settle()
        synchronize(learner.seed_rows.device)
        spent.append(time.perf_counter() - since)
    timed = sorted(spent[_WARM_UP:] or spent[-1:])
    return timed[len(timed) // 2]


def _validation_seconds(learner: Learner, feed: Batches, images: int, budget: float) -> float:
    """Return the time of a whole validation over so many images, from its first batches."""
    began = time.perf_counter()
    seen = 0
    for batch in feed.validation():
        learner.logits(batch.images)
        synchronize(learner.seed_rows.device)
        seen += batch.images.shape[1]
        if time.perf_counter() - began > budget:
            break
    return (time.perf_counter() - began) * images / seen
