"""The places of a model that an initializer can fill, and which of them a scheme's rules name."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inittui.errors import UsageError
from inittui.experiment.scheme import Call, LayerRule, Scheme
from inittui.initializers.parsing import default_bias
from inittui.text import sanitize

if TYPE_CHECKING:
    import torch
    from torch import nn

_LISTED = 12
"""Layers named in an error."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One tensor that a layer computes with: a parameter, or what a reparametrization makes."""

    layer: str
    key: str
    """Its name in the module, such as weight or in_proj_bias."""
    module: nn.Module
    kinds: tuple[str, ...]
    """The module's class and those of PyTorch's weight layers that it descends from."""
    is_weight_layer: bool

    @property
    def name(self) -> str:
        """The tensor's name in the model."""
        return f"{self.layer}.{self.key}" if self.layer else self.key

    @property
    def knows_fans(self) -> bool:
        """Whether it is known by which dimension its module multiplies it."""
        from torch import nn

        packed = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)
        looked_up = (nn.Embedding, nn.EmbeddingBag)
        return self.is_weight_layer or isinstance(self.module, (*packed, *looked_up))

    @property
    def is_bias(self) -> bool:
        """Whether a rule's bias initializer is meant for it, where the rule names its module."""
        from torch import nn

        is_of_gates = isinstance(self.module, nn.RNNBase | nn.RNNCellBase)
        names_it = self.key == "bias" or self.key.endswith("_bias")
        return names_it or (is_of_gates and self.key.startswith("bias_"))


@dataclass(frozen=True, slots=True)
class Choice:
    """What fills a slot."""

    call: Call
    is_named: bool = False
    """Whether a layer rule says so that is more than wildcards."""


@dataclass(frozen=True, slots=True)
class Block:
    """One of the equal parts, along its first dimension, that a packed weight consists of."""

    count: int
    shape: tuple[int, ...]
    """Of one part, as an initializer fills it."""
    fans: tuple[int, int] | None = None
    """(fan_in, fan_out), where they aren't those of the shape."""


def weight_layers() -> tuple[type[nn.Module], ...]:
    """Return the kinds of layers whose weights a scheme's initializers fill."""
    from torch import nn

    return (
        nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d,
        nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
    )  # fmt: skip


def slots_of(model: nn.Module) -> list[Slot]:
    """Return all tensors that can be filled: those of weight layers first, else in their order."""
    found = [slot for name, module in model.named_modules() for slot in _slots(name, module)]
    return sorted(found, key=lambda slot: not slot.is_weight_layer)


def _slots(name: str, module: nn.Module) -> Iterator[Slot]:
    from torch.nn.utils.parametrize import ParametrizationList

    if isinstance(module, ParametrizationList):
        return  # the module that it belongs to has the tensor that it makes
    kinds = weight_layers()
    is_layer = isinstance(module, kinds)
    names = (type(module).__name__, *(k.__name__ for k in kinds if isinstance(module, k)))
    made: Any = getattr(module, "parametrizations", {})
    keys = [key for key, value in module._parameters.items() if value is not None]
    keys += [key for key in made if key not in keys]
    own = {f"{key}{end}" for key in ("weight",) for end in ("_g", "_v", "_orig")}
    if own & {*keys}:  # weight_norm, spectral_norm and pruning in their old form
        keys = ["weight", *(key for key in keys if key not in own)]
    keys.sort(key=lambda key: ("weight", "bias").index(key) if key in ("weight", "bias") else 2)
    for key in keys:
        # What else a weight layer of somebody's own has is no weight of that layer.
        yield Slot(name, key, module, names, is_layer and key in ("weight", "bias"))


def choose(scheme: Scheme, slots: Sequence[Slot]) -> dict[str, Choice]:
    """Return what fills each slot, by name; later rules win, and what none fills is left out.

    The scheme is for weight layers. A rule is for those that its pattern names, by their name or
    kind; else for the other modules of that name or kind, or the parameters of that name.

    Raises:
        UsageError: a pattern matches nothing.
    """
    chosen = {slot.name: Choice(_call(scheme, slot)) for slot in slots if slot.is_weight_layer}
    for rule in scheme.layers:
        matching = _matching(rule.pattern, slots)
        is_named = not _is_all(rule.pattern)
        chosen |= {slot.name: Choice(_call(rule, slot), is_named) for slot in matching}
        if not matching:
            matching = [each for each in slots if fnmatch.fnmatchcase(each.name, rule.pattern)]
            # A bias that is named without its weight gets what is written for it.
            both = {slot.layer for slot in matching if not slot.is_bias}
            for slot in matching:
                call = _call(rule, slot) if slot.layer in both else rule.bias or rule.weights
                chosen[slot.name] = Choice(call, is_named)
        if not matching:
            raise _no_match(rule.pattern, slots)
    return chosen


def _call(rule: Scheme | LayerRule, slot: Slot) -> Call:
    if slot.is_bias:
        return rule.bias or default_bias(rule.weights)
    return rule.weights


def _is_all(pattern: str) -> bool:
    return not pattern.strip("*?")


def _matching(pattern: str, slots: Sequence[Slot]) -> list[Slot]:
    layers = [slot for slot in slots if slot.is_weight_layer and _fits(pattern, slot)]
    if _is_all(pattern):
        return layers
    by_kind = [s for s in slots if not s.is_weight_layer and _is_kind(pattern, s.kinds)]
    if layers or by_kind:
        return [*layers, *by_kind]
    return [slot for slot in slots if fnmatch.fnmatchcase(slot.layer, pattern)]


def _fits(pattern: str, slot: Slot) -> bool:
    return names_layer(pattern, slot.layer, slot.kinds)


def names_layer(pattern: str, layer: str, kinds: Sequence[str]) -> bool:
    """Whether a rule's pattern names a layer, by its name or by a name of its class."""
    return fnmatch.fnmatchcase(layer, pattern) or _is_kind(pattern, kinds)


def _is_kind(pattern: str, kinds: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(kind.lower(), pattern.lower()) for kind in kinds)


def _no_match(pattern: str, slots: Sequence[Slot]) -> UsageError:
    from torch import nn

    packed = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, nn.Embedding, nn.EmbeddingBag)
    listed = {
        slot.layer: slot.kinds[0]
        for slot in slots
        if slot.is_weight_layer or isinstance(slot.module, (*packed, nn.Bilinear))
    }
    named = [f"{layer} ({kind})" for layer, kind in [*listed.items()][:_LISTED]]
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return UsageError(
        f"no layer matches '{sanitize(pattern, 60)}'; "
        f"the layers are: {', '.join(named) or 'none'}{more}"
    )


def block_of(slot: Slot, tensor: torch.Tensor) -> Block:
    """Return the parts that a tensor is packed of: a gate's of an LSTM, a head's of attention.

    An embedding's unit is reached by one input at a time, by one token: its fan_in is 1. A bilinear
    layer's is reached by the products of its inputs.
    """
    from torch import nn

    module, shape = slot.module, tuple(tensor.shape)
    if isinstance(module, nn.Embedding | nn.EmbeddingBag) and len(shape) == 2:
        return Block(1, shape, (1, shape[1]))
    if isinstance(module, nn.Bilinear) and len(shape) == 3:
        return Block(1, (shape[0], shape[1] * shape[2]))
    count = _packed(slot)
    if not shape or shape[0] % count:
        return Block(1, shape)
    return Block(count, (shape[0] // count, *shape[1:]))


def _packed(slot: Slot) -> int:
    """Return how many matrices lie on each other in a tensor."""
    from torch import nn

    module, key = slot.module, slot.key
    if isinstance(module, nn.LSTM | nn.LSTMCell):
        return 1 if "_hr" in key else 4
    if isinstance(module, nn.GRU | nn.GRUCell):
        return 3
    if isinstance(module, nn.MultiheadAttention):
        if key.startswith("in_proj"):
            return 3 * int(module.num_heads)
        if key in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
            return int(module.num_heads)
    return 1
