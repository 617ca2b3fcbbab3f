"""An experiment made ready: everything is checked and loaded before the first event."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import torch
from torch import nn

from inittui.events.records import StartValues
from inittui.experiment.records import Experiment
from inittui.experiment.sweeps import plan_trials, with_settings
from inittui.experiment.trials import Setting, TrialPlan
from inittui.initializers import parse_scheme
from inittui.initializers.apply import Written, apply_scheme
from inittui.initializers.nonlinearity import Follower
from inittui.models.build import build
from inittui.models.check import check_classifier
from inittui.models.tracing import nonlinearities
from inittui.training.batches import Batches
from inittui.training.dropout import MaskedDropout, mask_dropout, plan_masks
from inittui.training.loading import DeviceData, load_data, load_noise
from inittui.training.randomness import MaskPlan

Note = Callable[[tuple[StartValues, ...]], None]
"""Is told who wrote a model's start values."""


@dataclass(frozen=True)
class Variant:
    """The trials that have one model and one training: those of one choice of swept settings."""

    experiment: Experiment
    """With the swept settings in their place."""
    trials: Mapping[int, TrialPlan]
    """By their numbers in the run."""
    data: DeviceData
    template: nn.Module
    """The untrained model, on the CPU, with its dropout layers as they came."""
    followers: Mapping[str, Follower]
    """The nonlinearity that follows each weight layer."""
    masks: MaskPlan
    unkept: tuple[str, ...] = ()
    """Names of plain values that the model changes while it trains; checkpoints don't have them."""

    @property
    def dtype(self) -> torch.dtype:
        """Of parameters and inputs."""
        dtype: torch.dtype = getattr(torch, self.experiment.training.dtype)
        return dtype

    def model(
        self, trial: TrialPlan, note: Note | None = None
    ) -> tuple[nn.Module, list[MaskedDropout]]:
        """Build one trial's model with its start weights, on the device.

        Its dropout layers take given masks; they are returned in the order of ``masks``.
        """
        model = copy.deepcopy(self.template)
        written = apply_scheme(model, parse_scheme(trial.scheme), trial.seed, self.followers)
        if note is not None:
            note(_start_values(model, written))
        masked = mask_dropout(model)
        layers = [masked[name] for name in self.masks.names]
        return model.to(self.data.device, self.dtype), layers

    def feed(self, seeds: Sequence[int]) -> Batches:
        """Return the batches of some seeds."""
        return Batches(
            self.data.images,
            self.data.labels,
            [self.data.splits[seed] for seed in seeds],
            seeds,
            batch_size=self.experiment.training.batch_size,
            masks=self.masks,
            dtype=self.dtype,
            mean=self.experiment.data.mean,
            std=self.experiment.data.std,
        )


@dataclass(frozen=True)
class Prepared:
    """What a run is made of."""

    asked_for: Experiment
    """As it was given, sweeps and all."""
    trials: tuple[TrialPlan, ...]
    """All trials of the run; a trial's number is its place here."""
    data: DeviceData
    variants: tuple[Variant, ...]
    """In the order of their first trials; without swept settings there is one."""

    def variant_of(self, trial: int) -> Variant:
        """Return the variant that the trial with this number belongs to."""
        return next(variant for variant in self.variants if trial in variant.trials)


def prepare(experiment: Experiment) -> Prepared:
    """Check an experiment and load all that it needs.

    Raises:
        UsageError: something in the experiment can't be meant.
        MachineError: this machine lacks the data or the device.
    """
    return _prepare(experiment, load_data)


def prepare_on_noise(experiment: Experiment) -> Prepared:
    """Make ready an experiment that only looks at its models, on noise instead of images.

    Pixels and labels are drawn evenly, the inputs in the shape that the model asks for.

    Raises:
        UsageError: something in the experiment can't be meant.
    """
    return _prepare(experiment, load_noise)


def _prepare(experiment: Experiment, load: Callable[[Experiment], DeviceData]) -> Prepared:
    experiment.check()
    trials = _checked_trials(experiment)
    data = load(experiment)
    by_settings: dict[tuple[tuple[str, Setting], ...], dict[int, TrialPlan]] = {}
    for number, plan in enumerate(trials):
        by_settings.setdefault(tuple(plan.settings.items()), {})[number] = plan
    variants = tuple(_variant(experiment, plans, data) for plans in by_settings.values())
    return Prepared(experiment, trials, data, variants)


def _checked_trials(experiment: Experiment) -> tuple[TrialPlan, ...]:
    """Return the trials, each once, their schemes in their shortest form."""
    shortest: dict[str, str] = {}
    trials: dict[tuple[str, int], TrialPlan] = {}
    for plan in plan_trials(experiment):
        if plan.scheme not in shortest:
            shortest[plan.scheme] = str(parse_scheme(plan.scheme))
        checked = msgspec.structs.replace(plan, scheme=shortest[plan.scheme])
        key = checked.contestant, checked.seed
        # A sweep may come upon a scheme that is also named: that is one contestant, a swept one.
        if key not in trials or checked.family:
            trials[key] = checked
    return tuple(trials.values())


def _variant(asked_for: Experiment, trials: Mapping[int, TrialPlan], data: DeviceData) -> Variant:
    """Build the model that the settings of these trials ask for, and try every scheme on it."""
    plans = list(trials.values())
    experiment = with_settings(asked_for, plans[0].settings)
    experiment.check()
    template = build(experiment.model, tuple(data.example.shape[1:]), data.classes)
    images = len(data.splits[experiment.seeds[0]].train)
    size = min(experiment.training.batch_size, images)
    last = images % size or size
    name = experiment.model.name
    unkept = check_classifier(template, data.example, data.classes, name, last_batch=last)
    followers = nonlinearities(template, data.example)
    trial_model = copy.deepcopy(template)
    mask_dropout(trial_model)
    masks = plan_masks(trial_model, data.example)
    for scheme in dict.fromkeys(plan.scheme for plan in plans):
        apply_scheme(trial_model, parse_scheme(scheme), experiment.seeds[0], followers)
    return Variant(experiment, trials, data, template, followers, masks, unkept)


def _start_values(model: nn.Module, written: Sequence[Written]) -> tuple[StartValues, ...]:
    parameters = dict(model.named_parameters())
    return tuple(
        StartValues(each.parameter, each.initializer, _digest(parameters[each.parameter]))
        for each in written
    )


def _digest(values: torch.Tensor) -> str:
    """Return a short hash of a tensor's shape and values."""
    digest = hashlib.blake2b(f"{values.dtype}{tuple(values.shape)}".encode(), digest_size=8)
    content = values.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    digest.update(content.numpy().tobytes())
    return digest.hexdigest()
