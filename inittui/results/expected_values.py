"""The values that a scheme gives a model's first layer, by their distribution: nothing is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase

from inittui.events.probes import Histogram
from inittui.experiment.data_sets import DATA_SETS
from inittui.experiment.models import MODELS, WeightLayer
from inittui.experiment.records import Experiment
from inittui.experiment.scheme import Call, Scheme, parse_syntax
from inittui.experiment.sweeps import swept_settings
from inittui.initializers import find
from inittui.initializers.catalogue import BUILT
from inittui.initializers.distributions import Distribution, extremes
from inittui.initializers.layer import LayerContext, example_shape
from inittui.initializers.nonlinearity import Follower
from inittui.initializers.slots import names_layer

_BINS = 61
"""Odd, so that a single value stands in the middle."""
_QUANTILES = 6_100


@dataclass(frozen=True, slots=True)
class ExpectedValues:
    layer: LayerContext
    """Without a name where it is an example's, as the model's own is known once it is built."""
    histogram: Histogram
    """Of as many values as the layer's weight has."""


def expected_values(scheme: str, chosen: Experiment) -> ExpectedValues | None:
    """Return what to expect; None for own functions and values that the model gives itself.

    Raises:
        UsageError: the scheme can't be meant, or its initializer can't fill such a layer.
    """
    layer = _first_layer(chosen)
    rules = "".join(f"@{pattern}={rule}" for pattern, rule in chosen.layers.items())
    parsed = parse_syntax(scheme + rules)
    call = parsed.weights if layer is None else _call(parsed, layer)
    if call.is_reference or call.name == BUILT:
        return None
    context = _context(layer, chosen, call)
    found = find(call.name).values_for(context, dict(call.parameters))
    return ExpectedValues(context, _histogram(found, math.prod(context.shape)))


def _context(layer: WeightLayer | None, chosen: Experiment, call: Call) -> LayerContext:
    if layer is None:
        return LayerContext(example_shape(call.name), Follower("relu"))
    activation = MODELS[chosen.model.name].settings(chosen.model).get("activation", "relu")
    return LayerContext(layer.shape, Follower(str(activation)), name=layer.name, kind=layer.kind)


def _first_layer(chosen: Experiment) -> WeightLayer | None:
    """Return it of one of our models; None for others, for unknown data, and while it is swept.

    Raises:
        UsageError: the model has no such layer, or can't take the data.
    """
    model = chosen.model
    described, data = MODELS.get(model.name), DATA_SETS.get(chosen.data.name)
    swept = any(path.startswith("model.") for path in swept_settings(chosen))
    given = model.inputs[0].shape if model.inputs else described and described.input
    inputs = given or (data and data.shape)
    if described is None or swept or not inputs:
        return None
    return described.first(described.settings(model), inputs)


def _call(scheme: Scheme, layer: WeightLayer) -> Call:
    """Return what fills the layer's weight: the last rule that names it by its name or kind."""
    for rule in reversed(scheme.layers):
        pattern = rule.pattern
        is_layer = names_layer(pattern, layer.name, [layer.kind])
        if is_layer or fnmatchcase(f"{layer.name}.weight", pattern):
            return rule.weights
    return scheme.weights


def _histogram(distribution: Distribution, size: int) -> Histogram:
    low, high = extremes(distribution, size)
    if low == high:
        return Histogram(low, high, (size,))
    counts = [0] * _BINS
    for number in range(_QUANTILES):
        value = distribution.quantile((number + 0.5) / _QUANTILES)
        place = int((value - low) / (high - low) * _BINS)
        counts[min(max(place, 0), _BINS - 1)] += 1
    return Histogram(low, high, tuple(round(count * size / _QUANTILES) for count in counts))
