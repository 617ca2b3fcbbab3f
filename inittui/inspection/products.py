"""A forward pass seen operator by operator: products with parameters, and what lies between them.

A product with a parameter is a use, whoever calls it. Parameters are known by their memory, so that
views and transposes of them are theirs. What comes of each use is followed by the memory, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from inittui.events.facts import UseFacts
from inittui.inspection.flat_ends import FLATTENING, met_by
from inittui.inspection.memory import Places, key_of, written_by
from inittui.inspection.operands import CONVOLUTIONS, described, measured
from inittui.inspection.operators import (
    ATTENTION,
    COPIES,
    MADE_LIKE,
    NONLINEAR,
    NORMS,
    OVER_BATCH,
    PRODUCTS,
    RECURRENT,
    SOFTMAX,
    STATISTICS,
)
from inittui.inspection.pass_records import NOTHING, Added, Drowned, Met, Tag, Use, drowns, merged
from inittui.inspection.statistics import is_drawn, powers
from inittui.inspection.unregistered import keeper_of
from inittui.models.attributes import tensors_in

_OF_GATES = re.compile(r"(^|\.)weight_[ih]h_l\d+(_reverse)?$")
_LEAST_FOREIGN = 64


class Products(TorchDispatchMode):
    """Watches one forward pass, and keeps what it overwrites."""

    def __init__(self, model: nn.Module, inputs: Iterable[torch.Tensor], samples: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self._samples = samples
        self._places = Places()
        self._tags: dict[int, Tag] = {}
        self._born: set[int] = set()
        self.kept: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        self.uses: list[Use] = []
        self.met: list[Met] = []
        self.added: list[Added] = []
        self.drowned: list[Drowned] = []
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
            self._places.put(name, parameter)
        for name, buffer in model.named_buffers():
            if (key := key_of(buffer)) is not None:
                self._keep(buffer)  # norms write theirs without saying so
                self._tags[key] = Tag(parameters=frozenset({f"buffer {name}"}))
        self._born.update(key for each in inputs if (key := key_of(each)) is not None)
        self._tags.update(
            (key, Tag(is_input=True)) for each in inputs if (key := key_of(each)) is not None
        )

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
        if plain in FLATTENING:
            self._flatness(plain, args, tags)
        result = func(*args, **kwargs)
        self._follow(plain, args, given, tags, written, result)
        return result

    def tag(self, tensor: torch.Tensor) -> Tag:
        """Return what a tensor comes from."""
        key = key_of(tensor)
        if key is None:
            return NOTHING
        names = self._places.names_of(tensor)
        if names:
            self.seen.update(names)
            return Tag(parameters=frozenset(names), is_copy=True)
        return self._tags.get(key, NOTHING)

    def _keep(self, tensor: torch.Tensor) -> None:
        """Keep memory that was there before the pass, before it is overwritten."""
        key = key_of(tensor)
        if key is not None and key not in self._born and key not in self.kept:
            storage = tensor.untyped_storage()
            self.kept[key] = (storage, storage.clone())

    def _follow(
        self,
        name: str,
        args: tuple[Any, ...],
        given: Sequence[torch.Tensor],
        tags: Sequence[Tag],
        written: Sequence[torch.Tensor],
        result: Any,
    ) -> None:
        inputs = {key for each in given if (key := key_of(each)) is not None}
        overwritten = {key_of(each) for each in written}
        tag = self._tag_of(name, args, given, tags, result)
        for each in (*written, *tensors_in(result)):
            key = key_of(each)
            if key is None or key in self._places:
                continue
            if key not in inputs:
                self._born.add(key)
                self._tags[key] = tag
            elif key in overwritten or key not in self._tags:
                self._tags[key] = tag

    def _tag_of(  # noqa: PLR0911  # one for each kind of operator
        self,
        name: str,
        args: tuple[Any, ...],
        given: Sequence[torch.Tensor],
        tags: Sequence[Tag],
        result: Any,
    ) -> Tag:
        whole = merged(tags)
        if name in PRODUCTS or name in CONVOLUTIONS:
            return self._product(name, args, result)
        if name.startswith(RECURRENT):
            return self._recurrent(given, whole)
        if name in MADE_LIKE:  # of a tensor's shape, not of its values: masks
            return NOTHING
        if not whole.near and not whole.is_input:
            return self._of_parameters(name, tags, whole)
        if name.startswith(ATTENTION):
            return self._attention(given, tags)
        if name in NORMS:
            return self._normed(name, given, whole)
        if name in SOFTMAX:
            dim = args[1] if len(args) > 1 and isinstance(args[1], int) else -1
            if given[0].ndim and given[0].shape[dim] == 1:
                self.single_softmax |= whole.near
            return replace(self._past(whole, "softmax", name), is_softmax=True, chain=-1)
        if name in NONLINEAR and not (name == "maximum" and len(given) > 1):
            return replace(self._past(whole, name, name), chain=whole.chain)
        if name in ("mul", "div") and len(given) > 1:
            return self._multiplied(name, given, tags, whole)
        if name in ("add", "sub") and len(given) > 1:
            return self._sum(name, given, tags, whole, result)
        if name in STATISTICS:
            return replace(whole, statistics=whole.statistics | whole.near, last=name)
        is_plain = name in {*COPIES, "copy", "detach"} or any(
            key_of(each) == key_of(given[0]) for each in tensors_in(result)
        )
        return whole if is_plain else replace(whole, last=name)

    def _of_parameters(self, name: str, tags: Sequence[Tag], whole: Tag) -> Tag:
        """Return the tag of what comes of no input: computed from parameters, or drawn."""
        if name == "mul" or name.startswith("_weight_norm"):  # by gains
            self.multipliers.update(x for tag in tags if tag.is_copy for x in tag.parameters)
        is_random = name in ("randn", "rand", "normal_functional", "randn_like", "rand_like")
        is_random = is_random or name in ("uniform", "normal", "bernoulli")
        is_copy = whole.is_copy and name in COPIES
        return replace(whole, is_random=whole.is_random or is_random, is_copy=is_copy)

    def _normed(self, name: str, given: Sequence[torch.Tensor], whole: Tag) -> Tag:
        self.norms.update(n for each in given[1:] for n in self._places.names_of(each))
        if name in OVER_BATCH:
            self.positions = min(self.positions, math.prod(given[0].shape[2:]))
        return self._past(whole, "norm", name)

    def _past(self, tag: Tag, kind: str, name: str) -> Tag:
        """Return the tag behind what every use in it meets."""
        for use in tag.fresh:
            self.uses[use].behind.add(kind)
        return Tag(behind=tag.near, is_input=True, last=name)

    def _multiplied(
        self, name: str, given: Sequence[torch.Tensor], tags: Sequence[Tag], whole: Tag
    ) -> Tag:
        one, other = tags[0], tags[1]
        if not (one.is_input or one.near) or not (other.is_input or other.near):
            factors = {
                x for each in (one, other) for x in each.parameters if not x.startswith("buffer ")
            }
            self.multipliers |= factors
            if whole.last in NORMS or whole.last == "norm":
                self.norms |= factors
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
        tags: Sequence[Tag],
        whole: Tag,
        result: Any,
    ) -> Tag:
        one, other = tags[0], tags[1]
        both = all(each.is_input or each.near for each in (one, other))
        is_about_itself = bool(one.statistics & other.near or other.statistics & one.near)
        if not both and isinstance(result, torch.Tensor):
            place = 0 if one.is_input or one.near else 1
            found = drowns(tags[1 - place].parameters, given[place], result, self._samples)
            self.drowned += [] if found is None else [found]
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

    def _attention(self, given: Sequence[torch.Tensor], tags: Sequence[Tag]) -> Tag:
        for each in tags[:2]:
            for use in each.near:
                self.uses[use].behind.add("softmax")
        if len(given) > 2 and given[1].ndim > 1 and given[1].shape[-2] == 1:
            self.single_softmax |= tags[0].near | tags[1].near
        value = tags[2] if len(tags) > 2 else NOTHING
        hidden = tags[0].near | tags[1].near
        return Tag(
            fresh=value.fresh - hidden,
            behind=value.behind | hidden,
            is_input=True,
            last="attention",
        )

    def _recurrent(self, given: Sequence[torch.Tensor], whole: Tag) -> Tag:
        for use in whole.fresh:
            self.uses[use].behind.add("unknown")
        names = [name for each in given for name in self._places.names_of(each)]
        matrices = {
            name: each
            for each in given
            if each.ndim == 2
            for name in self._places.names_of(each)
            if _OF_GATES.search(name)
        }
        if matrices:
            return merged([self._gates(name, each, whole) for name, each in matrices.items()])
        if not names:
            return self._past(whole, "unknown", "recurrent")
        return self._opaque(names, whole)

    def _gates(self, name: str, weight: torch.Tensor, given: Tag) -> Tag:
        """Note weights whose products run inside of a recurrent layer, unseen."""
        outputs, inputs = weight.shape
        facts = UseFacts(
            parameter=name, operation="recurrent", fan_in=inputs, fan_out=outputs, units=outputs,
            order=len(self.uses),
        )  # fmt: skip
        return self._begin(Use(facts, weight, name), given)

    def _opaque(self, names: Sequence[str], whole: Tag) -> Tag:
        """Note a product whose weights were computed from parameters."""
        self.derived.update(names)
        facts = UseFacts(parameter=names[0], operation="batched", fan_in=0, fan_out=0)
        use = Use(facts, None, names[0], is_known=False)
        return self._begin(use, whole)

    def _begin(self, use: Use, given: Tag) -> Tag:
        use.before = {*given.near}
        for each in given.fresh:
            self.uses[each].behind.add("product")
        self.uses.append(use)
        return Tag(fresh=frozenset({len(self.uses) - 1}), is_input=True, last="product")

    def _product(  # noqa: PLR0911  # one for each kind of operands
        self, name: str, args: tuple[Any, ...], result: Any
    ) -> Tag:
        bias = args[0] if name in ("addmm", "baddbmm", "addmv") else None
        operands = args[1:3] if bias is not None else args[:2]
        tags = [self.tag(each) for each in operands]
        if bias is not None:
            self.tag(bias)
        elif name in CONVOLUTIONS and len(args) > 2 and isinstance(args[2], torch.Tensor):
            self.tag(args[2])
        whole = merged(tags)
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
        names = self._places.names_of(weight)
        if not (of.is_input or of.near):
            return whole
        is_copied = not names
        if is_copied:
            names = [x for x in tags[side].parameters if not x.startswith("buffer ")]
            if not names:
                return replace(of, last="product")
            if not tags[side].is_copy:
                return self._opaque(names, of)
        found = described(name, args, weight, side)
        if found is None or not isinstance(result, torch.Tensor):
            return self._opaque(names, of)
        facts, rows = found
        facts = measured(facts, names[0], len(self.uses), given, result, self._samples)
        if facts.not_finite and not self.not_finite:
            self.not_finite = names[0]
        # Units are compared by views of the parameter, whose gradient lies like them.
        return self._begin(Use(facts, None if is_copied else rows, names[0]), of)

    def _of_activations(self, tags: Sequence[Tag], whole: Tag) -> Tag:
        one, other = tags
        if not (one.near or one.is_input) or not (other.near or other.is_input):
            return replace(whole, last="product")
        if one.is_softmax:
            return Tag(other.fresh, other.behind | one.near, is_input=True, last="attention")
        if other.is_softmax:
            return Tag(one.fresh, one.behind | other.near, is_input=True, last="attention")
        return replace(self._past(whole, "softmax", "product"), factors=one.fresh | other.fresh)

    def _look_for_foreign(self, operands: Sequence[torch.Tensor], tags: Sequence[Tag]) -> None:
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
                self.foreign[key] = keeper_of(self.model, tensor)

    def _power(self, tensor: torch.Tensor) -> float:
        return powers(tensor, self._samples)[0]

    def _flatness(self, name: str, args: tuple[Any, ...], tags: Sequence[Tag]) -> None:
        near = tags[0].fresh or tags[0].factors if tags else frozenset()
        is_linear = any(self.uses[use].facts.operation == "linear" for use in near)
        met = met_by(name, args, near, self._samples, is_linear=is_linear)
        if met is not None:
            self.met.append(met)
