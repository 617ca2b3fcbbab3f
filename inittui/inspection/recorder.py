"""Measures what weight layers and nonlinearities give while a model runs forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from inittui.events.probes import Measured
from inittui.inspection.statistics import (
    between_samples,
    dead_share,
    distinct_units,
    measure,
    saturated_share,
    unit_dim,
    unit_rows,
    weight_and_bias,
)
from inittui.models.observe import hooked
from inittui.models.tracing import WEIGHT_LAYERS, Flow, nonlinearity_of


@dataclass
class Seen:
    """One layer in one forward pass, and in the backward pass that follows it."""

    name: str
    kind: str
    weight: torch.Tensor
    bias: torch.Tensor | None
    units: int
    distinct_units: int
    unit_dim: int
    """Of the outputs."""
    output_dims: int
    pre_activations: Measured
    between_samples: float
    nonlinearity: str = "identity"
    activations: Measured | None = None
    dead: float | None = None
    saturated: float | None = None
    pre_activation_gradients: Measured = field(default_factory=lambda: Measured(count=0))


class LayerRecorder(Flow):
    """Measures every weight layer that runs, and the first nonlinearity that its outputs meet.

    Of a layer that runs more than once the last time counts. Everything is measured when it
    happens: later an operation in place may have overwritten it.
    """

    def __init__(self, percentile: float, gradient_percentile: float | None = None) -> None:
        super().__init__()
        self._percentile = percentile
        self._gradient_percentile = gradient_percentile
        self.seen: dict[str, Seen] = {}

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Measure what ``model`` computes in the block; no hook stays in it."""
        with hooked(model, self._note_layer, WEIGHT_LAYERS), self:
            yield

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
            for name in sources:
                if self.seen[name].activations is None:
                    self._note_activations(self.seen[name], nonlinearity, result)
        super().follow(func, args, kwargs, sources, result)

    def _note_layer(self, name: str, module: nn.Module, output: object) -> None:
        if not isinstance(output, torch.Tensor):
            return  # a layer of somebody's own that gives something else: nothing to measure
        weight, bias = weight_and_bias(module)
        rows = unit_rows(module)
        seen = Seen(
            name=name,
            kind=type(module).__name__,
            weight=weight,
            bias=bias,
            units=len(rows),
            distinct_units=distinct_units(rows),
            unit_dim=unit_dim(module),
            output_dims=output.ndim,
            pre_activations=measure(output, self._percentile),
            between_samples=between_samples(output),
        )
        if output.requires_grad:  # not so where a model runs a part of itself without gradients
            output.register_hook(lambda gradient: self._note_gradient(seen, gradient))
        self.seen[name] = seen
        self.note_layer(name, output)

    def _note_activations(self, seen: Seen, nonlinearity: str, values: torch.Tensor) -> None:
        seen.nonlinearity = nonlinearity
        seen.activations = measure(values, self._percentile)
        seen.saturated = saturated_share(values, nonlinearity)
        if nonlinearity in ("relu", "relu6"):
            place = _place_of_units(seen, values)
            seen.dead = None if place is None else dead_share(values, place)

    def _note_gradient(self, seen: Seen, gradient: torch.Tensor) -> None:
        seen.pre_activation_gradients = self.measure_gradient(gradient)

    def measure_gradient(self, values: torch.Tensor) -> Measured:
        """Measure gradients, whose histograms may be cut by their size."""
        by_size = self._gradient_percentile is not None
        return measure(values, self._gradient_percentile or self._percentile, by_size=by_size)


def _place_of_units(seen: Seen, values: torch.Tensor) -> int | None:
    """Return the dimension of a layer's units after what lies between it and its nonlinearity.

    None where reshaping has left none that is as long as the layer has units.
    """
    usual = seen.unit_dim if values.ndim == seen.output_dims else 1
    if values.shape[usual] == seen.units:
        return usual
    places = [place for place in range(1, values.ndim) if values.shape[place] == seen.units]
    return places[0] if len(places) == 1 else None
