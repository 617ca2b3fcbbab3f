"""PyTorch's own optimizer steps over explicit lists of tensors.

The functional forms are called because building a `torch.optim.Optimizer` imports the compiler
(torch._dynamo): 1.3 s on a machine where all of torch takes 1.5 s.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from inittui.experiment.records import Optimizer

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_ADAMW_DECAY = 1e-2
_RMSPROP_ALPHA = 0.99


class OptimizerStep:
    """One optimizer over fixed parameters, with PyTorch's defaults but for the learning rate.

    ``parameters`` are updated in place from ``gradients``, tensor by tensor alike in shape.
    """

    def __init__(
        self,
        name: Optimizer,
        lr: float,
        parameters: Sequence[torch.Tensor],
        gradients: Sequence[torch.Tensor],
    ) -> None:
        self.name = name
        self.lr = lr
        self.parameters = list(parameters)
        self.gradients = list(gradients)
        slots = {"adam": 2, "adamw": 2, "rmsprop": 1, "sgd": 0}[name]
        self.moments = [[torch.zeros_like(p) for p in self.parameters] for _ in range(slots)]
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
        if self.name == "sgd":
            self._sgd()
        elif self.name == "rmsprop":
            self._rmsprop()
        else:
            self._adam()

    def _adam(self) -> None:
        first, second = self.moments
        decoupled = self.name == "adamw"
        (adamw if decoupled else adam)(
            self.parameters, self.gradients, first, second, [], self.counts,
            fused=True, amsgrad=False, beta1=_BETA1, beta2=_BETA2, lr=self.lr,
            weight_decay=_ADAMW_DECAY if decoupled else 0.0, eps=_EPSILON, maximize=False,
        )  # fmt: skip

    def _rmsprop(self) -> None:
        rmsprop(
            self.parameters, self.gradients, self.moments[0], [], [], self.counts,
            foreach=True, lr=self.lr, alpha=_RMSPROP_ALPHA, eps=_EPSILON,
            weight_decay=0.0, momentum=0.0, centered=False,
        )  # fmt: skip

    def _sgd(self) -> None:
        sgd(
            self.parameters, self.gradients, [None] * len(self.parameters),
            fused=True, weight_decay=0.0, momentum=0.0, lr=self.lr,
            dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip
