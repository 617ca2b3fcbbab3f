"""One forward and one backward pass over a batch, in evaluation mode: what every layer does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.stateless import _reparametrize_module

from inittui.events.probes import LayerProbe, Measured, Probe
from inittui.events.wire_numbers import to_wire
from inittui.inspection.recorder import LayerRecorder, Seen
from inittui.inspection.statistics import corner, measure, spread_of_logits
from inittui.models.observe import evaluating

Named = Mapping[str, torch.Tensor]


def probe(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    percentile: float,
    gradient_percentile: float | None = None,
    values: Named | None = None,
) -> Probe:
    """Measure every weight layer that runs.

    Neither the model nor the tensors nor the global random generators are changed.

    Args:
        model: gives logits [n, classes] for ``images``; on their device.
        images: [n, *input_shape].
        labels: int64 [n].
        percentile: the range of the histograms, see `statistics.measure`.
        gradient_percentile: that of the gradients, by their size; None: as of all others.
        values: parameters and buffers to use instead of the model's own, by name; parameters
            are not copied. What the model doesn't have is ignored.
    """
    given = values or {}
    leaves = {
        name: tensor.detach().requires_grad_()
        for name, tensor in ((name, given.get(name, own)) for name, own in model.named_parameters())
    }
    # A model may write to its buffers even in evaluation mode.
    state = {name: given.get(name, own).clone() for name, own in model.named_buffers()}
    recorder = LayerRecorder(percentile, gradient_percentile)
    # The backward pass too: activations that a model checkpoints are computed again in it.
    # So the model has the values as long as that takes, longer than in `functional_call`.
    lent = _reparametrize_module(model, {**leaves, **state}, tie_weights=True)
    with torch.enable_grad(), evaluating(model, images.device), lent:
        # Cached: what a hook reads of a parametrized layer is then what its forward has used.
        with parametrize.cached(), recorder.watching(model):
            logits: torch.Tensor = model(images)
        loss = F.cross_entropy(logits, labels)
        layers = _layers(recorder, loss, percentile)
    return Probe(
        images=len(images),
        classes=logits.shape[-1],
        loss=to_wire(loss.item()),
        logit_std=to_wire(spread_of_logits(logits)),
        layers=layers,
        unmeasured=tuple(_unmeasured(model, recorder)),
    )


def _unmeasured(model: nn.Module, recorder: LayerRecorder) -> Iterator[str]:
    """Yield the parameters of two and more dimensions that no measured layer has."""
    layers = (model.get_submodule(name) for name in recorder.seen)
    measured = {id(parameter) for layer in layers for parameter in layer.parameters()}
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and id(parameter) not in measured:
            yield name


def _layers(
    recorder: LayerRecorder, loss: torch.Tensor, percentile: float
) -> tuple[LayerProbe, ...]:
    """Run backward; return what is known of each layer."""
    seen = tuple(recorder.seen.values())
    weights = [layer.weight for layer in seen]
    biases = [layer.bias for layer in seen if layer.bias is not None]
    # Not by `torch.autograd.grad`: reentrant checkpoints, and functions of somebody's own, may know
    # the whole backward pass only.
    wanted = [*weights, *biases]
    for tensor in wanted:
        if tensor.requires_grad and not tensor.is_leaf:
            tensor.retain_grad()
    loss.backward()
    gradients = [tensor.grad for tensor in wanted]
    bias_gradients = iter(gradients[len(weights) :])
    return tuple(
        _layer(
            layer,
            by_weight,
            None if layer.bias is None else next(bias_gradients),
            percentile=percentile,
            recorder=recorder,
        )
        for layer, by_weight in zip(seen, gradients, strict=False)
    )


def _layer(
    seen: Seen,
    by_weight: torch.Tensor | None,
    by_bias: torch.Tensor | None,
    *,
    percentile: float,
    recorder: LayerRecorder,
) -> LayerProbe:
    def gradient(values: torch.Tensor | None) -> Measured:
        # None: the loss doesn't depend on it, as where a model detaches what a layer gives.
        return Measured(count=0) if values is None else recorder.measure_gradient(values)

    return LayerProbe(
        name=seen.name,
        kind=seen.kind,
        nonlinearity=seen.nonlinearity,
        shape=tuple(seen.weight.shape),
        units=seen.units,
        distinct_units=seen.distinct_units,
        weights=measure(seen.weight, percentile),
        biases=None if seen.bias is None else measure(seen.bias, percentile),
        pre_activations=seen.pre_activations,
        activations=seen.activations or seen.pre_activations,
        between_samples=to_wire(seen.between_samples),
        dead=seen.dead,
        saturated=seen.saturated,
        corner=corner(seen.weight),
        weight_gradients=gradient(by_weight),
        bias_gradients=None if seen.bias is None else gradient(by_bias),
        pre_activation_gradients=seen.pre_activation_gradients,
    )
