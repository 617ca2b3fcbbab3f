"""What a forward pass does with a model's parameters, seen call by call."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from inittui.events.probes import Cut
from inittui.inspection.bounds import BOUNDS, Bound, Bounds, keeps_values
from inittui.inspection.free_units import FreeUnits, Lain, Sides, lain, of_matrix, of_product
from inittui.inspection.statistics import mean_square
from inittui.inspection.unregistered import found_in
from inittui.models.attributes import tensors_in
from inittui.models.tracing import WEIGHT_LAYERS
from inittui.text import sanitize

_PRODUCTS = frozenset({
    "mul", "mul_", "__mul__", "__rmul__", "__imul__", "multiply", "addcmul", "addcmul_",
})  # fmt: skip

_READS = frozenset({
    "item", "tolist", "numpy", "__array__", "__float__", "__int__", "__bool__", "__index__",
    "__complex__",
})  # fmt: skip
"""Functions that give values as Python or numpy has them: whatever they come to has no gradient."""

_EQUAL = 1e-5
"""Share of the largest logit up to which those of all samples are the same."""

_MIXED = 0.5
"""Share of the samples, and of the classes, that have logits of exactly 0 and others, behind a
ReLU."""

_SUM = 1e-3
"""How far from 1 probabilities may add up to, in any precision that trains."""

_MOST_PLACES = 3


NoteProduct = Callable[[str, str, torch.Tensor, Sequence[int], torch.Tensor | None], None]
"""Is told what `LayerRecorder.note_product` takes."""


class Given(NamedTuple):
    """What a parameter was multiplied by."""

    power: float
    """Mean square."""
    after: str
    """The weight layer that ran last before."""
    is_itself: bool
    """Whether it was the whole parameter, neither a part nor what is computed from it."""


class _Stop(NamedTuple):
    """A call that was given what has a gradient, and gave what has none."""

    by: str
    place: str
    parameters: int
    """Bits of the parameters that the call's arguments depend on."""
    is_followed: bool
    """Whether it is known of what it gave what depends on it."""


class Uses(TorchFunctionMode):
    """Watches which parameters take part, where gradients stop, and what is no parameter."""

    def __init__(
        self,
        model: nn.Module,
        leaves: Mapping[str, torch.Tensor],
        inputs: torch.Tensor,
        buffers: Iterable[torch.Tensor],
        note_product: NoteProduct,
    ) -> None:
        """Watch a pass in which ``leaves`` stand for the parameters of ``model``.

        ``note_product`` is told of products that no measured layer makes, see `NoteProduct`.
        """
        super().__init__()
        self._model = model
        self._names = tuple(leaves)
        self._modules = {module: name for name, module in model.named_modules()}
        self._running: list[str] = []
        self._last_layer = ""
        # Bits of the parameters that a tensor depends on, and one more for the inputs.
        self._parameters: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._lain: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._bounds = Bounds()
        self._foreign: dict[int, str] = {}
        self._stops: list[_Stop] = []
        self._used = 0
        self.multipliers: set[str] = set()
        self._leaves = leaves
        self.units: dict[str, FreeUnits] = {}
        """Of matrices that products were given, by name."""
        self.given: dict[str, Given] = {}
        """What each was multiplied by, and those of which a product was given a part only."""
        self._weight_layer = ""
        self._layers = 0
        """Measured ones that are running."""
        self._note_bare_product = note_product
        for number, (name, leaf) in enumerate(leaves.items()):
            self._parameters[leaf] = 1 << number
            self._lain[leaf] = lain(name, leaf)
        self._of_inputs = 1 << len(leaves)
        for tensor in buffers:
            self._parameters[tensor] = 0
        self._parameters[inputs] = self._of_inputs
        self._trained = 0
        """Bits of the parameters that are trained."""
        for name, parameter in model.named_parameters():
            self._trained |= self._parameters[leaves[name]] if parameter.requires_grad else 0
            # Where a module keeps them elsewhere too, it may compute with those.
            self._parameters[parameter] = self._parameters[leaves[name]]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch all modules that run, the model's own and others."""
        hooks = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave),
        ]
        try:
            with self:
                yield
        finally:
            for hook in hooks:
                hook.remove()

    @property
    def used(self) -> set[str]:
        """The parameters that some call was given."""
        return self._named(self._used)

    @property
    def foreign(self) -> tuple[str, ...]:
        """What takes part and would be trained, but isn't the model's."""
        return tuple(dict.fromkeys(self._foreign.values()))

    def cuts(self, without: Sequence[str], logits: torch.Tensor) -> tuple[Cut, ...]:
        """Return where gradients stop on the way from the logits to these parameters."""
        left, found = set(without), []
        arriving = self._named(self._parameters.get(logits, 0))
        for stop in self._stops:
            named = self._named(stop.parameters) & left
            # What is only looked at, or kept aside, has no part in the logits.
            named &= arriving if stop.is_followed else named
            stopped = tuple(sorted(named, key=self._names.index))
            if stopped:
                found.append(Cut(stop.by, stop.place, stopped))
                left -= set(stopped)
        return tuple(_joined(found))

    def head(self, logits: torch.Tensor) -> Bound | None:
        """Return what bounds the logits, and between which values; None for nothing."""
        exact = logits.detach().double() if logits.device.type != "mps" else logits.detach()
        rows = exact.flatten(0, -2)
        by = _by_values(rows) if logits.shape[-1] > 1 and bool(torch.isfinite(exact).all()) else ""
        if by:
            return Bound(by, *BOUNDS[by])
        return self._bounds.of(logits)

    def _named(self, bits: int) -> set[str]:
        return {name for number, name in enumerate(self._names) if bits >> number & 1}

    def _enter(self, module: nn.Module, _inputs: object) -> None:
        known = module in self._modules
        self._layers += isinstance(module, WEIGHT_LAYERS)
        self._running.append(self._modules[module] if known else type(module).__name__)
        if not known:
            for parameter in module.parameters():
                if parameter.requires_grad and parameter not in self._parameters:
                    name = found_in(self._model, module) or _said(module, self._place())
                    self._foreign[id(parameter)] = name

    def _leave(self, module: nn.Module, _inputs: object, _output: object) -> None:
        self._running.pop()
        self._layers -= isinstance(module, WEIGHT_LAYERS)
        if module in self._modules and next(module.parameters(recurse=False), None) is not None:
            self._last_layer = self._modules[module]
            if isinstance(module, WEIGHT_LAYERS):
                self._weight_layer = self._last_layer

    def _place(self) -> str:
        inside = [name for name in self._running[:-1] if name]
        return f"{inside[-1]}'s forward" if inside else "the model's forward"

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = [*tensors_in(args), *tensors_in(kwargs)]
        needs_gradient = any(each.requires_grad for each in given)
        result = func(*args, **(kwargs or {}))
        if not given:
            return result
        bits, is_known = 0, False
        for each in given:
            each_bits = self._parameters.get(each)
            is_known |= each_bits is not None or not each.is_leaf
            bits |= each_bits or 0
        results = list(tensors_in(args[:1] if result is None else result))
        name = getattr(func, "__name__", "")
        # Of what depends on more, as the mean of some activations does, nobody makes a parameter.
        is_read = name in _READS and (bits & ~self._of_inputs).bit_count() == 1
        if results or is_read:
            self._used |= bits
        if is_known:
            self._note_foreign(given)
        self._note_multiplier(name, given)
        self._note_product(name, args, kwargs, results)
        # Of several results some may be indices, as those of topk.
        if is_read or (needs_gradient and not all(each.requires_grad for each in results)):
            self._note_stop(name, bits, is_followed=not is_read)
        self._pass_on(func, name, args, kwargs, results, bits)
        is_same = bool(args) and keeps_values(func, name)
        if is_same or (bits and not bits & self._of_inputs):
            self._note_computed(given, results, is_same=is_same)
        return result

    def _note_foreign(self, given: Sequence[torch.Tensor]) -> None:
        for each in given:
            if not (each.is_leaf and each.requires_grad and isinstance(each, nn.Parameter)):
                continue
            if each not in self._parameters and id(each) not in self._foreign:
                self._foreign[id(each)] = found_in(self._model, each) or _said(each, self._here())

    def _here(self) -> str:
        inside = self._running[-1] if self._running else ""
        return f"{inside}'s forward" if inside else "the model's forward"

    def _note_multiplier(self, name: str, given: Sequence[torch.Tensor]) -> None:
        known = [self._lain[each] for each in given if each in self._lain]
        leaves = [each.parameter for each in known if each.is_itself]
        if leaves and name in _PRODUCTS:
            self.multipliers.update(leaves)
        elif leaves and name.endswith("_norm"):
            self.multipliers.update(leaves if name == "_weight_norm" else leaves[:1])

    def _note_product(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        results: Sequence[torch.Tensor],
    ) -> None:
        if len(args) == 1 and kwargs and "weight" in kwargs:
            args = (*args, kwargs["weight"])
        for place, each in enumerate(args):
            own: Lain | None = self._lain.get(each) if isinstance(each, torch.Tensor) else None
            # One that was picked by the inputs, as by their indices, is what is given, no matrix.
            if own is None or self._parameters.get(each, 0) & self._of_inputs:
                continue
            known = self.given.get(own.parameter)
            if self._layers and (known is not None or not own.is_itself):
                continue
            with torch._C.DisableTorchFunction():
                sides = of_product(name, place, each, args)
                if sides is None:
                    continue
                is_better = own.is_itself and own.is_whole(each)
                if known is None or (is_better and not known.is_itself):
                    self._note_units(own, each, sides, args)
                if not self._layers:
                    self._follow(own.parameter, each, sides, args, results)

    def _note_units(
        self, own: Lain, matrix: torch.Tensor, sides: Sides, args: Sequence[Any]
    ) -> None:
        others = self._named(self._parameters.get(matrix, 0) & self._trained) - {own.parameter}
        found = of_matrix(own, matrix, sides.over, {name: self._leaves[name] for name in others})
        if found is not None:
            self.units[own.parameter] = found
        elif own.parameter in self.given:
            return
        given = _multiplied(args, matrix) if found is not None else None
        power = math.nan if given is None else mean_square(given)
        is_itself = found is not None and own.is_itself
        self.given[own.parameter] = Given(power, self._weight_layer, is_itself)

    def _follow(
        self,
        parameter: str,
        matrix: torch.Tensor,
        sides: Sides,
        args: Sequence[Any],
        results: Sequence[torch.Tensor],
    ) -> None:
        """Let a product be followed that is one of activations, not of parameters alone."""
        given = _multiplied(args, matrix)
        bits = None if given is None else self._parameters.get(given)
        if len(results) == 1 and (not bits or bits & self._of_inputs):
            key = f"{parameter}[{matrix.data_ptr()}]"
            self._note_bare_product(key, parameter, results[0], sides.units, given)

    def _note_stop(self, name: str, bits: int, *, is_followed: bool) -> None:
        by = "data" if name == "__get__" else name.strip("_")
        by = by if torch.is_grad_enabled() else "no_grad"
        after = f" after {self._last_layer}" if self._last_layer else ""
        self._stops.append(_Stop(by, f"{self._here()}{after}", bits, is_followed))

    def _pass_on(
        self,
        func: Callable[..., Any],
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        results: Sequence[torch.Tensor],
        bits: int,
    ) -> None:
        self._bounds.follow(func, args, kwargs or {}, results)
        for each in results:
            if each.is_leaf and each.requires_grad:
                continue  # a parameter that a call gives back, as one that fills it
            self._parameters[each] = bits

    def _note_computed(
        self, given: Sequence[torch.Tensor], results: Sequence[torch.Tensor], *, is_same: bool
    ) -> None:
        """Note where the values of a parameter lie in what a call made of parameters alone."""
        for each in results:
            if each.is_leaf and each.requires_grad:
                continue
            alike = given[:1] if is_same else [x for x in given if x.shape == each.shape]
            source = next((x for x in alike if x in self._lain), None)
            if source is None:
                continue
            own: Lain = self._lain[source]
            is_view = each.untyped_storage().data_ptr() == source.untyped_storage().data_ptr()
            if is_same and (is_view or each.shape != source.shape):
                self._lain[each] = own
            elif (
                (is_same or each.requires_grad) and own.is_whole(source) and 0 not in each.stride()
            ):
                self._lain[each] = own.become(source, each, is_same=is_same)


def _multiplied(args: Sequence[Any], matrix: torch.Tensor) -> torch.Tensor | None:
    """Return what a product multiplies a matrix by."""
    others = [x for x in args if isinstance(x, torch.Tensor) and x is not matrix]
    return next((x for x in others if x.ndim > 1 or len(others) == 1), None)


def _by_values(rows: torch.Tensor) -> str:
    """Return what bounds rows of logits as their values show it; empty for nothing."""
    if bool((rows - rows[:1]).abs().amax() <= _EQUAL * rows.abs().amax()):
        return ""  # constant ones may add up to 1 by chance
    if bool((rows >= 0).all()):
        if bool(((rows.sum(1) - 1).abs() < _SUM).all()):
            return "softmax"
        # Of one sample some are 0 and some aren't, as those of one class.
        is_zero = rows == 0
        is_mixed = [is_zero.any(dim) & ~is_zero.all(dim) for dim in (0, 1)]
        if all(float(each.double().mean()) > _MIXED for each in is_mixed):
            return "relu"
    return "log_softmax" if bool((torch.logsumexp(rows, 1).abs() < _SUM).all()) else ""


def _joined(cuts: Sequence[Cut]) -> list[Cut]:
    """Join cuts that one place makes, and those beyond a few into the last."""
    by_place: dict[tuple[str, str], list[str]] = {}
    for cut in cuts:
        place = (cut.by, cut.place)
        if place not in by_place and (len(by_place) == _MOST_PLACES or cut.by == "no_grad"):
            # All that runs without gradients is one part of the model, begun by the first.
            place = next((key for key in reversed(by_place) if key[0] == cut.by), place)
        by_place.setdefault(place, []).extend(cut.parameters)
    return [Cut(by, place, tuple(names)) for (by, place), names in by_place.items()]


def _said(thing: nn.Module | torch.Tensor, place: str) -> str:
    """Describe what no attribute holds."""
    if isinstance(thing, nn.Module):
        return sanitize(f"a {type(thing).__name__} made in {place}", 200)
    return sanitize(f"a parameter {'×'.join(map(str, thing.shape))} in {place}", 200)
