"""The parameters of T models in one flat buffer, viewed as [T, *shape] each.

    fc1.weight of trial 0, of trial 1, … of T − 1 | fc1.bias of trial 0, 1, … | fc2.weight …

Parameter by parameter, so that each is one contiguous [T, *shape] for a batched product. One
buffer, so that one fused optimizer step updates all of them: Adam is elementwise, and it doesn't
matter to it where one tensor ends. Gradients and moments lie in buffers of the same layout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn

from inittui.experiment.records import TrainingConfig
from inittui.training.learners.optimizers import OptimizerStep, Piece, Rates

Views = dict[str, torch.Tensor]


class FlatParameters:
    """Stacked parameters, their gradients and the optimizer's moments, alike in layout."""

    def __init__(
        self,
        shapes: Mapping[str, Sequence[int]],
        count: int,
        config: TrainingConfig,
        like: torch.Tensor,
        rates: Sequence[Rates] = (),
    ) -> None:
        """Allocate zeros for ``count`` models of these shapes, on ``like``'s device and dtype.

        ``rates`` are those of each model, where learning rates differ.
        """
        self._shapes = {name: tuple(shape) for name, shape in shapes.items()}
        self._config = config
        self._rates = list(rates)
        size = count * sum(map(math.prod, self._shapes.values()))
        self._bind(like.new_zeros(size), count)

    def _bind(self, values: torch.Tensor, count: int) -> None:
        self.count = count
        self.values = values
        self.gradient = torch.zeros_like(values)
        self.parameters = self._view(values, count)
        self.gradients = self._view(self.gradient, count)
        self._optimizer = OptimizerStep(
            self._config.optimizer, self._config.lr, [values], [self.gradient], self._pieces()
        )

    def _pieces(self) -> list[Piece]:
        """Return the spans of equal learning rates; none where all have the same."""
        if not any(self._rates):
            return []
        found: list[Piece] = []
        begin = end = 0
        for name, shape in self._shapes.items():
            for rates in self._rates:
                factor = rates.get(name, 1.0)
                if found and found[-1].factor == factor:
                    found.pop()
                else:
                    begin = end
                end += math.prod(shape)
                found.append(Piece(0, factor, slice(begin, end)))
        return found

    def _view(self, buffer: torch.Tensor, count: int) -> Views:
        sizes = [count * math.prod(shape) for shape in self._shapes.values()]
        return {
            name: part.view(count, *shape)
            for (name, shape), part in zip(self._shapes.items(), buffer.split(sizes), strict=True)
        }

    def fill(self, position: int, parameters: Mapping[str, torch.Tensor]) -> None:
        for name, view in self.parameters.items():
            view[position].copy_(parameters[name].detach())

    def step(self) -> None:
        self._optimizer.step()

    def state(self) -> dict[str, torch.Tensor]:
        """Return the parameters and the optimizer's state; the tensors are the live ones."""
        return {"values": self.values, **self._optimizer.state()}

    def values_of(self, position: int) -> Views:
        """Return the parameters of one model as views."""
        return {name: stacked[position].detach() for name, stacked in self.parameters.items()}

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with the models at these positions only; their memory is all that stays."""
        # A trial's numbers lie scattered over the buffer, one piece in each parameter: they are
        # gathered into a new, smaller one, moments likewise, which a mask over the old one would
        # not free. The step count is one for the whole buffer, and stays. Gradients are of no use
        # any more: the next step writes them anew. Who holds views has to take new ones.
        before = self._optimizer

        def select(buffer: torch.Tensor) -> torch.Tensor:
            index = torch.tensor(positions, device=buffer.device)
            return torch.cat(
                [view[index].flatten() for view in self._view(buffer, self.count).values()]
            )

        self._rates = [self._rates[position] for position in positions] if self._rates else []
        moments = [[select(moment) for moment in slot] for slot in before.moments]
        self._bind(select(self.values), len(positions))
        self._optimizer.moments = moments
        self._optimizer.counts = before.counts


def stack_models(
    models: Iterable[nn.Module],
    count: int,
    config: TrainingConfig,
    like: torch.Tensor,
    rates: Sequence[Rates] = (),
) -> tuple[FlatParameters, Views]:
    """Copy parameters and buffers of ``count`` models in turn, so that one model at a time exists.

    The buffers are [T, *shape] each; ``rates`` as in `FlatParameters`.
    """
    flat: FlatParameters | None = None
    buffers: list[Views] = []
    for position, model in enumerate(models):
        parameters = dict(model.named_parameters())
        if flat is None:
            shapes = {name: tensor.shape for name, tensor in parameters.items()}
            flat = FlatParameters(shapes, count, config, like, rates)
        flat.fill(position, parameters)
        buffers.append(dict(model.named_buffers()))
    assert flat is not None
    return flat, {name: torch.stack([each[name] for each in buffers]) for name in buffers[0]}
