"""Which trials train together, and by what kind of learner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeVar, get_args

import torch
from torch import nn

from inittui.experiment.records import TrainingConfig
from inittui.experiment.trials import TrialPlan
from inittui.models.observe import twin
from inittui.text import sanitize
from inittui.training.batches import Batch
from inittui.training.dropout import mask_dropout
from inittui.training.hardware import places
from inittui.training.learners.base import Learner
from inittui.training.learners.dense import DenseLearner, dense_layers
from inittui.training.learners.parallel import ParallelLearner, layout_for
from inittui.training.learners.single import SingleLearner
from inittui.training.learners.vmapped import VmappedLearner
from inittui.training.memory import free_memory, output_bytes, trial_bytes
from inittui.training.prepared import Note, Prepared, Variant
from inittui.user_code import printing_aside, random_state, seeded

# Measured on two cores; benchmarks/results.md has today's figures.

ENOUGH_ON_CPU = 7
"""Trials in a stack from which on a CPU gains little by more: of 35 and 70 perceptrons all at once
take 1.2 to 1.3 ms a step and trial and 216 and 359 MB, in sevens 1.4 to 1.5 ms and 115 and 118 MB,
with spreads of about 20 %. With one seed in a stack its trials share the first layer's input. A
GPU wants all at once."""

BUSY_BYTES = 5 * 2**20
"""Bytes that a model gives in a step, see `output_bytes`, from which on its trials are faster side
by side than stacked on a CPU: measured with two convolutions of 1 to 16 filters, a transformer's
layer and LeNet, seven trials, batch 100."""

BUSY_PARAMETERS = 2**18
"""The same for its parameters: measured with residual perceptrons 64 to 512 units wide."""

Kind = Literal["dense", "general", "turns", "single"]
"""From the most particular to what takes any model; logs hold these words. "general" is
`VmappedLearner`, "turns" `ParallelLearner`."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class StackPlan:
    kind: Kind
    groups: tuple[tuple[int, ...], ...]
    """Numbers of the trials of each stack, in the order of training."""
    reason: str = ""
    """Why nothing can be stacked, where that was asked for."""


@printing_aside()
def plan_stacks(
    prepared: Prepared, *, memory: int | None = None, busy_bytes: int = BUSY_BYTES
) -> StackPlan:
    """Divide the trials so that each stack fits the device's memory.

    ``memory`` is how many bytes a stack may take, by default what the device has left;
    ``busy_bytes`` says from where on a model counts as busy.
    """
    variants = prepared.variants
    kind: Kind = "single"
    reason = ""
    if prepared.asked_for.training.stack != "off":
        # The log has one kind for the whole run, so it is one that suits all models.
        found = [_kind(variant, busy_bytes) for variant in variants]
        kind, reason = max(found, key=lambda each: get_args(Kind).index(each[0]))
    seats = max(len(prepared.places), 1)
    if memory is None:
        memory = free_memory(prepared.data.device)
        if prepared.data.device.type == "cpu":
            memory //= seats
    most = -(-len(prepared.trials) // seats)
    groups = [group for each in variants for group in _groups(each, kind, memory, most)]
    return StackPlan(kind, tuple(groups), reason)


def _groups(variant: Variant, kind: Kind, memory: int, most: int) -> Iterator[tuple[int, ...]]:
    wanted = variant.experiment.training.stack
    size = 1
    if kind != "single":
        size = min(_wanted(variant), most) if wanted == "auto" else int(wanted)
        size = min(size, _fitting(variant, memory))
    by_seed: dict[int, list[int]] = {}
    for number, plan in variant.trials.items():
        by_seed.setdefault(plan.seed, []).append(number)
    return _divide([tuple(numbers) for numbers in by_seed.values()], size)


def halves(group: Sequence[int]) -> list[tuple[int, ...]]:
    """Split a stack that didn't fit after all."""
    middle = -(-len(group) // 2)
    return [tuple(group[:middle]), tuple(group[middle:])]


def make_learner(
    variant: Variant,
    kind: Kind,
    trials: Sequence[TrialPlan],
    seeds: Sequence[int] = (),
    note: Note | None = None,
) -> Learner:
    """Build the start weights of some trials and the learner that trains them.

    ``seeds`` are those of the batches, in their order; by default the trials' own. ``note`` is
    told of each trial in turn who wrote its start values.
    """
    training = variant.experiment.training
    if kind == "single":
        model, dropout = variant.model(trials[0], note)
        return SingleLearner(model, dropout, training, variant.rates(trials[0]))
    seeds = list(seeds or dict.fromkeys(trial.seed for trial in trials))
    rows = [seeds.index(trial.seed) for trial in trials]
    models = (variant.model(trial, note)[0] for trial in trials)
    like = torch.zeros((), device=variant.data.device, dtype=variant.dtype)
    rates = [variant.rates(trial) for trial in trials]
    if kind == "dense":
        layers = dense_layers(_masked(variant.template))
        assert layers is not None
        return DenseLearner(layers, models, rows, len(seeds), training, like, rates)
    names = variant.masks.names
    if kind == "turns":
        layout = layout_for(_masked(variant.template), variant.data.example)
        return ParallelLearner(models, names, rows, training, like, layout, rates)
    return VmappedLearner(models, names, rows, training, like, rates)


def _masked(template: nn.Module) -> nn.Module:
    model = twin(template)
    mask_dropout(model)
    return model


def _kind(variant: Variant, busy_bytes: int) -> tuple[Kind, str]:
    """Return the fastest kind that suits a model, and why it is none that stacks."""
    template = variant.template
    if not all(parameter.requires_grad for parameter in template.parameters()):
        return "single", "some of its parameters are frozen"
    if variant.settles:
        # A plain flag that says so would be one for all trials of a stack.
        return "single", "its first forward in training sets what it keeps, for each trial anew"
    if dense_layers(_masked(template)) is not None:
        return "dense", ""
    reason = why_not_stackable(template, variant.data.example)
    if reason:
        return "single", reason
    return ("turns" if _is_busy(variant, busy_bytes) else "general"), ""


def _is_on_cpu(variant: Variant) -> bool:
    """Whether a CPU trains it; the process that plans may have no GPU where a cluster has."""
    shared = places(variant.experiment.training)
    return (shared[0].device if shared else variant.data.device.type) == "cpu"


def _is_busy(variant: Variant, busy_bytes: int) -> bool:
    if not _is_on_cpu(variant):
        return False
    template, rows = variant.template, variant.experiment.training.batch_size
    return (
        sum(parameter.numel() for parameter in template.parameters()) > BUSY_PARAMETERS
        or output_bytes(template, variant.data.example, rows, variant.dtype) > busy_bytes
    )


def why_not_stackable(template: nn.Module, example: torch.Tensor) -> str:
    """Try a model on ``example`` [n, *input_shape] stacked; return "" or why it doesn't work.

    What a model does in its forward pass is somebody else's code: whatever it raises under
    `torch.func.vmap` means that it has to train alone.
    """
    model = _masked(template)
    like = next(model.parameters()).detach()
    try:
        with seeded(0):
            drawn = random_state()
            learner = VmappedLearner([model, model], (), [0, 0], TrainingConfig(), like)
            stacked = learner.logits(example.unsqueeze(0))[0]
            with torch.no_grad():
                model.eval()
                alone = model(example)
            labels = torch.zeros(1, len(example), dtype=torch.int64)
            learner.step(Batch(example.unsqueeze(0), labels))
            draws = random_state() != drawn
    except (Exception, SystemExit) as error:  # noqa: BLE001
        text = str(error).strip().splitlines() or [type(error).__name__]
        return sanitize(text[0], 200)
    if draws:
        return "it draws random numbers that aren't torch's, which its trials would share"
    if stacked.shape != alone.shape or not torch.allclose(
        stacked.float(), alone.float(), 1e-3, 1e-5, True
    ):
        return "its stacked forward pass gives other values than the plain one"
    return ""


def _wanted(variant: Variant) -> int:
    """Return how many trials should train together where memory is no question."""
    if not _is_on_cpu(variant):
        return len(variant.trials)
    per_seed = len(variant.trials) // len(variant.experiment.seeds)
    return per_seed * max(1, round(ENOUGH_ON_CPU / per_seed))


def _fitting(variant: Variant, memory: int) -> int:
    """Return how many trials fit the free memory, at least 1."""
    training = variant.experiment.training
    rows = max(training.batch_size, variant.validated_at_once)
    each = trial_bytes(
        variant.template, variant.data.example, rows, training.optimizer, variant.dtype
    )
    size = torch.empty((), dtype=variant.dtype).element_size()
    inputs = rows * math.prod(variant.data.images.shape[1:]) * size
    return max(1, memory // (each + inputs))


def _divide(by_seed: Sequence[tuple[int, ...]], size: int) -> Iterator[tuple[int, ...]]:
    """Yield stacks of at most ``size`` trials: some whole seeds, or parts of a single one."""
    per_seed = max(map(len, by_seed))
    if size < per_seed:
        for numbers in by_seed:
            yield from _evenly(numbers, size)
        return
    for seeds in _evenly(by_seed, size // per_seed):
        yield tuple(chain.from_iterable(seeds))


def _evenly(items: Sequence[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield runs of at most ``size`` items, as even as they come."""
    count = len(items)
    runs = -(-count // size)
    for run in range(runs):
        yield tuple(items[count * run // runs : count * (run + 1) // runs])
