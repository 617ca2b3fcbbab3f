"""Measures what weight layers and nonlinearities give while a model runs forward and backward."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.utils.weak import WeakIdKeyDictionary

from inittui.events.probes import Measured
from inittui.inspection.activations import Flatness, flatness, flatness_between
from inittui.inspection.followed import Followed
from inittui.inspection.statistics import (
    alignment,
    between_samples,
    by_unit,
    mean_square,
    measure,
    repeated_blocks,
    row_labels,
    unit_dim,
    unit_rows,
    weight_and_bias,
)
from inittui.inspection.ways import Ways
from inittui.models.observe import hooked
from inittui.models.tracing import WEIGHT_LAYERS, Flow, nonlinearity_of

_ELEMENTWISE = frozenset({
    "erf", "atan", "arctan", "clamp", "clamp_", "clip", "clip_", "maximum", "minimum", "fmax",
    "fmin", "clamp_min", "clamp_min_", "clamp_max", "clamp_max_",
})  # fmt: skip
"""Functions that are nonlinearities where their other arguments are constants."""

_GATED = 0.01
"""Share of what lies at flat ends that has other ways, from where on these ends aren't its own."""


@dataclass(kw_only=True)
class Seen(Followed):
    """One layer in one forward pass, and in the backward pass that follows it."""

    kind: str
    weight: torch.Tensor
    bias: torch.Tensor | None
    distinct_units: int
    repeats: int
    alignment: float
    pre_activations: Measured
    between_samples: float
    inputs: float
    inputs_between: float
    activations: Measured | None = None
    pre_activation_gradients: Measured = field(default_factory=lambda: Measured(count=0))


class LayerRecorder(Flow):
    """Measures every weight layer that runs, and the first nonlinearity that its outputs meet.

    Of products with other parameters, which `note_product` is told of, only where that is flat.

    Of a layer that runs more than once the last time counts. Everything is measured when it
    happens: later an operation in place may have overwritten it.
    """

    def __init__(
        self, percentile: float, gradient_percentile: float | None = None, samples: int = 0
    ) -> None:
        """Measure a pass of ``samples``; 0: of as many as the tensors begin with."""
        super().__init__()
        self._samples = samples
        self._percentile = percentile
        self._gradient_percentile = gradient_percentile
        self.seen: dict[str, Seen] = {}
        self._followed: dict[str, Followed] = {}
        """The layers, and products with other parameters."""
        self._live: set[str] = set()
        """Other parameters whose nonlinearity gets more than 0, as behind a closed gate."""
        self._given: dict[nn.Module, tuple[float, float]] = {}
        self._last: tuple[Followed, torch.Tensor] | None = None
        """The layer or product that ran last, with its output."""
        self._made: WeakIdKeyDictionary = WeakIdKeyDictionary()
        """What nonlinearities have given."""
        self._is_over = False
        """The forward pass; in it gradients are those of single nonlinearities."""

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Measure what ``model`` computes in the block; no hook stays in it."""
        layers = [module for module in model.modules() if isinstance(module, WEIGHT_LAYERS)]
        hooks = [module.register_forward_pre_hook(self._note_inputs) for module in layers]
        try:
            with hooked(model, self._note_layer, WEIGHT_LAYERS), self:
                yield
        finally:
            for hook in hooks:
                hook.remove()
            self._last = None
            self._is_over = True

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Measure where a nonlinearity is flat before the call may overwrite what it is given."""
        first = args[0] if args else None
        ways: Ways | None = None
        if isinstance(first, torch.Tensor) and (sources := self._sources.get(first)):
            name = nonlinearity_of(func, args, kwargs)
            with torch._C.DisableTorchFunction():
                if name is not None or _is_of_one(func, args):
                    ways = self._note_flatness(sources, func, name, args, kwargs or {})
        result = super().__torch_function__(func, types, args, kwargs)
        if ways is not None and isinstance(result, torch.Tensor):
            with torch._C.DisableTorchFunction():
                ways.gives(result)
                self._made[result] = True
        return result

    def follow(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        sources: frozenset[str],
        result: object,
    ) -> None:
        """Measure what a nonlinearity makes of the layers' outputs that it is given."""
        nonlinearity = nonlinearity_of(func, args, kwargs)
        if nonlinearity is not None and isinstance(result, torch.Tensor):
            with torch._C.DisableTorchFunction():
                for each in map(self._followed.__getitem__, sources):
                    if each.nonlinearity == "identity":
                        each.nonlinearity = nonlinearity
                        if isinstance(each, Seen):
                            each.activations = measure(result, self._percentile)
        super().follow(func, args, kwargs, sources, result)

    def _note_inputs(self, module: nn.Module, inputs: tuple[object, ...]) -> None:
        given = inputs[0] if inputs else None
        if not isinstance(given, torch.Tensor):
            return
        with torch._C.DisableTorchFunction():
            self._given[module] = mean_square(given), between_samples(given, self._samples)
            if self._last is not None:
                self._note_own_nonlinearity(*self._last, given)

    def _note_layer(self, name: str, module: nn.Module, output: object) -> None:
        if not isinstance(output, torch.Tensor):
            return  # a layer of somebody's own that gives something else: nothing to measure
        with torch._C.DisableTorchFunction():
            self.seen[name] = seen = self._seen(name, module, output)
            self._begin(name, seen, output)

    def note_product(
        self,
        key: str,
        parameter: str,
        result: torch.Tensor,
        unit_dims: Sequence[int],
        given: torch.Tensor | None,
    ) -> None:
        """Begin to follow a product with a parameter that is no layer's, or with a part of it.

        Args:
            key: tells the part from others.
            parameter: the parameter's name.
            result: what the product gives.
            unit_dims: dimensions of it that count the parameter's units.
            given: what the parameter is multiplied by.
        """
        if self._last is not None and given is not None:
            self._note_own_nonlinearity(*self._last, given)
        places = tuple(dim % result.ndim for dim in unit_dims)
        units = math.prod(result.shape[place] for place in places)
        followed = Followed(
            name=parameter, units=units, unit_dims=places, output_dims=result.ndim,
            output=id(result),
        )  # fmt: skip
        self._begin(key, followed, result)

    def _begin(self, key: str, followed: Followed, output: torch.Tensor) -> None:
        if output.requires_grad:  # not so where a model runs itself without gradients
            output.register_hook(lambda gradient: self._note_gradient(followed, gradient))
        followed.earlier = self._followed.get(key)
        self._followed[key] = followed
        self._last = followed, output
        self.note_layer(key, output)

    def flat_products(self) -> dict[str, tuple[float | None, float | None]]:
        """Return by parameter how many units are dead, and how many activations saturated.

        Both are shares, as those of `Seen`, over all parts that meet a nonlinearity.
        """
        by_parameter: dict[str, list[Followed]] = {}
        for key, each in self._followed.items():
            if key not in self.seen and each.name in self._live:
                by_parameter.setdefault(each.name, []).append(each)
        return {
            name: (_mean(x.dead for x in parts), _mean(x.saturated for x in parts))
            for name, parts in by_parameter.items()
        }

    def _seen(self, name: str, module: nn.Module, output: torch.Tensor) -> Seen:
        weight, bias = weight_and_bias(module)
        labels = row_labels(unit_rows(module))
        inputs, inputs_between = self._given.get(module, (math.nan, math.nan))
        return Seen(
            name=name,
            kind=type(module).__name__,
            weight=weight,
            bias=bias,
            units=len(labels),
            unit_dims=(unit_dim(module),),
            distinct_units=len(set(labels.tolist())),
            repeats=repeated_blocks(labels),
            alignment=alignment(by_unit(module, weight)),
            output_dims=output.ndim,
            output=id(output),
            pre_activations=measure(output, self._percentile),
            between_samples=between_samples(output, self._samples),
            inputs=inputs,
            inputs_between=inputs_between,
        )

    def _note_flatness(
        self,
        sources: frozenset[str],
        func: Callable[..., Any],
        name: str | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Ways | None:
        found = [self._followed[each] for each in sources]
        fresh = [x for x in found if x.nonlinearity == "identity" and x.dead_units is None]
        if not fresh:
            return None
        values = args[0]
        if name == "relu":  # the most frequent one; its derivative is known
            flags = values.detach() > 0
            flat: Flatness | None = Flatness(~flags, None, flags)
        else:
            others = list(args[1:]) if name == "prelu" else _constants(args[1:])
            flat = flatness(func, values, others, kwargs)
        return None if flat is None else self._note_flat(fresh, values, flat)

    def _note_flat(
        self, seen: Sequence[Followed], values: torch.Tensor, flat: Flatness
    ) -> Ways | None:
        """Note where a nonlinearity is flat, and in the backward pass where that says little."""
        if flat.slope.is_floating_point():  # kept until then: few digits are enough for shares
            flat = replace(flat, slope=flat.slope.to(torch.bfloat16))
        for each in seen:
            each.flat = flat
            each.is_direct = id(values) == each.output
            each.note_flatness(values, flat.dead, flat.saturated)
            if not isinstance(each, Seen) and each.name not in self._live and bool(values.any()):
                self._live.add(each.name)
        if not values.requires_grad:
            return None

        def note(others: torch.Tensor) -> None:
            saturated = flat.saturated
            if saturated is not None and int((others & saturated).sum()) > _GATED * saturated.sum():
                saturated = None  # a factor of what it is given, say
            for each in seen:
                if each.flat is flat:  # not so where a nonlinearity around this one is known
                    each.note_flatness(values, flat.dead & ~others, saturated)

        return Ways(values, flat.slope, note, lambda: self._is_over)

    def _note_own_nonlinearity(
        self, seen: Followed, output: torch.Tensor, given: torch.Tensor
    ) -> None:
        """Measure a nonlinearity that is nobody's known one, between two layers of one shape.

        It may be computed with known ones, as a mish is with a tanh.
        """
        self._last = None
        if given in self._made:
            return
        flat = flatness_between(output, given)
        if flat is None or not seen.places_of_units(flat.dead):
            return
        ways = self._note_flat([seen], output, flat)
        if ways is not None:
            ways.gives(given)

    def _note_gradient(self, seen: Followed, gradient: torch.Tensor) -> None:
        if self._is_over:
            if isinstance(seen, Seen):
                seen.pre_activation_gradients = self.measure_gradient(gradient)
            seen.note_gradient(gradient)

    def measure_gradient(self, values: torch.Tensor) -> Measured:
        """Measure gradients, whose histograms may be cut by their size."""
        by_size = self._gradient_percentile is not None
        return measure(values, self._gradient_percentile or self._percentile, by_size=by_size)


def _mean(shares: Iterable[float | None]) -> float | None:
    known = [each for each in shares if each is not None]
    return sum(known) / len(known) if known else None


def _constants(args: Sequence[Any]) -> list[Any]:
    """Return arguments with tensors of one value, in whatever shape, as that value."""
    return [
        each.detach().flatten()[0]
        if isinstance(each, torch.Tensor) and each.numel() and bool((each == each.max()).all())
        else each
        for each in args
    ]


def _is_of_one(func: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Return whether a call is a nonlinearity of its first argument, all others being constant."""
    if getattr(func, "__name__", "") not in _ELEMENTWISE:
        return False
    return not any(isinstance(x, torch.Tensor) and x.ndim for x in _constants(args[1:]))
