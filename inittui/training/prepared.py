"""An experiment made ready: everything is checked and loaded before the first event."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import torch
from torch import nn

from inittui.data.sets import as_channels, load
from inittui.data.splits import Split, split, test_part
from inittui.errors import UsageError
from inittui.events.records import StartValues
from inittui.experiment.models import MODELS, TORCHVISION_INPUT, is_own
from inittui.experiment.records import Experiment, ModelConfig
from inittui.experiment.seeds import derive_seed
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
from inittui.training.hardware import choose_device
from inittui.training.randomness import MaskPlan
from inittui.user_code import seeded, theirs

Note = Callable[[tuple[StartValues, ...]], None]
"""Is told who wrote a model's start values."""


@dataclass(frozen=True)
class Prepared:
    """What a run is made of, on its device; of one model and training where these are swept."""

    experiment: Experiment
    """With the swept settings in their place."""
    asked_for: Experiment
    """As it was given, for the run as a whole."""
    trials: tuple[TrialPlan, ...]
    """All trials of the run, also those of other settings."""
    settings: Mapping[str, Setting]
    """The swept settings that these materials have."""
    device: torch.device
    dtype: torch.dtype
    images: torch.Tensor
    """uint8 [n, channels, height, width]."""
    labels: torch.Tensor
    """int64 [n]."""
    splits: dict[int, Split]
    template: nn.Module
    """The untrained model, on the CPU, with its dropout layers as they came."""
    followers: dict[str, Follower]
    """The nonlinearity that follows each weight layer."""
    masks: MaskPlan
    classes: int
    chance: float
    """Share of the most frequent class in the whole training set."""
    example: torch.Tensor
    """Two inputs [2, *input_shape] of noise, on the CPU, to try models on."""
    unkept: tuple[str, ...] = ()
    """Names of plain values that the model changes while it trains; checkpoints don't have them."""
    others: tuple[Prepared, ...] = ()
    """The same run's under the other swept settings."""

    @property
    def fingerprint(self) -> str:
        """A digest of the labels and of some images: another data set has another one."""
        digest = hashlib.blake2b(digest_size=8)
        for part in (self.labels, self.images[:: max(len(self.images) // 64, 1)]):
            digest.update(part.cpu().numpy().tobytes())
        return digest.hexdigest()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the trials that have these settings."""
        return tuple(
            number for number, plan in enumerate(self.trials) if plan.settings == self.settings
        )

    def of(self, trial: int) -> Prepared:
        """Return the materials that have the settings of the trial with this number."""
        settings = self.trials[trial].settings
        return next(each for each in (self, *self.others) if each.settings == settings)

    def model(
        self, trial: TrialPlan, note: Note | None = None
    ) -> tuple[nn.Module, list[MaskedDropout]]:
        """Build one trial's model with its start weights, on the device, dropout masked."""
        model = copy.deepcopy(self.template)
        written = apply_scheme(model, parse_scheme(trial.scheme), trial.seed, self.followers)
        if note is not None:
            note(_start_values(model, written))
        masked = mask_dropout(model)
        layers = [masked[name] for name in self.masks.names]
        return model.to(self.device, self.dtype), layers

    def feed(self, seeds: Sequence[int]) -> Batches:
        """Return the batches of some seeds."""
        return Batches(
            self.images,
            self.labels,
            [self.splits[seed] for seed in seeds],
            seeds,
            batch_size=self.experiment.training.batch_size,
            masks=self.masks,
            dtype=self.dtype,
            mean=self.experiment.data.mean,
            std=self.experiment.data.std,
        )


def prepare(experiment: Experiment) -> Prepared:
    """Check an experiment and load all that it needs.

    Raises:
        UsageError: something in the experiment can't be meant.
        MachineError: this machine lacks the data or the device.
    """
    experiment.check()
    return _assemble(experiment, _checked_trials(experiment), _load(experiment))


def _assemble(experiment: Experiment, trials: tuple[TrialPlan, ...], loaded: _Loaded) -> Prepared:
    """Build the materials of every combination of swept settings."""
    settings = {plan.contestant.removeprefix(plan.scheme): plan.settings for plan in trials}
    first, *others = [_materials(experiment, trials, each, loaded) for each in settings.values()]
    return replace(first, others=tuple(others))


def prepare_on_noise(experiment: Experiment) -> Prepared:
    """Make ready an experiment that only looks at its models, on noise instead of images.

    Pixels and labels are drawn evenly, the inputs in the shape that the model asks for.

    Raises:
        UsageError: something in the experiment can't be meant.
    """
    experiment.check()
    return _assemble(experiment, _checked_trials(experiment), _load_noise(experiment))


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


@dataclass(frozen=True)
class _Loaded:
    """The data and the device, the same for all trials."""

    device: torch.device
    images: torch.Tensor
    labels: torch.Tensor
    splits: dict[int, Split]
    classes: int
    chance: float


def _load(experiment: Experiment) -> _Loaded:
    device = choose_device(experiment.training.device)
    config = experiment.data
    image_set = load(config.name)
    parts = [image_set.train, *([image_set.test] if config.evaluate_on == "test" else [])]
    images = torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images
    images = _fitted(images, experiment.model, config.name)
    count = len(image_set.train.images)
    splits = {seed: split(count, seed, config) for seed in experiment.seeds}
    if config.evaluate_on == "test":
        tests = len(image_set.test.images)
        splits = {seed: test_part(part, count, tests) for seed, part in splits.items()}
    return _Loaded(
        device=device,
        images=images.to(device),
        labels=torch.cat([part.labels for part in parts]).to(device, torch.int64),
        splits=splits,
        classes=len(image_set.classes),
        chance=_most_frequent(image_set.train.labels),
    )


def _most_frequent(labels: torch.Tensor) -> float:
    """Return the share of the most frequent of labels [n]."""
    return float(torch.bincount(labels.long()).max()) / len(labels)


def _load_noise(experiment: Experiment) -> _Loaded:
    config, seed = experiment.model, experiment.seeds[0]
    described = MODELS.get(config.name)
    shape = config.input or (described.input if described else None) or TORCHVISION_INPUT
    count = experiment.inspection.images
    generator = torch.Generator().manual_seed(derive_seed(seed, "noise"))
    images = torch.randint(256, (count, *shape), dtype=torch.uint8, generator=generator)
    with seeded(0), theirs(config.name, f"it was given inputs of shape {[2, *shape]}"):
        outputs = build(config, shape, 10).eval()(images[:2] / 255)
    classes = outputs.shape[-1] if isinstance(outputs, torch.Tensor) and outputs.ndim else 1
    device = choose_device(experiment.training.device)
    everything = Split(torch.arange(count), torch.arange(0))
    return _Loaded(
        device=device,
        images=images.to(device),
        labels=torch.randint(classes, (count,), generator=generator).to(device),
        splits=dict.fromkeys(experiment.seeds, everything),
        classes=classes,
        chance=1 / max(classes, 1),
    )


def _fitted(images: torch.Tensor, model: ModelConfig, data: str) -> torch.Tensor:
    """Return images [n, channels, height, width] in the shape that a model asks for.

    Grey and colour are turned into each other; for a person's own model what is as large is
    reshaped.
    """
    shape, wanted = tuple(images.shape[1:]), model.input
    if wanted is None or wanted == shape:
        return images
    if len(wanted) == 3 and wanted[1:] == shape[1:]:
        return as_channels(images, wanted[0])
    if is_own(model.name) and math.prod(wanted) == math.prod(shape):
        return images.reshape(len(images), *wanted)
    raise UsageError(
        f"{data} has inputs of {'x'.join(map(str, shape))}, not {'x'.join(map(str, wanted))}; "
        "images are not resized"
    )


def _materials(
    experiment: Experiment,
    trials: tuple[TrialPlan, ...],
    settings: Mapping[str, Setting],
    loaded: _Loaded,
) -> Prepared:
    """Build the model that some swept settings ask for, and try every scheme on it."""
    asked_for = experiment
    experiment = with_settings(experiment, settings)
    experiment.check()
    shape = tuple(loaded.images.shape[1:])
    template = build(experiment.model, shape, loaded.classes)
    example = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    images = len(loaded.splits[experiment.seeds[0]].train)
    size = min(experiment.training.batch_size, images)
    last = images % size or size
    name = experiment.model.name
    unkept = check_classifier(template, example, loaded.classes, name, last_batch=last)
    followers = nonlinearities(template, example)
    trial_model = copy.deepcopy(template)
    mask_dropout(trial_model)
    masks = plan_masks(trial_model, example)
    schemes = dict.fromkeys(plan.scheme for plan in trials if plan.settings == settings)
    for scheme in schemes:
        apply_scheme(trial_model, parse_scheme(scheme), experiment.seeds[0], followers)
    return Prepared(
        experiment=experiment,
        asked_for=asked_for,
        trials=trials,
        settings=settings,
        device=loaded.device,
        dtype=getattr(torch, experiment.training.dtype),
        images=loaded.images,
        labels=loaded.labels,
        splits=loaded.splits,
        template=template,
        followers=followers,
        masks=masks,
        classes=loaded.classes,
        chance=loaded.chance,
        example=example,
        unkept=unkept,
    )


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
