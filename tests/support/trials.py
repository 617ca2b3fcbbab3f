"""Small experiments on the real data, and their losses."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.models.tracing import nonlinearities
from inittui.results.state import RunState, fold
from inittui.training.dropout import mask_dropout, plan_masks
from inittui.training.engine import train
from inittui.training.prepared import Prepared, prepare

SENSIBLE = (
    "zeros", "rule", "normal", "default", "xavier_uniform", "xavier_normal", "kaiming_uniform",
    "kaiming_normal",
)  # fmt: skip


def experiment(
    schemes: Sequence[str] = ("zeros", "rule"),
    *,
    seeds: Sequence[int] = (0,),
    images: int = 2_000,
    model: ModelConfig | None = None,
    **training: Any,
) -> Experiment:
    """One epoch over a few real images."""
    settings = {"epochs": 1, "device": "cpu", **training}
    return Experiment(
        schemes=tuple(schemes),
        seeds=tuple(seeds),
        model=model or ModelConfig(),
        data=DataConfig(limit=images),
        training=TrainingConfig(**settings),
    )


def with_model(wanted: Experiment, template: nn.Module) -> Prepared:
    """Prepare an experiment, but for a model that has no name."""
    prepared = prepare(wanted)
    example = prepared.data.example
    masked = copy.deepcopy(template)
    mask_dropout(masked)
    (variant,) = prepared.variants
    changed = replace(
        variant,
        template=template,
        followers=nonlinearities(template, example),
        masks=plan_masks(masked, example),
    )
    return replace(prepared, variants=(changed,))


def run(wanted: Experiment | Prepared, **options: Any) -> RunState:
    """Train and fold."""
    prepared = prepare(wanted) if isinstance(wanted, Experiment) else wanted
    return fold(train(prepared, **options))


def losses(state: RunState) -> dict[tuple[str, int], torch.Tensor]:
    """Return the losses of every trial, float64 [steps]."""
    return {
        (trial.scheme, trial.seed): torch.tensor(trial.losses, dtype=torch.float64)
        for trial in state.trials
    }


def worst_relative(
    one: RunState, other: RunState, steps: int | None = None, skip: Sequence[str] = ()
) -> float:
    """Return the largest relative difference of any step's loss of any trial."""
    theirs = losses(other)
    worst = 0.0
    for key, mine in losses(one).items():
        if key[0] not in skip:
            a, b = mine[:steps], theirs[key][:steps]
            assert len(a) == len(b) > 0
            worst = max(worst, ((a - b).abs() / b.abs()).max().item())
    return worst


Build = Callable[[], nn.Module]
