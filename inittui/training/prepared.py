"""An experiment made ready: everything is checked and loaded before the first event."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.events.records import StartValues
from inittui.experiment.models import has_own_start
from inittui.experiment.records import Experiment
from inittui.experiment.scheme import Scheme
from inittui.experiment.sweeps import plan_trials, with_settings
from inittui.experiment.trials import Setting, TrialPlan
from inittui.initializers import parse_scheme
from inittui.initializers.apply import Written, apply_scheme
from inittui.initializers.catalogue import BUILT
from inittui.initializers.layer import Growth
from inittui.initializers.nonlinearity import Follower
from inittui.models.attributes import Value, attributes_of
from inittui.models.build import build
from inittui.models.check import Left, check_classifier
from inittui.models.given import Given
from inittui.models.growth import at_width, base_width, growth_of, learning_rates
from inittui.models.observe import settles, twin
from inittui.models.own import to_place
from inittui.models.tracing import nonlinearities
from inittui.text import sanitize
from inittui.training.batches import VALIDATION_ROWS, Batches, rows_on_cuda
from inittui.training.dropout import MaskedDropout, mask_dropout, plan_masks
from inittui.training.hardware import Place, places
from inittui.training.loading import DeviceData, load_data, load_given, load_noise
from inittui.training.memory import output_bytes
from inittui.training.randomness import MaskPlan
from inittui.user_code import printing_aside

Note = Callable[[tuple[StartValues, ...]], None]
"""Is told who wrote a model's start values."""


_OTHERWISE = (
    "the model's own code gives other values each time it runs, under one seed, so that no run can "
    "be repeated"
)


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
    settles: bool = False
    """Whether the model's first forward in training sets what it keeps, see `settles`."""
    left: Left = field(default_factory=lambda: Left((), ()))
    """What passes in training leave in the model."""

    @property
    def dtype(self) -> torch.dtype:
        """Of parameters and inputs."""
        dtype: torch.dtype = getattr(torch, self.experiment.training.dtype)
        return dtype

    def model(
        self, trial: TrialPlan, note: Note | None = None
    ) -> tuple[nn.Module, list[MaskedDropout]]:
        """Build one trial's model with its start weights, on the device.

        Its dropout layers take given masks; they are returned in the order of ``masks``. Somebody's
        own model is built anew under the trial's seed, see `build`: so what no initializer writes
        differs from seed to seed too, and is the same for all schemes of one.
        """
        scheme = parse_scheme(trial.scheme)
        as_built = self._is_built(scheme)
        model = self._built(trial.seed) if as_built else twin(self.template)
        written = apply_scheme(
            model, scheme, trial.seed, self.followers, self.growth(scheme), as_built=as_built
        )
        if note is not None:
            starts = _start_values(model, written)
            if as_built and trial.seed == self.experiment.seeds[0]:
                starts = tuple(self._noted(each) for each in starts)
            note(starts)
        masked = mask_dropout(model)
        layers = [masked[name] for name in self.masks.names]
        return to_place(model, self.data.device, self.dtype), layers

    def _noted(self, start: StartValues) -> StartValues:
        """Say of what the model's own code gave whether it gave another before, under one seed."""
        is_own = start.initializer in (BUILT, None)
        if not is_own or self._digests[start.parameter] == start.digest:
            return start
        return msgspec.structs.replace(start, note=_OTHERWISE)

    def rates(self, trial: TrialPlan) -> dict[str, float]:
        """Return the factors of a trial's learning rate by parameter; {} where all are 1.

        Raises:
            UsageError: its scheme has learning rates that the optimizer or the model can't take.
        """
        growth = self.growth(parse_scheme(trial.scheme))
        optimizer = self.experiment.training.optimizer
        return learning_rates(self.template, growth, optimizer) if growth else {}

    def growth(self, scheme: Scheme) -> dict[str, Growth]:
        """Return how each layer has grown from the width that a scheme is for; {} for most.

        Raises:
            UsageError: the model has no width.
        """
        base = base_width(scheme)
        if base is None:
            return {}
        shape, classes = tuple(self.data.example.shape[1:]), self.data.classes
        narrow = at_width(self.experiment.model, base, shape, classes, self.data.example)
        return growth_of(self.template, narrow)

    def _is_built(self, scheme: Scheme) -> bool:
        pairs = [(scheme.weights, scheme.bias), *((r.weights, r.bias) for r in scheme.layers)]
        names_it = any(call is not None and call.name == BUILT for pair in pairs for call in pair)
        return names_it or has_own_start(self.experiment.model.name)

    def _built(self, seed: int) -> nn.Module:
        """Build the model under a seed.

        Raises:
            UsageError: it has other parameters than when it was built before.
        """
        name, example = self.experiment.model.name, self.data.example
        model = build(
            self.experiment.model,
            tuple(example.shape[1:]),
            self.data.classes,
            seed=seed,
            example=example,
        )
        if _shapes(model) != _shapes(self.template):
            raise UsageError(
                f"{sanitize(name, 200)} has other parameters when it is built once more (seed "
                f"{seed}): give a model whose layers don't depend on chance"
            )
        return model

    @cached_property
    def attributes(self) -> dict[str, Value]:
        """What the untrained model's modules keep beside parameters and buffers."""
        return attributes_of(self.template)

    @cached_property
    def _digests(self) -> dict[str, str]:
        """Of the untrained model's parameters."""
        return {name: _digest(each) for name, each in self.template.named_parameters()}

    @cached_property
    def validated_at_once(self) -> int:
        """How many images of the validation part are evaluated at once."""
        if self.data.device.type != "cuda":
            return VALIDATION_ROWS
        return rows_on_cuda(output_bytes(self.template, self.data.example, 1, self.dtype))

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
            validated_at_once=self.validated_at_once,
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

    @property
    def places(self) -> tuple[Place, ...]:
        """Where several processes share the work; () where this one does it."""
        return places(self.asked_for.training)

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

    See `load_noise`.

    Raises:
        UsageError: something in the experiment can't be meant.
    """
    return _prepare(experiment, load_noise)


def prepare_on_given(experiment: Experiment, given: Given) -> Prepared:
    """Make ready an experiment that only looks at its models, on a batch that was handed over.

    Raises:
        UsageError: something in the experiment can't be meant, or the batch doesn't fit.
    """
    return _prepare(experiment, lambda wanted: load_given(wanted, given))


@printing_aside()
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
    shape, seed = tuple(data.example.shape[1:]), experiment.seeds[0]
    template = build(experiment.model, shape, data.classes, seed=seed, example=data.example)
    images = len(data.splits[experiment.seeds[0]].train)
    size = min(experiment.training.batch_size, images)
    last = images % size or size
    left = check_classifier(
        template, data.example, data.classes, experiment.model, positions=data.positions,
        last_batch=last,
    )  # fmt: skip
    followers = nonlinearities(template, data.example)
    trial_model = twin(template)
    mask_dropout(trial_model)
    masks = plan_masks(trial_model, data.example)
    settling = settles(template, data.example)
    variant = Variant(experiment, trials, data, template, followers, masks, settling, left)
    for plan in {plan.scheme: plan for plan in plans}.values():
        scheme = parse_scheme(plan.scheme)
        apply_scheme(trial_model, scheme, seed, followers, variant.growth(scheme), as_built=True)
        variant.rates(plan)
    return variant


def _shapes(model: nn.Module) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in model.named_parameters()}


def _start_values(model: nn.Module, written: Sequence[Written]) -> tuple[StartValues, ...]:
    parameters = dict(model.named_parameters())
    return tuple(
        StartValues(
            each.parameter,
            each.initializer,
            _digest(parameters[each.parameter]),
            parameters[each.parameter].numel(),
            each.note,
        )
        for each in written
    )


def _digest(values: torch.Tensor) -> str:
    """Return a short hash of a tensor's shape and values; -0 counts as 0."""
    digest = hashlib.blake2b(f"{values.dtype}{tuple(values.shape)}".encode(), digest_size=8)
    unsigned = values.detach() + 0  # -0 + 0 is 0, everything else stays as it is
    content = unsigned.cpu().contiguous().reshape(-1).view(torch.uint8)
    digest.update(content.numpy().tobytes())
    return digest.hexdigest()
