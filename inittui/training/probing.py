"""When the trials of a run are measured inside, and on which images."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

import torch
from msgspec.structs import replace
from torch import nn

from inittui.events.probes import Probe, When
from inittui.events.records import Event, ProbeMeasured, StartValues, TrialStarted
from inittui.events.wire_numbers import to_wire
from inittui.experiment.models import is_own
from inittui.experiment.trials import TrialPlan
from inittui.initializers import parse_scheme
from inittui.inspection.prediction import predict_probe
from inittui.inspection.probe import probe
from inittui.models.observe import first_forward, twin
from inittui.models.own import to_place
from inittui.training.batches import inputs_of
from inittui.training.memory import out_of_memory, output_bytes
from inittui.training.prepared import Prepared, Variant
from inittui.user_code import blamed

Named = Mapping[str, torch.Tensor]

_FEW_VALUES = 1 << 21
"""Parameters and outputs of a probe that is done by one thread."""

_KEPT_VALUES = 1 << 21
"""Start values that are kept from the first probe to the last."""


class Inspector:
    """Measures the trials of one variant at the steps that the experiment names."""

    def __init__(self, variant: Variant, total_steps: int) -> None:
        """Cost nothing as long as nothing is due; ``total_steps`` end a trial."""
        self._variant = variant
        self._config = variant.experiment.inspection
        self._total = total_steps
        self._model: nn.Module | None = None
        self._is_small = False
        # What the first trials began with, as far as it is small: the others' is drawn once more.
        self._starts: dict[int, Named] = {}

    def due(self, step: int) -> When | None:
        """Return what kind of probe the experiment wants after so many steps."""
        if step == 0:
            return "before" if self._config.before else None
        if step == self._total and self._config.after:
            return "after"
        every = self._config.every
        if every == "epoch":
            every = self._total // self._variant.experiment.training.epochs or None
        return "step" if every is not None and step % every == 0 else None

    def measure(self, number: int, when: When, step: int, values: Named) -> ProbeMeasured:
        """Measure the trial with this number; ``values`` are its parameters and buffers."""
        began = time.perf_counter()
        if self._model is None:
            self._model = self._prepare()
        with one_thread() if self._is_small else nullcontext():
            measured = self._measure(number, when, values)
            if when == "before" and self._config.after and not self._variant.settles:
                self._keep_start(number, values)
        seconds = time.perf_counter() - began
        return ProbeMeasured(
            at=time.time(), trial=number, when=when, step=step, probe=measured, seconds=seconds
        )

    def _prepare(self) -> nn.Module:
        """Return the model that all trials are measured in; note whether it is a small one."""
        template, data, dtype = self._variant.template, self._variant.data, self._variant.dtype
        outputs = output_bytes(template, data.example, self._config.images, dtype)
        parameters = sum(parameter.numel() for parameter in template.parameters())
        values = parameters + outputs // (2 * dtype.itemsize)
        self._is_small = data.device.type == "cpu" and values <= _FEW_VALUES
        return to_place(twin(template), data.device, dtype)

    def _measure(self, number: int, when: When, values: Named) -> Probe:
        assert self._model is not None
        trial = self._variant.trials[number]
        images, labels = self.batch(trial)
        # Each its own: what a pass leaves in a model that keeps more than tensors is no other's.
        keeps_more = is_own(self._variant.experiment.model.name)
        model = twin(self._model) if keeps_more else self._model
        if self._variant.settles:
            model = self._settled(trial, values)
            if when == "before":
                values = dict(model.named_parameters()) | dict(model.named_buffers())
        measured = probe(
            model,
            images,
            labels,
            percentile=self._config.percentile,
            gradient_percentile=self._config.gradient_percentile,
            values=values,
            when=when,
        )
        if when == "before":
            model_config, scheme = self._variant.experiment.model, parse_scheme(trial.scheme)
            theory = predict_probe(measured, images, labels, model_config, scheme)
            measured = replace(measured, theory=theory)
        # What a first forward settles is no start that the seed alone gives back.
        if when == "after" and not self._variant.settles:
            start = self._starts.pop(number, None)
            if start is None:
                start = dict(self._variant.model(trial)[0].named_parameters())
            measured = _moved(measured, start, values)
        return measured

    def _keep_start(self, number: int, values: Named) -> None:
        kept = [values, *self._starts.values()]
        if sum(each.numel() for named in kept for each in named.values()) <= _KEPT_VALUES:
            copied = {name: each.detach().clone() for name, each in values.items()}
            self._starts[number] = copied

    def _settled(self, trial: TrialPlan, values: Named) -> nn.Module:
        """Return the model as the trial's first step settles it, by its first batch."""
        assert self._model is not None
        model = twin(self._model)
        own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(values.get(name, tensor))
        first_forward(model, self._variant.feed([trial.seed]).batch(0, 0).images[0])
        return model

    def batch(self, trial: TrialPlan) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first images of the training part of the trial's seed, and their labels."""
        data, config = self._variant.data, self._variant.experiment.data
        rows = data.splits[trial.seed].train[: self._config.images].to(data.device)
        inputs = inputs_of(data.images[rows], self._variant.dtype, config.mean, config.std)
        return inputs, data.labels[rows]


def measure_starts(prepared: Prepared) -> Iterator[Event]:
    """Tell who wrote the start values of all trials and measure them; train nothing.

    Raises:
        UsageError: the model, a person's own, fails.
    """
    for variant in prepared.variants:
        inspector = Inspector(variant, total_steps=0)
        with blamed(variant.experiment.model.name, out_of_memory):
            for number, plan in variant.trials.items():
                start: list[tuple[StartValues, ...]] = []
                model, _ = variant.model(plan, start.append)
                yield TrialStarted(at=time.time(), trial=number, start=start[0])
                values = dict(model.named_parameters()) | dict(model.named_buffers())
                yield inspector.measure(number, "before", 0, values)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let this thread alone compute what it begins in the block.

    A probe of a small model is some thousand operations, each too short to be shared: where cores
    are busy, threads that wait for each other took ten times as long as one (150 to 370 ms of
    processor time for a perceptron's probe, 35 to 50 so).
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _moved(measured: Probe, start: Named, values: Named) -> Probe:
    """Say of each layer how far it is from the trial's start."""
    return replace(
        measured,
        layers=tuple(
            replace(layer, moved=to_wire(_distance(start[name], values[name])))
            if (name := f"{layer.name}.weight") in start and name in values
            else layer
            for layer in measured.layers
        ),
    )


def _distance(start: torch.Tensor, end: torch.Tensor) -> float:
    """Return the Frobenius norm of the difference by that of the start, in float64."""
    before, after = start.detach().double(), end.detach().double()
    far, size = float((after - before).norm()), float(before.norm())
    if size == 0:
        return math.inf if far else 0.0
    return far / size
