"""A scheme applied to a finished model: every parameter's start values, and who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inittui.errors import UsageError
from inittui.experiment.scheme import Call, Scheme
from inittui.experiment.seeds import derive_seed
from inittui.initializers import own, wrapped
from inittui.initializers.catalogue import BUILT, find
from inittui.initializers.distributions import Distribution
from inittui.initializers.layer import Growth, LayerContext
from inittui.initializers.nonlinearity import Follower
from inittui.initializers.simple import own_values
from inittui.initializers.slots import Choice, Slot, block_of, choose, slots_of

if TYPE_CHECKING:
    import torch
    from torch import nn

OWN_DEFAULT = "own default"
"""In `Written.initializer`: what a module without a scheme gave itself."""

FROZEN = "frozen"
"""In `Written.initializer`: what doesn't train, and no layer rule names, stays as it was built."""


@dataclass(frozen=True, slots=True)
class Written:
    """Who wrote one parameter of a model."""

    parameter: str
    layer: str
    kind: str
    """The layer's class, such as Conv2d."""
    initializer: str | None
    """As a scheme writes it, or `OWN_DEFAULT` or `FROZEN`; None where nothing wrote the values."""
    note: str = ""
    """What is to be known of the values: what a layer makes of them, or what they go by."""


def apply_scheme(
    model: nn.Module,
    scheme: Scheme,
    seed: int,
    followers: Mapping[str, Follower],
    growth: Mapping[str, Growth] | None = None,
    *,
    as_built: bool = False,
) -> tuple[Written, ...]:
    """Write the start values of all parameters; return who wrote each, in the model's order.

    Linear, convolution and transposed convolution layers get the scheme's initializers; others
    those of the layer rules that name them, else their own reset. Every parameter draws from a
    generator of its own, seeded by ``seed`` and its name, on the CPU in float32: its values depend
    neither on other layers and schemes nor on the model's device and dtype. What is shared is
    written once, as a weight if it is one. Packed weights are filled part by part.

    Args:
        model: left in its mode and on its device.
        scheme: as `parse_scheme` returns it.
        seed: the trial's seed.
        followers: what follows each layer, by the layer's name; nothing if missing.
        growth: by how much each layer has grown from a base width; not at all if missing.
        as_built: whether the model was built under the seed, so that what no initializer is for
            keeps what its own code gave it.

    Raises:
        UsageError: a pattern matches no layer, an initializer can't fill a layer's shape, or
            one's own function is not loaded or fails.
    """
    import torch

    slots = slots_of(model)
    chosen = choose(scheme, slots)
    writer = _Writer(model, seed, growth or {})
    with torch.no_grad():
        # Named by a rule, an embedding that shares its weight with a layer gets that rule's.
        named = [slot for slot in slots if not slot.is_weight_layer and slot.name in chosen]
        layers = [slot for slot in slots if slot.is_weight_layer]
        for slot in (*named, *layers):
            writer.fill(slot, chosen[slot.name], followers.get(slot.layer, Follower()))
        for name, module in model.named_modules():
            writer.leave_frozen(module)
            if as_built:
                writer.leave(name, module, everything=scheme.weights.name == BUILT)
            else:
                writer.reset(name, module)
    return writer.report()


class _Writer:
    """Fills parameters, each once, and remembers who did."""

    def __init__(self, model: nn.Module, seed: int, growth: Mapping[str, Growth]) -> None:
        self._seed = seed
        self._growth = growth
        self._parameters = dict(model.named_parameters())
        self._names = {id(p): name for name, p in self._parameters.items()}
        self._modules = dict(model.named_modules())
        self._written: dict[str, Written] = {}

    def fill(self, slot: Slot, choice: Choice, follower: Follower) -> None:
        """Fill a tensor of a layer, unless it is shared with one that was filled before."""
        plain = slot.module._parameters.get(slot.key)
        makers = {} if plain is not None else wrapped.makers_of(slot.module, slot.key)
        targets = [plain] if plain is not None else list(makers.values())
        if not targets or any(self._is_written(target) for target in targets):
            return
        if any(isinstance(target, _lazy_parameter()) for target in targets):
            raise UsageError(f"layer '{slot.layer}' has no shape yet; run the model once before")
        frozen = not any(target.requires_grad for target in targets)
        by, note = (FROZEN if frozen and not choice.is_named else str(choice.call)), ""
        if by not in (FROZEN, BUILT):
            shape = wrapped.shape_of(slot.module, slot.key) if plain is None else plain.shape
            values = self._values(slot, choice.call, tuple(shape), follower)
            if plain is not None:
                plain.copy_(values)
                note = _assumed_fans(slot, choice.call, follower, tuple(shape))
            else:
                try:
                    note = wrapped.write(slot.module, slot.key, values)
                except UsageError as error:
                    by, note = BUILT, str(error)
        for target in targets:
            self._note(target, slot.layer, slot.kinds[0], by, note)

    def leave_frozen(self, module: nn.Module) -> None:
        """Note what doesn't train and stays as it is."""
        for parameter in module._parameters.values():
            if parameter is None or parameter.requires_grad or self._is_written(parameter):
                continue
            layer = self._names[id(parameter)].rpartition(".")[0]
            self._note(parameter, layer, type(module).__name__, FROZEN)

    def leave(self, name: str, module: nn.Module, *, everything: bool) -> None:
        """Note what keeps the values that its own code gave it.

        Unless the scheme is for ``everything``, parameters of modules that can't reset themselves
        count as nobody's: no initializer knows them.
        """
        resets = _reset_of(module) is not None
        for parameter in module._parameters.values():
            if parameter is None or self._is_written(parameter):
                continue
            if everything or resets:
                self._note(parameter, name, type(module).__name__, BUILT)

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
                parameter.copy_(values[key])
                self._note(parameter, name, type(module).__name__, OWN_DEFAULT)

    def report(self) -> tuple[Written, ...]:
        """Return who wrote each parameter, in the model's order."""
        return tuple(self._written.get(name) or self._unwritten(name) for name in self._parameters)

    def _values(
        self, slot: Slot, call: Call, shape: tuple[int, ...], follower: Follower
    ) -> torch.Tensor:
        """Return the values of a tensor of ``shape``, part by part where it is packed."""
        import torch

        like = torch.empty(shape, device="meta")
        if not own.is_own(call) and find(call.name).own_reset:
            return self._own_reset(slot)
        block = block_of(slot, like)
        # A bias goes by its weight: what needs a fan takes that of the weight.
        weight = block_of(slot, self._weight_of(slot, like))
        context = LayerContext(
            shape=weight.shape if slot.is_bias else block.shape,
            follower=follower,
            groups=int(getattr(slot.module, "groups", 1)) if slot.is_weight_layer else 1,
            name=slot.layer if slot.is_weight_layer else slot.name,
            kind=slot.kinds[0],
            known_fans=weight.fans if slot.is_bias else block.fans,
            growth=self._growth.get(slot.layer, Growth()),
        )
        name = self._seed_name(slot)
        parts = [
            self._drawn(call, block.shape, context, name if block.count == 1 else f"{name}[{i}]")
            for i in range(block.count)
        ]
        return torch.cat(parts).reshape(shape) if block.count > 1 else parts[0].reshape(shape)

    def _drawn(
        self, call: Call, shape: tuple[int, ...], context: LayerContext, name: str
    ) -> torch.Tensor:
        import torch

        seed = derive_seed(self._seed, "weights", name)
        if own.is_own(call):
            return own.values(call, shape, seed, name)
        distribution = _distribution(call, context)
        values = torch.empty(shape, dtype=torch.float32)
        distribution.fill(values, torch.Generator().manual_seed(seed))
        return values

    def _own_reset(self, slot: Slot) -> torch.Tensor:
        # Seeded as the weight, whose draw comes first in a reset: so the weights are bitwise
        # those of `rule`, and the difference between the two is the bias alone.
        weight = slot.module._parameters.get("weight")
        name = slot.layer if weight is None else self._names[id(weight)]
        values = own_values(slot.module, derive_seed(self._seed, "weights", name))
        if slot.key not in values:
            raise UsageError(
                f"'{slot.name}' has no reset of its own: 'built' leaves what the model's code "
                "gave it"
            )
        return values[slot.key]

    def _weight_of(self, slot: Slot, tensor: torch.Tensor) -> torch.Tensor:
        """Return, with its shape only, the weight that belongs to a bias."""
        import torch

        if not slot.is_bias:
            return tensor
        for key in (slot.key.replace("bias", "weight"), "weight"):
            weight = slot.module._parameters.get(key)
            if weight is not None:
                return weight
            if key == "weight" and wrapped.makers_of(slot.module, key):
                return torch.empty(wrapped.shape_of(slot.module, key), device="meta")
        return tensor

    def _seed_name(self, slot: Slot) -> str:
        parameter = slot.module._parameters.get(slot.key)
        return slot.name if parameter is None else self._names[id(parameter)]

    def _is_written(self, parameter: nn.Parameter) -> bool:
        return self._names[id(parameter)] in self._written

    def _note(
        self, parameter: nn.Parameter, layer: str, kind: str, by: str, note: str = ""
    ) -> None:
        name = self._names[id(parameter)]
        self._written[name] = Written(name, layer, kind, by, note)

    def _unwritten(self, name: str) -> Written:
        layer = name.rpartition(".")[0]
        return Written(name, layer, type(self._modules[layer]).__name__, None)


def _distribution(call: Call, context: LayerContext) -> Distribution:
    """Return what an initializer gives a tensor; what can fill a bias fills a vector too."""
    description, given = find(call.name), dict(call.parameters)
    if len(context.shape) >= 2 or not description.on_bias:
        return description.values_for(context, given)
    try:
        return description.distribution(context, **description.settings(given))
    except UsageError as error:
        raise UsageError(f"{call.name} can't fill '{context.name}': {error}") from None


def _assumed_fans(slot: Slot, call: Call, follower: Follower, shape: tuple[int, ...]) -> str:
    """Say from which of its sizes a matrix of nobody's known layer takes its fan, if it matters."""
    if slot.knows_fans or own.is_own(call) or len(shape) != 2 or find(call.name).own_reset:
        return ""
    context = LayerContext(shape=shape, follower=follower, name=slot.name)
    turned = replace(context, known_fans=(context.fan_out, context.fan_in))
    if _distribution(call, context).std == _distribution(call, turned).std:
        return ""
    return f"read as [outputs, inputs], so with a fan_in of {context.fan_in}"


def _reset_of(module: nn.Module) -> object:
    return getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)


def _lazy_parameter() -> type:
    from torch.nn.parameter import UninitializedParameter

    return UninitializedParameter
