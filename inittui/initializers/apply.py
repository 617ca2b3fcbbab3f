"""A scheme applied to a finished model: every parameter's start values, and who wrote them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inittui.errors import UsageError
from inittui.experiment.scheme import Call, LayerRule, Scheme
from inittui.experiment.seeds import derive_seed
from inittui.initializers import own
from inittui.initializers.catalogue import find
from inittui.initializers.layer import LayerContext
from inittui.initializers.nonlinearity import Follower
from inittui.initializers.parsing import default_bias
from inittui.initializers.simple import own_values
from inittui.text import sanitize

if TYPE_CHECKING:
    import torch
    from torch import nn

OWN_DEFAULT = "own default"
"""In `Written.initializer`: what a module without a scheme gave itself."""

_LISTED = 12
"""Layers named in an error."""


@dataclass(frozen=True, slots=True)
class Written:
    """Who wrote one parameter of a model."""

    parameter: str
    layer: str
    kind: str
    """The layer's class, such as Conv2d."""
    initializer: str | None
    """As a scheme writes it, or `OWN_DEFAULT`; None where the values are as they were before."""


@dataclass(frozen=True, slots=True)
class _WeightLayer:
    name: str
    module: nn.Module
    kinds: tuple[str, ...]
    """Its class and those of PyTorch's weight layers that it descends from."""


def apply_scheme(
    model: nn.Module, scheme: Scheme, seed: int, followers: Mapping[str, Follower]
) -> tuple[Written, ...]:
    """Write the start values of all parameters; return who wrote each, in the model's order.

    Linear, convolution and transposed convolution layers get the scheme's initializers, all other
    modules their own reset. Every parameter draws from a generator of its own, seeded by ``seed``
    and its name, on the CPU in float32: its values depend neither on other layers and schemes nor
    on the model's device and dtype. What is shared is written once, as a weight if it is one.

    Args:
        model: left in its mode and on its device.
        scheme: as `parse_scheme` returns it.
        seed: the trial's seed.
        followers: what follows each layer, by the layer's name; nothing if missing.

    Raises:
        UsageError: a pattern matches no layer, an initializer can't fill a layer's shape, or
            one's own function is not loaded or fails.
    """
    import torch

    layers = _weight_layers(model)
    calls = _assign(scheme, layers)
    writer = _Writer(model, seed)
    with torch.no_grad():
        for layer, (weights, bias) in zip(layers, calls, strict=True):
            writer.write_layer(layer, weights, bias, followers.get(layer.name, Follower()))
        for name, module in model.named_modules():
            writer.reset(name, module)
    return writer.report()


def weight_layers() -> tuple[type[nn.Module], ...]:
    """Return the kinds of layers whose weights a scheme's initializers fill."""
    from torch import nn

    return (
        nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d,
        nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
    )  # fmt: skip


def _weight_layers(model: nn.Module) -> list[_WeightLayer]:
    kinds = weight_layers()
    return [
        _WeightLayer(
            name,
            module,
            (type(module).__name__, *(k.__name__ for k in kinds if isinstance(module, k))),
        )
        for name, module in model.named_modules()
        if isinstance(module, kinds)
    ]


def _assign(scheme: Scheme, layers: Sequence[_WeightLayer]) -> list[tuple[Call, Call]]:
    """Return the weight and the bias initializer of each layer; later rules win."""
    chosen: list[Scheme | LayerRule] = [scheme] * len(layers)
    for rule in scheme.layers:
        matching = [i for i, layer in enumerate(layers) if _matches(rule.pattern, layer)]
        if not matching:
            named = [f"{layer.name} ({layer.kinds[0]})" for layer in layers[:_LISTED]]
            more = f" and {len(layers) - _LISTED} more" if len(layers) > _LISTED else ""
            raise UsageError(
                f"no layer matches '{sanitize(rule.pattern, 60)}'; "
                f"the layers are: {', '.join(named) or 'none'}{more}"
            )
        for index in matching:
            chosen[index] = rule
    return [(c.weights, c.bias or default_bias(c.weights)) for c in chosen]


def _matches(pattern: str, layer: _WeightLayer) -> bool:
    return fnmatch.fnmatchcase(layer.name, pattern) or any(
        fnmatch.fnmatchcase(kind.lower(), pattern.lower()) for kind in layer.kinds
    )


class _Writer:
    """Fills parameters, each once, and remembers who did."""

    def __init__(self, model: nn.Module, seed: int) -> None:
        self._seed = seed
        self._parameters = dict(model.named_parameters())
        self._names = {id(p): name for name, p in self._parameters.items()}
        self._modules = dict(model.named_modules())
        self._written: dict[str, Written] = {}

    def write_layer(
        self, layer: _WeightLayer, weights: Call, bias: Call, follower: Follower
    ) -> None:
        """Fill a layer's weight and bias, as far as they are its own parameters."""
        module = layer.module
        weight = module._parameters.get("weight")
        if weight is None:
            return
        if isinstance(weight, _lazy_parameter()):
            raise UsageError(f"layer '{layer.name}' has no shape yet; run the model once before")
        context = LayerContext(
            shape=tuple(weight.shape),
            follower=follower,
            groups=int(getattr(module, "groups", 1)),
            name=layer.name,
            kind=layer.kinds[0],
        )
        for role, call in (("weight", weights), ("bias", bias)):
            parameter = module._parameters.get(role)
            if parameter is None or self._is_written(parameter):
                continue
            values = self._values(call, parameter, role, module, context)
            self._write(parameter, values, layer.name, context.kind, str(call))

    def reset(self, name: str, module: nn.Module) -> None:
        """Give a module's direct parameters that nobody wrote what its own reset gives them."""
        open_ones = {
            key: parameter
            for key, parameter in module._parameters.items()
            if parameter is not None and not self._is_written(parameter)
        }
        if not open_ones:
            return
        values = own_values(module, derive_seed(self._seed, "weights", name))
        for key, parameter in open_ones.items():
            if key in values:
                self._write(parameter, values[key], name, type(module).__name__, OWN_DEFAULT)

    def report(self) -> tuple[Written, ...]:
        """Return who wrote each parameter, in the model's order."""
        return tuple(self._written.get(name) or self._unwritten(name) for name in self._parameters)

    def _values(
        self,
        call: Call,
        parameter: nn.Parameter,
        role: str,
        module: nn.Module,
        context: LayerContext,
    ) -> torch.Tensor:
        import torch

        if own.is_own(call):
            name = self._names[id(parameter)]
            seed = derive_seed(self._seed, "weights", name)
            return own.values(call, tuple(parameter.shape), seed, name)
        description = find(call.name)
        distribution = description.values_for(context, dict(call.parameters))
        if description.own_reset:
            # Seeded as the weight, whose draw comes first in a reset: so the weights are bitwise
            # those of `rule`, and the difference between the two is the bias alone.
            weight = module._parameters["weight"]
            seed = derive_seed(self._seed, "weights", self._names[id(weight)])
            return own_values(module, seed)[role]
        seed = derive_seed(self._seed, "weights", self._names[id(parameter)])
        values = torch.empty(parameter.shape, dtype=torch.float32)
        distribution.fill(values, torch.Generator().manual_seed(seed))
        return values

    def _is_written(self, parameter: nn.Parameter) -> bool:
        return self._names[id(parameter)] in self._written

    def _write(
        self, parameter: nn.Parameter, values: torch.Tensor, layer: str, kind: str, by: str
    ) -> None:
        name = self._names[id(parameter)]
        parameter.copy_(values)
        self._written[name] = Written(name, layer, kind, by)

    def _unwritten(self, name: str) -> Written:
        layer = name.rpartition(".")[0]
        return Written(name, layer, type(self._modules[layer]).__name__, None)


def _lazy_parameter() -> type:
    from torch.nn.parameter import UninitializedParameter

    return UninitializedParameter
