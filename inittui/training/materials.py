"""An experiment made ready: everything is checked and loaded before the first event."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from inittui.data.sets import as_channels, load
from inittui.data.splits import Split, split
from inittui.errors import UsageError
from inittui.events import TrialPlan
from inittui.experiment import Experiment
from inittui.initializers import parse_scheme
from inittui.initializers.apply import apply_scheme
from inittui.models.build import build
from inittui.models.trace import nonlinearities
from inittui.training.device import choose_device
from inittui.training.dropout import MaskedDropout, mask_dropout, plan_masks
from inittui.training.feed import Feed
from inittui.training.randomness import MaskPlan


@dataclass(frozen=True)
class Materials:
    """What a run is made of, on its device."""

    experiment: Experiment
    device: torch.device
    dtype: torch.dtype
    images: torch.Tensor
    """uint8 [n, channels, height, width]."""
    labels: torch.Tensor
    """int64 [n]."""
    splits: dict[int, Split]
    template: nn.Module
    """The untrained model, on the CPU, with its dropout layers as they came."""
    followers: dict[str, str]
    """The nonlinearity that follows each weight layer."""
    masks: MaskPlan
    example: torch.Tensor
    """Two inputs [2, *input_shape] of noise, on the CPU, to try models on."""

    @property
    def trials(self) -> tuple[TrialPlan, ...]:
        """All schemes under the first seed, then under the next: what is paired stays together."""
        return tuple(
            TrialPlan(scheme, seed)
            for seed in self.experiment.seeds
            for scheme in self.experiment.schemes
        )

    def model(self, trial: TrialPlan) -> tuple[nn.Module, list[MaskedDropout]]:
        """Build one trial's model with its start weights, on the device, dropout masked."""
        model = copy.deepcopy(self.template)
        apply_scheme(model, parse_scheme(trial.scheme), trial.seed, self.followers)
        masked = mask_dropout(model)
        layers = [masked[name] for name in self.masks.names]
        return model.to(self.device, self.dtype), layers

    def feed(self, seeds: Sequence[int]) -> Feed:
        """Return the batches of some seeds."""
        return Feed(
            self.images,
            self.labels,
            [self.splits[seed] for seed in seeds],
            seeds,
            batch_size=self.experiment.training.batch_size,
            masks=self.masks,
            dtype=self.dtype,
        )


def prepare(experiment: Experiment) -> Materials:
    """Check an experiment and load all that it needs.

    Raises:
        UsageError: something in the experiment can't be meant.
        MachineError: this machine lacks the data or the device.
    """
    experiment.check()
    for scheme in experiment.schemes:
        parse_scheme(scheme)
    device = choose_device(experiment.training.device)
    image_set = load(experiment.data.name)
    images = image_set.train.images
    if experiment.model.input is not None:
        images = as_channels(images, experiment.model.input[0])
    shape = tuple(images.shape[1:])
    if experiment.model.input not in (None, shape):
        raise UsageError(
            f"{experiment.data.name} has inputs of {'x'.join(map(str, shape))}, "
            f"not {'x'.join(map(str, experiment.model.input or ()))}"
        )
    splits = {
        seed: split(len(images), seed, experiment.data.validation, experiment.data.limit)
        for seed in experiment.seeds
    }
    template = build(experiment.model, shape, len(image_set.classes))
    example = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    followers = nonlinearities(template, example)
    trial_model = copy.deepcopy(template)
    mask_dropout(trial_model)
    masks = plan_masks(trial_model, example)
    for scheme in experiment.schemes:
        apply_scheme(trial_model, parse_scheme(scheme), experiment.seeds[0], followers)
    return Materials(
        experiment=experiment,
        device=device,
        dtype=getattr(torch, experiment.training.dtype),
        images=images.to(device),
        labels=image_set.train.labels.to(device, torch.int64),
        splits=splits,
        template=template,
        followers=followers,
        masks=masks,
        example=example,
    )
