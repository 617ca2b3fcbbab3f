"""What theory says of a probe: its inputs read off the batch and the start values, and its limits.

Each limit is where prediction and measurement were found to part, or where nobody has compared
them; then nothing is predicted and the reason is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from msgspec.structs import replace

from inittui.events.probes import LayerProbe, Measured, Probe
from inittui.events.theory import DepthScales, PredictedLayer, Theory
from inittui.events.wire_numbers import from_wire, to_wire
from inittui.experiment.derived import LEAST_WIDTH, PERCEPTRONS, STRUCTURED, are_alike
from inittui.experiment.records import ModelConfig
from inittui.experiment.scheme import Call, Scheme

if TYPE_CHECKING:
    from inittui.theory.recursion import Batch

_SMALLEST, _LARGEST = 1e-35, 1e35
"""Where float32 still holds squares of single values."""

_SAMPLES = 64
"""Images whose pairs are computed, of each class its share: the spread of the logits' gradients is
what the classes leave of each other."""

_MOST_BY_MEANS = 0.01
"""Share of a second moment that the weights' mean may give before gradients are not derived."""

_MOST_LOGIT_STD = 3.0

_LEAST_DIFFERENCE = 0.01
"""1 − c under which a correlation's prediction is rounding of the pairs that were drawn."""

_STANDARD_ERRORS = 4.0
"""How far from 0 a mean must lie, in its own standard errors, to be one."""

_EDGE = 0.01
"""|χ₁ − 1| that is called the edge of chaos: as far as measured variances tell."""


def predict_probe(
    probe: Probe,
    images: torch.Tensor,
    labels: torch.Tensor,
    model: ModelConfig,
    scheme: Scheme,
) -> Theory:
    """Predict a probe that was taken before training.

    Args:
        probe: what was measured.
        images: [n, *input_shape], those of the probe.
        labels: int64 [n].
        model: whose layers were measured.
        scheme: that gave the start values.
    """
    refused = next(_refusals(probe, model, scheme), "")
    if refused:
        return Theory(refused=refused)
    from inittui.theory.activations import activation
    from inittui.theory.recursion import Layer, predict

    layers = [
        Layer(
            layer.shape[1],
            layer.shape[0],
            *_mean_and_variance(layer.weights),
            *_mean_and_variance(layer.biases),
            activation(layer.nonlinearity),
        )
        for layer in probe.layers
    ]
    found = predict(layers, _batch(images, labels))
    if not all(_SMALLEST <= each.second_moment <= _LARGEST for each in found):
        return Theory(refused="a predicted mean square is beyond what float32 can hold")
    no_gradients = ""
    if any(each.share_of_means > _MOST_BY_MEANS for each in found):
        no_gradients = "the weights' mean is not 0"
    elif found[-1].second_moment > _MOST_LOGIT_STD**2:
        no_gradients = f"logits of a predicted std over {_MOST_LOGIT_STD:g}"
    elif not all(_SMALLEST <= each.gradient <= _LARGEST for each in found):
        no_gradients = "a predicted mean square is beyond what float32 can hold"
    has_means = any(each.weight_mean for each in layers)
    predicted = []
    for layer, each in zip(probe.layers, found, strict=True):
        factor = math.exp(2 * each.spread)
        measured = layer.pre_activations.second_moment
        low, high = each.second_moment / factor, each.second_moment * factor
        known = not has_means and 1 - each.correlation >= _LEAST_DIFFERENCE
        told = PredictedLayer(
            name=layer.name,
            second_moment=each.second_moment,
            low=low,
            high=high,
            inside=_is_inside(measured, low, high),
            correlation=each.correlation if known else None,
        )
        if not no_gradients:
            told = _with_gradient(told, layer, each.gradient, each.gradient_spread)
        predicted.append(told)
    q = found[0].second_moment
    scales, no_scales = _scales(probe.layers, q)
    return Theory(
        gradient_refused=no_gradients,
        scales_refused=no_scales,
        at_most=any(call.name == "orthogonal" for call in _calls(scheme)),
        layers=tuple(predicted),
        scales=scales,
    )


def _refusals(probe: Probe, model: ModelConfig, scheme: Scheme) -> Iterator[str]:
    """Yield why nothing can be predicted."""
    if model.name not in PERCEPTRONS or any(layer.kind != "Linear" for layer in probe.layers):
        yield "it is worked out for plain perceptrons only: no convolutions, residuals, own models"
        return
    if model.batch_norm:
        yield "batch normalisation needs a recursion of its own"
    for call in _calls(scheme):
        if call.is_reference:
            yield "values by somebody's own code may depend on each other or on data"
        if call.name in STRUCTURED:
            yield f"{call.name} gives values that are not independent of each other"
    if len(probe.layers) < 2 or probe.images < 2:
        yield "it needs two layers and two images at least"
    narrow = min((layer.units for layer in probe.layers[:-1]), default=LEAST_WIDTH)
    if narrow < LEAST_WIDTH:
        yield f"a layer of {narrow} units: it is for widths from {LEAST_WIDTH} on"
    if any(layer.weights.not_finite or layer.pre_activations.not_finite for layer in probe.layers):
        yield "some values are NaN or infinite"
    if all(not layer.weights.second_moment for layer in probe.layers[-1:]):
        yield "the last layer's weights are all 0"


def _calls(scheme: Scheme) -> list[Call]:
    return [scheme.weights, *(rule.weights for rule in scheme.layers)]


def _mean_and_variance(values: Measured | None) -> tuple[float, float]:
    """Return a mean that isn't chance, and the variance around it; 0 and 0 for no values."""
    if values is None:
        return 0.0, 0.0
    mean, variance = from_wire(values.mean), from_wire(values.variance)
    if abs(mean) <= _STANDARD_ERRORS * values.std / math.sqrt(values.count):
        return 0.0, values.second_moment
    return mean, variance


def _batch(images: torch.Tensor, labels: torch.Tensor) -> Batch:
    import numpy as np

    from inittui.theory.recursion import Batch

    pixels = images.detach().flatten(1)
    inputs = pixels.shape[1]
    places = np.linspace(0, len(pixels) - 1, min(_SAMPLES, len(pixels))).round().astype(np.intp)
    rows = np.argsort(labels.cpu().numpy(), kind="stable")[places]
    samples = pixels[torch.from_numpy(rows).to(pixels.device)].double()
    return Batch(
        squares=torch.linalg.vector_norm(pixels, dim=1).double().cpu().numpy() ** 2 / inputs,
        means=pixels.mean(1).double().cpu().numpy(),
        rows=rows,
        kernel=(samples @ samples.T).cpu().numpy() / inputs,
        labels=labels.cpu().numpy(),
    )


def _is_inside(value: float, low: float, high: float) -> bool:
    # Where nothing varies, as with all weights 1, the range is a point and float32 rounds.
    return low * (1 - 1e-4) <= value <= high * (1 + 1e-4)


def _with_gradient(
    told: PredictedLayer, layer: LayerProbe, gradient: float, spread: float
) -> PredictedLayer:
    factor = math.exp(2 * spread)
    low, high = gradient / factor, gradient * factor
    measured = layer.pre_activation_gradients.second_moment
    return replace(
        told,
        gradient=gradient,
        gradient_low=low,
        gradient_high=high,
        gradient_inside=_is_inside(measured, low, high),
    )


def _scales(layers: Sequence[LayerProbe], start: float) -> tuple[DepthScales | None, str]:
    """Return the fixed point of the hidden layers after the first, or why there is none."""
    from inittui.theory.scales import scales

    hidden = layers[1:-1]
    if not hidden:
        return None, "a single hidden layer has no depth"
    weights = [_mean_and_variance(layer.weights) for layer in hidden]
    biases = [_mean_and_variance(layer.biases) for layer in hidden]
    if any(mean for mean, _ in [*weights, *biases]):
        return None, "the weights or biases have a mean"
    of_weights = [
        layer.shape[1] * variance for layer, (_, variance) in zip(hidden, weights, strict=True)
    ]
    of_biases = [variance for _, variance in biases]
    if not are_alike(of_weights) or not are_alike([each + start for each in of_biases]):
        return None, "the layers' σ_w² differ"
    weight, bias = sum(of_weights) / len(hidden), sum(of_biases) / len(hidden)
    found = scales(hidden[0].nonlinearity, weight, bias, start=start, edge=_EDGE)
    return DepthScales(
        weight_variance=weight,
        bias_variance=bias,
        q=to_wire(found.q),
        is_stable=found.is_stable,
        chi=found.chi,
        correlation=to_wire(found.correlation),
        xi_correlation=to_wire(found.xi_correlation),
        xi_gradient=to_wire(found.xi_gradient),
        state=found.state,
    ), ""
