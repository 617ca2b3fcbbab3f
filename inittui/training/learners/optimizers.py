"""PyTorch's own optimizer steps over explicit lists of tensors.

The functional forms are called because building a `torch.optim.Optimizer` imports the compiler
(torch._dynamo): 1.3 s on a machine where all of torch takes 1.5 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from inittui.experiment.records import Optimizer

Rates = Mapping[str, float]
"""Factors of the learning rate by the names of parameters; 1 where one is absent."""

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_ADAMW_DECAY = 1e-2
_RMSPROP_ALPHA = 0.99


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the parameters that has a learning rate of its own."""

    tensor: int
    """Its place among the parameters."""
    factor: float
    """Of the learning rate."""
    span: slice | None = None
    """Its part of a flat tensor; None: all of it."""

    def of(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        tensor = tensors[self.tensor]
        return tensor if self.span is None else tensor[self.span]


@dataclass(frozen=True, slots=True)
class _Tensors:
    """What one call of an optimizer takes."""

    lr: float
    parameters: list[torch.Tensor]
    gradients: list[torch.Tensor]
    moments: list[list[torch.Tensor]]
    counts: list[torch.Tensor]


class OptimizerStep:
    """One optimizer over fixed parameters, with PyTorch's defaults but for the learning rate.

    ``parameters`` are updated in place from ``gradients``, tensor by tensor alike in shape.
    ``pieces`` are all that is trained, where learning rates differ; either whole tensors, or the
    spans of all of them.
    """

    def __init__(
        self,
        name: Optimizer,
        lr: float,
        parameters: Sequence[torch.Tensor],
        gradients: Sequence[torch.Tensor],
        pieces: Sequence[Piece] = (),
    ) -> None:
        self.name = name
        self.lr = lr
        self.parameters = list(parameters)
        self.gradients = list(gradients)
        slots = {"adam": 2, "adamw": 2, "rmsprop": 1, "sgd": 0}[name]
        self.moments = [[torch.zeros_like(p) for p in self.parameters] for _ in range(slots)]
        self._by_factor: dict[float, list[Piece]] = {}
        for piece in pieces:
            self._by_factor.setdefault(piece.factor, []).append(piece)
        # A fused step reads the count on the parameters' own device.
        self.counts = [torch.zeros((), device=p.device) for p in self.parameters]

    def state(self) -> dict[str, torch.Tensor]:
        """Return moments and counts, the live tensors: copying into them restores a state."""
        moments = {
            f"moment.{slot}.{number}": tensor
            for slot, tensors in enumerate(self.moments)
            for number, tensor in enumerate(tensors)
        }
        return moments | {f"count.{number}": count for number, count in enumerate(self.counts)}

    @torch.no_grad()
    def step(self) -> None:
        take = {"sgd": self._sgd, "rmsprop": self._rmsprop}.get(self.name, self._adam)
        if not self._by_factor:
            everything = self.parameters, self.gradients, self.moments, self.counts
            take(_Tensors(self.lr, *everything))
            return
        for factor, pieces in self._by_factor.items():
            # Spans of one tensor share its count, which every call would add to.
            counts = [self.counts[piece.tensor].clone() for piece in pieces]
            parts = _Tensors(
                factor * self.lr,
                [piece.of(self.parameters) for piece in pieces],
                [piece.of(self.gradients) for piece in pieces],
                [[piece.of(moments) for piece in pieces] for moments in self.moments],
                counts,
            )
            take(parts)
        torch._foreach_add_(self.counts, 1)

    def _adam(self, of: _Tensors) -> None:
        first, second = of.moments
        decoupled = self.name == "adamw"
        (adamw if decoupled else adam)(
            of.parameters, of.gradients, first, second, [], of.counts,
            fused=True, amsgrad=False, beta1=_BETA1, beta2=_BETA2, lr=of.lr,
            weight_decay=_ADAMW_DECAY if decoupled else 0.0, eps=_EPSILON, maximize=False,
        )  # fmt: skip

    def _rmsprop(self, of: _Tensors) -> None:
        rmsprop(
            of.parameters, of.gradients, of.moments[0], [], [], of.counts,
            foreach=True, lr=of.lr, alpha=_RMSPROP_ALPHA, eps=_EPSILON,
            weight_decay=0.0, momentum=0.0, centered=False,
        )  # fmt: skip

    def _sgd(self, of: _Tensors) -> None:
        sgd(
            of.parameters, of.gradients, [None] * len(of.parameters),
            fused=True, weight_decay=0.0, momentum=0.0, lr=of.lr,
            dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip


def whole_pieces(names: Sequence[str], rates: Rates) -> list[Piece]:
    """Return a piece for each parameter, in their order; none where all have the same rate."""
    if all(rates.get(name, 1.0) == 1 for name in names):
        return []
    return [Piece(place, rates.get(name, 1.0)) for place, name in enumerate(names)]
