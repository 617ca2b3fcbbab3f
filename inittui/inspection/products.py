"""A forward pass seen operator by operator: products with parameters, and what lies between them.

A product with a parameter is a use, whoever calls it. Parameters are known by their memory, so that
views and transposes of them are theirs. What comes of each use is followed by the memory, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from inittui.events.facts import UseFacts
from inittui.events.wire_numbers import to_wire
from inittui.inspection.flight import key_of, range_of, written_by
from inittui.inspection.statistics import is_drawn
from inittui.inspection.uses import found_in
from inittui.models.tracing import tensors_in
from inittui.text import sanitize

_NONLINEAR = frozenset({
    "relu", "gelu", "silu", "tanh", "sigmoid", "hardswish", "leaky_relu", "elu", "hardtanh",
    "hardsigmoid", "clamp", "clamp_min", "clamp_max", "softplus", "mish", "exp", "erf", "sin",
    "cos", "prelu", "_prelu_kernel", "threshold", "log_sigmoid_forward", "abs", "softshrink",
    "hardshrink", "rrelu", "rrelu_with_noise", "sign", "log", "atan", "celu", "selu", "maximum",
    "glu", "reciprocal",
})  # fmt: skip
_SOFTMAX = frozenset({"_softmax", "_log_softmax", "_safe_softmax"})
_NORMS = frozenset({
    "native_layer_norm", "native_batch_norm", "_native_batch_norm_legit", "native_group_norm",
    "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "_batch_norm_with_update",
    "_batch_norm_no_update", "_fused_rms_norm", "batch_norm", "native_norm", "renorm",
    "_weight_norm_interface",
})  # fmt: skip
_OVER_BATCH = frozenset({
    "native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm", "_batch_norm_with_update",
    "batch_norm",
})  # fmt: skip
_MADE_LIKE = frozenset({
    "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided", "zeros_like",
    "ones_like", "full_like", "empty_like",
})  # fmt: skip
_STATISTICS = frozenset({
    "mean", "var", "std", "var_mean", "norm", "linalg_vector_norm", "sum", "amax", "max",
    "logsumexp", "square",
})  # fmt: skip
_ATTENTION = (
    "_scaled_dot_product", "_efficient_attention", "_flash_attention", "_fused_sdp",
)  # fmt: skip
_RECURRENT = ("mkldnn_rnn_layer", "_thnn_fused", "_cudnn_rnn", "quantized_lstm")
_PRODUCTS = frozenset({"mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot", "vdot", "_int_mm"})
_CONVOLUTIONS = frozenset({
    "convolution", "_convolution", "convolution_overrideable", "mkldnn_convolution",
    "conv_depthwise3d", "_slow_conv2d_forward", "thnn_conv2d",
})  # fmt: skip

_RELUS = frozenset({"relu", "threshold"})
_ENDS = {"tanh": (-0.97, 0.97), "sigmoid": (0.015, 0.985)}

_SAMPLED = 1 << 15
"""Values of each sample that powers are of."""

_LEAST_FOREIGN = 64


@dataclass(frozen=True, slots=True)
class _Tag:
    """What a tensor comes from."""

    fresh: frozenset[int] = frozenset()
    """Uses whose outputs it is, as far as nothing but linear operations lie between."""
    behind: frozenset[int] = frozenset()
    """Uses whose outputs have passed a nonlinearity or norm since."""
    statistics: frozenset[int] = frozenset()
    """Uses of whose outputs it is a mean or the like."""
    parameters: frozenset[str] = frozenset()
    """Of which alone it is computed, where it doesn't come from the input."""
    is_input: bool = False
    is_softmax: bool = False
    is_random: bool = False
    chain: int = -1
    """The last addition that it comes from."""
    last: str = ""
    """The operator that gave it; views and copies don't count."""

    @property
    def near(self) -> frozenset[int]:
        return self.fresh | self.behind


_NOTHING = _Tag()


@dataclass(slots=True)
class Use:
    """One product, while the pass runs."""

    facts: UseFacts
    rows: torch.Tensor | None
    """[units, values] of the parameter, a view of it."""
    parameter: str
    is_known: bool = True
    """Whether the parameter itself was the operand, not what was computed from it."""
    behind: set[str] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    is_gated: bool = False


@dataclass(slots=True)
class Met:
    """One nonlinearity that flattens."""

    kind: str
    sources: frozenset[int]
    dead: float | None
    saturated: float | None


@dataclass(slots=True)
class Added:
    """One sum of two activations."""

    before: int
    power: float


class Products(TorchDispatchMode):
    """Watches one forward pass, and keeps what it overwrites."""

    def __init__(self, model: nn.Module, inputs: Iterable[torch.Tensor], samples: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self._samples = samples
        self._places: dict[int, list[tuple[int, int, str]]] = {}
        self._tags: dict[int, _Tag] = {}
        self._born: set[int] = set()
        self.kept: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        self.uses: list[Use] = []
        self.met: list[Met] = []
        self.added: list[Added] = []
        self.multipliers: set[str] = set()
        self.norms: set[str] = set()
        self.seen: set[str] = set()
        """Parameters that some operator was given."""
        self.derived: set[str] = set()
        self.foreign: dict[int, str] = {}
        self.single_softmax: set[int] = set()
        """Uses whose outputs meet a softmax over one value, which has no gradient."""
        self.not_finite = ""
        self.positions = math.inf
        """Values of each sample and channel that a norm over the batch has, at least."""
        for name, parameter in model.named_parameters():
            self._know(name, parameter)
        for name, buffer in model.named_buffers():
            if (key := key_of(buffer)) is not None:
                self._keep(buffer)  # norms write theirs without saying so
                self._tags[key] = _Tag(parameters=frozenset({f"buffer {name}"}))
        self._born.update(key for each in inputs if (key := key_of(each)) is not None)
        self._tags.update(
            (key, _Tag(is_input=True)) for each in inputs if (key := key_of(each)) is not None
        )

    def _know(self, name: str, parameter: torch.Tensor) -> None:
        key = key_of(parameter)
        if key is not None:
            self._places.setdefault(key, []).append((*range_of(parameter), name))

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Note what an operator does with what is followed."""
        kwargs = kwargs or {}
        written = written_by(func, args, kwargs)
        for each in written:
            self._keep(each)
        name = func._schema.name.partition("::")[2]
        given = [*tensors_in(args), *tensors_in(kwargs)]
        tags = [self.tag(each) for each in given]
        plain = name.rstrip("_") if not name.startswith("_") else name.removesuffix("_")
        if plain in _RELUS | _ENDS.keys() | {"clamp_min", "hardtanh", "clamp"}:
            self._flatness(plain, args, tags)
        result = func(*args, **kwargs)
        outs = [*written, *tensors_in(result)]
        self._follow(plain, func, args, given, tags, outs, result)
        return result

    def tag(self, tensor: torch.Tensor) -> _Tag:
        """Return what a tensor comes from."""
        key = key_of(tensor)
        if key is None:
            return _NOTHING
        names = self._names_of(tensor)
        if names:
            self.seen.update(names)
            return _Tag(parameters=frozenset(names))
        return self._tags.get(key, _NOTHING)

    def _names_of(self, tensor: torch.Tensor) -> list[str]:
        places = self._places.get(key_of(tensor) or 0)
        if not places:
            return []
        start, end = range_of(tensor)
        return [name for low, high, name in places if low < end and high > start]

    def _keep(self, tensor: torch.Tensor) -> None:
        """Keep memory that was there before the pass, before it is overwritten."""
        key = key_of(tensor)
        if key is not None and key not in self._born and key not in self.kept:
            storage = tensor.untyped_storage()
            self.kept[key] = (storage, storage.clone())

    def _follow(
        self,
        name: str,
        func: Any,
        args: tuple[Any, ...],
        given: Sequence[torch.Tensor],
        tags: Sequence[_Tag],
        outs: Sequence[torch.Tensor],
        result: Any,
    ) -> None:
        inputs = {key for each in given if (key := key_of(each)) is not None}
        tag = self._tag_of(name, args, given, tags, result)
        for each in outs:
            key = key_of(each)
            if key is None or key in self._places:
                continue
            if key not in inputs:
                self._born.add(key)
                self._tags[key] = tag
            elif any(key == key_of(x) for x in written_by(func, args, {})) or key not in self._tags:
                self._tags[key] = tag

    def _tag_of(  # noqa: PLR0911  # one for each kind of operator
        self,
        name: str,
        args: tuple[Any, ...],
        given: Sequence[torch.Tensor],
        tags: Sequence[_Tag],
        result: Any,
    ) -> _Tag:
        whole = _merged(tags)
        if name in _PRODUCTS or name in _CONVOLUTIONS:
            return self._product(name, args, result)
        if name.startswith(_RECURRENT):
            return self._recurrent(given, whole)
        if name in _MADE_LIKE:  # of a tensor's shape, not of its values: masks
            return _NOTHING
        if not whole.near and not whole.is_input:
            is_random = name in ("randn", "rand", "normal_functional", "randn_like", "rand_like")
            is_random = is_random or name in ("uniform", "normal", "bernoulli")
            return replace(whole, is_random=whole.is_random or is_random)
        if name.startswith(_ATTENTION):
            return self._attention(given, tags)
        if name in _NORMS:
            return self._normed(name, given, whole)
        if name in _SOFTMAX:
            dim = args[1] if len(args) > 1 and isinstance(args[1], int) else -1
            if given[0].ndim and given[0].shape[dim] == 1:
                self.single_softmax |= whole.near
            return replace(self._past(whole, "softmax", name), is_softmax=True, chain=-1)
        if name in _NONLINEAR and not (name == "maximum" and len(given) > 1):
            return replace(self._past(whole, name, name), chain=whole.chain)
        if name in ("mul", "div") and len(given) > 1:
            return self._multiplied(name, given, tags, whole)
        if name in ("add", "sub") and len(given) > 1:
            return self._sum(name, given, tags, whole, result)
        if name in _STATISTICS:
            return replace(whole, statistics=whole.statistics | whole.near, last=name)
        is_plain = name in ("clone", "_to_copy", "contiguous", "copy", "detach") or any(
            key_of(each) == key_of(given[0]) for each in tensors_in(result)
        )
        return whole if is_plain else replace(whole, last=name)

    def _normed(self, name: str, given: Sequence[torch.Tensor], whole: _Tag) -> _Tag:
        self.norms.update(n for each in given[1:] for n in self._names_of(each))
        if name in _OVER_BATCH:
            self.positions = min(self.positions, math.prod(given[0].shape[2:]))
        return self._past(whole, "norm", name)

    def _past(self, tag: _Tag, kind: str, name: str) -> _Tag:
        """Return the tag behind what every use in it meets."""
        for use in tag.fresh:
            self.uses[use].behind.add(kind)
        return _Tag(behind=tag.near, is_input=True, last=name)

    def _multiplied(
        self, name: str, given: Sequence[torch.Tensor], tags: Sequence[_Tag], whole: _Tag
    ) -> _Tag:
        one, other = tags[0], tags[1]
        if not (one.is_input or one.near) or not (other.is_input or other.near):
            self.multipliers |= {
                x for each in (one, other) for x in each.parameters if not x.startswith("buffer ")
            }
            return replace(whole, last=name)
        if one.statistics & other.near or other.statistics & one.near:
            return self._past(whole, "norm", "norm")
        if one.near == other.near:
            if key_of(given[0]) == key_of(given[1]):  # a square
                return replace(whole, last=name)
            return replace(self._past(whole, "nonlinearity", name), chain=whole.chain)
        for use in whole.near:
            self.uses[use].is_gated = True
        return replace(self._past(whole, "gate", name), chain=whole.chain)

    def _sum(
        self,
        name: str,
        given: Sequence[torch.Tensor],
        tags: Sequence[_Tag],
        whole: _Tag,
        result: Any,
    ) -> _Tag:
        one, other = tags[0], tags[1]
        both = all(each.is_input or each.near for each in (one, other))
        is_about_itself = bool(one.statistics & other.near or other.statistics & one.near)
        if not both or is_about_itself or not isinstance(result, torch.Tensor):
            return replace(whole, last=name)
        for use in whole.near:
            self.uses[use].behind.add("addition")
        before = max(one.chain, other.chain, key=self._length)
        self.added.append(Added(before, self._power(result)))
        return replace(whole, chain=len(self.added) - 1, last=name)

    def _length(self, link: int) -> int:
        count = 0
        while link >= 0:
            count, link = count + 1, self.added[link].before
        return count

    def _attention(self, given: Sequence[torch.Tensor], tags: Sequence[_Tag]) -> _Tag:
        for each in tags[:2]:
            for use in each.near:
                self.uses[use].behind.add("softmax")
        if len(given) > 2 and given[1].ndim > 1 and given[1].shape[-2] == 1:
            self.single_softmax |= tags[0].near | tags[1].near
        value = tags[2] if len(tags) > 2 else _NOTHING
        hidden = tags[0].near | tags[1].near
        return _Tag(
            fresh=value.fresh - hidden,
            behind=value.behind | hidden,
            is_input=True,
            last="attention",
        )

    def _recurrent(self, given: Sequence[torch.Tensor], whole: _Tag) -> _Tag:
        for use in whole.fresh:
            self.uses[use].behind.add("unknown")
        names = [name for each in given for name in self._names_of(each)]
        if not names:
            return replace(self._past(whole, "unknown", "recurrent"))
        return self._opaque(names, whole, given[0])

    def _opaque(
        self, names: Sequence[str], whole: _Tag, operand: torch.Tensor, result: Any = None
    ) -> _Tag:
        """Note a product whose weights were computed from parameters."""
        self.derived.update(names)
        facts = UseFacts(parameter=names[0], operation="batched", fan_in=0, fan_out=0)
        use = Use(facts, None, names[0], is_known=False)
        return self._begin(use, whole)

    def _begin(self, use: Use, given: _Tag) -> _Tag:
        use.before = {*given.near}
        for each in given.fresh:
            self.uses[each].behind.add("product")
        self.uses.append(use)
        return _Tag(fresh=frozenset({len(self.uses) - 1}), is_input=True, last="product")

    def _product(  # noqa: PLR0911  # one for each kind of operands
        self, name: str, args: tuple[Any, ...], result: Any
    ) -> _Tag:
        bias = args[0] if name in ("addmm", "baddbmm", "addmv") else None
        operands = args[1:3] if bias is not None else args[:2]
        tags = [self.tag(each) for each in operands]
        if bias is not None:
            self.tag(bias)
        elif name in _CONVOLUTIONS and len(args) > 2 and isinstance(args[2], torch.Tensor):
            self.tag(args[2])
        whole = _merged(tags)
        sides = [
            place for place, tag in enumerate(tags)
            if tag.parameters and not tag.is_input and not tag.near
        ]  # fmt: skip
        if not sides or len(sides) == 2:
            if not sides:
                self._look_for_foreign(operands, tags)
                return self._of_activations(tags, whole)
            return replace(whole, last="product")
        side = sides[0]
        weight, given, of = operands[side], operands[1 - side], tags[1 - side]
        names = self._names_of(weight)
        if not (of.is_input or of.near):
            return whole
        if not names:
            own = [x for x in tags[side].parameters if not x.startswith("buffer ")]
            if own:
                return self._opaque(own, of, given)
            return replace(of, last="product")
        described = _described(name, args, weight, side)
        if described is None or not isinstance(result, torch.Tensor):
            return self._opaque(names, of, given)
        facts, rows = described
        facts = self._measured(facts, names[0], given, result)
        return self._begin(Use(facts, rows, names[0]), of)

    def _of_activations(self, tags: Sequence[_Tag], whole: _Tag) -> _Tag:
        one, other = tags
        if not (one.near or one.is_input) or not (other.near or other.is_input):
            return replace(whole, last="product")
        if one.is_softmax:
            return _Tag(other.fresh, other.behind | one.near, is_input=True, last="attention")
        if other.is_softmax:
            return _Tag(one.fresh, one.behind | other.near, is_input=True, last="attention")
        return self._past(whole, "softmax", "product")

    def _look_for_foreign(self, operands: Sequence[torch.Tensor], tags: Sequence[_Tag]) -> None:
        if not any(tag.is_input or tag.near for tag in tags):
            return
        for tensor, tag in zip(operands, tags, strict=True):
            key = key_of(tensor)
            is_from_elsewhere = not (tag.is_input or tag.near or tag.parameters)
            if not is_from_elsewhere or key is None or key in self.foreign:
                continue
            if key in self._born and not tag.is_random:
                continue
            if tensor.numel() >= _LEAST_FOREIGN and is_drawn(tensor):
                self.foreign[key] = self._said(tensor)

    def _said(self, tensor: torch.Tensor) -> str:
        key = key_of(tensor)
        for path, module in self.model.named_modules():
            for attribute, value in vars(module).items():
                if attribute in ("_parameters", "_modules", "_buffers"):
                    continue
                for each in _inside(value):
                    if key_of(each) == key:
                        return sanitize(f"{path}.{attribute}" if path else attribute, 200)
        wanted = found_in(self.model, tensor)
        return wanted or f"a tensor {'x'.join(map(str, tensor.shape))}"

    def _measured(
        self, facts: UseFacts, name: str, given: torch.Tensor, result: torch.Tensor
    ) -> UseFacts:
        from msgspec.structs import replace as changed

        power, between = powers(given, self._samples)
        out, out_between = powers(result, self._samples)
        bad = 0
        if result.is_floating_point() and not math.isfinite(float(result.detach().sum())):
            bad = int((~torch.isfinite(result.detach())).sum())
            if bad and not self.not_finite:
                self.not_finite = name
        return changed(
            facts,
            parameter=name,
            order=len(self.uses),
            input_power=to_wire(power),
            input_between=to_wire(between),
            output_power=to_wire(out),
            output_between=to_wire(out_between),
            output_share=to_wire(out_between / out if out else 0.0),
            not_finite=bad,
        )

    def _power(self, tensor: torch.Tensor) -> float:
        return powers(tensor, self._samples)[0]

    def _flatness(self, name: str, args: tuple[Any, ...], tags: Sequence[_Tag]) -> None:
        values = args[0]
        near = tags[0].fresh if tags else frozenset()
        if not near or not isinstance(values, torch.Tensor) or not values.is_floating_point():
            return
        if name in _ENDS:
            with torch.no_grad():
                low, high = _ENDS[name]
                some = getattr(torch, name)(_some(values, self._samples))
                share = float(((some <= low) | (some >= high)).double().mean())
            self.met.append(Met(name, near, None, share))
            return
        bounds = [x for x in args[1:3] if x is not None]
        if name in ("clamp_min", "clamp", "hardtanh", "threshold") and (
            not bounds or isinstance(bounds[0], torch.Tensor) or bounds[0] != 0
        ):
            return
        self.met.append(Met("relu", near, self._dead(values, near), None))

    def _dead(self, values: torch.Tensor, near: frozenset[int]) -> float | None:
        is_linear = any(self.uses[use].facts.operation == "linear" for use in near)
        if values.ndim < 2:
            return None
        place = values.ndim - 1 if is_linear and values.ndim != 4 else 1
        over = [dim for dim in range(values.ndim) if dim != place]
        return float((values.detach().amax(dim=over) <= 0).double().mean())


def _inside(value: object) -> Iterable[torch.Tensor]:
    if isinstance(value, nn.Module):
        return list(value.parameters())
    if isinstance(value, list | tuple):
        return [tensor for each in value for tensor in _inside(each)]
    if isinstance(value, dict):
        return [tensor for each in value.values() for tensor in _inside(each)]
    return [value] if isinstance(value, torch.Tensor) else []


def _merged(tags: Sequence[_Tag]) -> _Tag:
    if len(tags) == 1:
        return replace(tags[0], is_softmax=tags[0].is_softmax)
    is_input = any(tag.is_input or tag.near for tag in tags)
    return _Tag(
        fresh=frozenset[int]().union(*(tag.fresh for tag in tags)),
        behind=frozenset[int]().union(*(tag.behind for tag in tags)),
        statistics=frozenset[int]().union(*(tag.statistics for tag in tags)),
        parameters=frozenset[str]()
        if is_input
        else frozenset[str]().union(*(tag.parameters for tag in tags)),
        is_input=is_input,
        is_softmax=any(tag.is_softmax for tag in tags),
        is_random=any(tag.is_random for tag in tags),
        chain=max((tag.chain for tag in tags), default=-1),
        last=next((tag.last for tag in tags if tag.is_input or tag.near), ""),
    )


def _described(
    name: str, args: tuple[Any, ...], weight: torch.Tensor, side: int
) -> tuple[UseFacts, torch.Tensor] | None:
    """Return the fans and the units' rows of a product with a parameter."""
    weight = weight.detach()
    if name in _CONVOLUTIONS:
        return _convolution(args, weight) if side == 1 else None
    if name in ("mv", "addmv", "dot", "vdot"):
        rows = weight if weight.ndim == 2 and side == 0 else weight.reshape(1, -1)
    elif weight.ndim == 2:
        rows = weight if side == 0 else weight.t()
    elif weight.ndim == 3 and weight.shape[0] == 1:
        rows = weight[0] if side == 0 else weight[0].t()
    elif weight.ndim == 3:
        rows = (weight if side == 0 else weight.transpose(1, 2)).flatten(0, 1)
        facts = UseFacts(
            parameter="", operation="batched", fan_in=rows.shape[1],
            fan_out=rows.shape[0] // weight.shape[0], units=len(rows),
        )  # fmt: skip
        return facts, rows
    else:
        return None
    facts = UseFacts(
        parameter="", operation="linear", fan_in=rows.shape[1], fan_out=rows.shape[0],
        units=rows.shape[0],
    )  # fmt: skip
    return facts, rows


def _convolution(
    args: tuple[Any, ...], weight: torch.Tensor
) -> tuple[UseFacts, torch.Tensor] | None:
    if len(args) < 9:
        return None
    stride, is_transposed, groups = args[3], bool(args[6]), int(args[8])
    positions = math.prod(weight.shape[2:])
    if not is_transposed:
        rows = weight.flatten(1)
        facts = UseFacts(
            parameter="", operation="convolution", fan_in=rows.shape[1],
            fan_out=weight.shape[0] // groups * positions, units=len(rows),
        )  # fmt: skip
        return facts, rows
    rows = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1).flatten(1)
    stride = list(stride) * (weight.ndim - 2) if len(stride) == 1 else stride
    terms = weight.shape[0] // groups * positions / math.prod(stride)
    facts = UseFacts(
        parameter="", operation="transposed convolution", fan_in=max(round(terms), 1),
        fan_out=weight.shape[1] * positions, units=len(rows),
    )  # fmt: skip
    return facts, rows


def _some(values: torch.Tensor, samples: int) -> torch.Tensor:
    """Return [samples, positions] of values, evenly picked where there are many."""
    values = values.detach()
    rows = values.reshape(samples, -1) if values.numel() % samples == 0 else values.reshape(1, -1)
    step = max(rows.shape[1] // max(_SAMPLED // samples, 1_024), 1)
    # An odd step, so that the same places of a short period aren't all that is seen.
    return rows[:, :: step | 1]


def powers(values: torch.Tensor, samples: int) -> tuple[float, float]:
    """Return the mean square, and the mean over positions of the variance over the batch."""
    if not values.numel() or not values.is_floating_point():
        return math.nan, math.nan
    some = _some(values, samples).double()
    power = float(some.square().mean())
    if len(some) < 2:
        return power, math.nan
    return power, float((some - some[:1]).var(0, correction=0).mean())


def settled(products: Products, gates: Mapping[str, float] | None = None) -> tuple[UseFacts, ...]:
    """Return the uses with what is known once the pass is over."""
    from msgspec.structs import replace as changed

    uses = products.uses
    after: dict[int, set[int]] = {}
    for order, use in enumerate(uses):
        for each in use.before:
            after.setdefault(each, set()).add(order)
    gated: set[int] = set()
    for order in reversed(range(len(uses))):
        following = after.get(order, set())
        if uses[order].is_gated or (following and following <= gated):
            gated.add(order)
    return tuple(
        changed(
            use.facts,
            order=order,
            behind=tuple(sorted(use.behind)),
            before=tuple(sorted(use.before)),
            is_last=order not in after,
            is_in_gate=order in gated,
        )
        for order, use in enumerate(uses)
        if use.is_known
    )
