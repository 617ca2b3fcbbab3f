"""The values that a scheme gives a model's first layer, by their distribution: nothing is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inittui.errors import UsageError
from inittui.events.probes import Histogram
from inittui.experiment.data_sets import DATA_SETS
from inittui.experiment.derived import PERCEPTRONS
from inittui.experiment.models import MODELS
from inittui.experiment.records import Experiment
from inittui.experiment.scheme import parse_syntax
from inittui.initializers import find
from inittui.initializers.distributions import Distribution, extremes
from inittui.initializers.layer import LayerContext
from inittui.initializers.nonlinearity import Follower

_IMAGE = (1, 28, 28)
SETS = tuple(each.name for each in DATA_SETS.values() if each.shape == _IMAGE)
"""Data of images of this size, one value a pixel."""

_BINS = 61
"""Odd, so that a single value stands in the middle."""
_QUANTILES = 6_100


@dataclass(frozen=True, slots=True)
class ExpectedValues:
    layer: LayerContext
    histogram: Histogram
    """Of as many values as the layer's weight has."""


def expected_values(scheme: str, chosen: Experiment) -> ExpectedValues | None:
    """Return what to expect; None for own functions, and where the shape isn't known by then: of
    other models than perceptrons, and of other data.

    Raises:
        UsageError: the scheme can't be meant, or its initializer can't fill such a layer.
    """
    call, model = parse_syntax(scheme).weights, chosen.model
    of_data = math.prod(_IMAGE) if chosen.data.name in SETS else 0
    inputs = model.inputs[0].size if model.inputs else of_data
    if call.is_reference or model.name not in PERCEPTRONS or not inputs:
        return None
    settings = MODELS[model.name].settings(model)
    hidden = settings["hidden"]
    if not isinstance(hidden, tuple) or not hidden:
        raise UsageError("a model without hidden layers")
    follower = Follower(str(settings["activation"]))
    layer = LayerContext((hidden[0], inputs), follower, name="fc1")
    found = find(call.name).values_for(layer, dict(call.parameters))
    return ExpectedValues(layer, _histogram(found, math.prod(layer.shape)))


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
