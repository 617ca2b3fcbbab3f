"""What theory expects of a scheme in a model before either is made: from their descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.errors import UsageError
from inittui.experiment.derived import LEAST_WIDTH, PERCEPTRONS, STRUCTURED, are_alike
from inittui.experiment.models import MODELS
from inittui.experiment.records import ModelConfig
from inittui.experiment.scheme import Call, Scheme, parse_syntax
from inittui.initializers import find
from inittui.initializers.layer import LayerContext
from inittui.initializers.nonlinearity import Follower
from inittui.initializers.parsing import default_bias

if TYPE_CHECKING:
    from inittui.theory.scales import Scales

_INPUTS = 784
"""Of the first layer, whose size decides between several fixed points and nothing else."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Depth scales of the hidden layers, or why there are none."""

    depth: int
    """Hidden layers."""
    scales: Scales | None = None
    refused: str = ""


def outlook(scheme: str, model: ModelConfig, layers: Mapping[str, str]) -> Outlook:
    """Return what theory expects; ``layers`` are the experiment's rules for single layers."""
    depth = 0
    try:
        parsed, hidden, activation, batch_norm = _read(scheme, model)
        depth = len(hidden)
        _check(parsed, hidden, activation, batch_norm=batch_norm, rules=bool(layers))
        return Outlook(depth, _scales(_variances(parsed, hidden, activation), activation))
    except UsageError as refused:
        return Outlook(depth, refused=str(refused))


def _check(
    scheme: Scheme, hidden: tuple[int, ...], activation: str, *, batch_norm: bool, rules: bool
) -> None:
    """Raise `UsageError` for what the theory isn't derived for."""
    from inittui.theory.activations import COVERED

    refused = next(_refusals(scheme, hidden, batch_norm=batch_norm, rules=rules), "")
    if not refused and activation not in COVERED:
        refused = f"not worked out for {activation}"
    if refused:
        raise UsageError(refused)


def _scales(variances: list[tuple[float, float]], activation: str) -> Scales:
    """Return the scales of the layers after the first, which the signal enters by the first.

    Raises:
        UsageError: they have no fixed point in common.
    """
    from inittui.theory.scales import scales

    (first, first_bias), *others = variances
    start = first + first_bias
    if not are_alike([w for w, _ in others]) or not are_alike([b + start for _, b in others]):
        raise UsageError("the layers' σ_w² differ")
    if not min(w for w, _ in others):
        raise UsageError("all weights are 0")
    weight, bias = (sum(each) / len(others) for each in zip(*others, strict=True))
    return scales(activation, weight, bias, start=start)


def _read(scheme: str, model: ModelConfig) -> tuple[Scheme, tuple[int, ...], str, bool]:
    """Return the scheme, widths of hidden layers, nonlinearity, and if there is batch norm."""
    if model.name not in PERCEPTRONS:
        raise UsageError("for plain perceptrons only")
    settings = MODELS[model.name].settings(model)
    hidden = settings["hidden"]
    assert isinstance(hidden, tuple)
    return parse_syntax(scheme), hidden, str(settings["activation"]), bool(settings["batch_norm"])


def _refusals(
    scheme: Scheme, hidden: tuple[int, ...], *, batch_norm: bool, rules: bool
) -> Iterator[str]:
    if batch_norm:
        yield "batch norm needs one of its own"
    if rules or scheme.layers:
        yield "layers have rules of their own"
    calls = [scheme.weights, *([scheme.bias] if scheme.bias else [])]
    if any(call.is_reference for call in calls):
        yield "values by somebody's own code"
    if scheme.weights.name in STRUCTURED:
        yield f"values of {scheme.weights.name} depend on each other"
    if len(hidden) < 2:
        yield "a single hidden layer has no depth"
    if min(hidden) < LEAST_WIDTH:
        yield f"{min(hidden)} units; from {LEAST_WIDTH} on"


def _variances(
    scheme: Scheme, hidden: tuple[int, ...], activation: str
) -> list[tuple[float, float]]:
    """Return σ_w² and σ_b² of each hidden layer.

    Raises:
        UsageError: the initializer has no values for such layers, or they have a mean.
    """
    found = []
    bias = scheme.bias or default_bias(scheme.weights)
    for number, (inputs, units) in enumerate(zip((_INPUTS, *hidden[:-1]), hidden, strict=True), 1):
        context = LayerContext((units, inputs), Follower(activation), name=f"fc{number}")
        weight_mean, weight_std = _moments(scheme.weights, context)
        bias_mean, bias_std = _moments(bias, context)
        if weight_mean or bias_mean:
            raise UsageError("weights or biases have a mean")
        found.append((inputs * weight_std**2, bias_std**2))
    return found


def _moments(call: Call, context: LayerContext) -> tuple[float, float]:
    values = find(call.name).values_for(context, dict(call.parameters))
    return values.mean, values.std
