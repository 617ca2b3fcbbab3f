"""The plain way: one model, autograd, one optimizer. Faster ways are tested against this one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from inittui.experiment.records import TrainingConfig
from inittui.training.batches import Batch
from inittui.training.dropout import MaskedDropout
from inittui.training.learners.base import Learner
from inittui.training.learners.optimizers import OptimizerStep, Rates, whole_pieces
from inittui.user_code import seeded


class SingleLearner(Learner):
    def __init__(
        self,
        model: nn.Module,
        dropout: Sequence[MaskedDropout],
        config: TrainingConfig,
        rates: Rates | None = None,
    ) -> None:
        """Take over ``model``, which lies on its device with its start weights.

        ``rates`` are factors of the learning rate, where it isn't the same for all parameters.
        """
        self._model = model
        self._dropout = dropout
        parameters = [p for p in model.parameters() if p.requires_grad]
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        self._gradients = [p.grad for p in parameters if p.grad is not None]
        names = [name for name, p in model.named_parameters() if p.requires_grad]
        pieces = whole_pieces(names, rates or {})
        self._optimizer = OptimizerStep(
            config.optimizer, config.lr, parameters, self._gradients, pieces
        )
        self.seed_rows = torch.zeros(1, dtype=torch.int64, device=parameters[0].device)
        self.right = torch.zeros_like(self.seed_rows)

    def step(self, batch: Batch) -> torch.Tensor:
        self._model.train()
        for layer, mask in zip(self._dropout, batch.masks, strict=True):
            layer.mask = mask[0]
        with seeded(batch.noise[0], batch.images.device):
            logits = self._model(batch.images[0])
        loss = F.cross_entropy(logits, batch.labels[0])
        self.right += (logits.detach().argmax(-1) == batch.labels[0]).sum()
        torch._foreach_zero_(self._gradients)
        loss.backward()
        self._optimizer.step()
        return loss.detach().view(1)

    @torch.no_grad()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        self._model.eval()
        logits: torch.Tensor = self._model(images[0])
        return logits.unsqueeze(0)

    def state(self) -> dict[str, torch.Tensor]:
        tensors = {**dict(self._model.named_parameters()), **dict(self._model.named_buffers())}
        masks = {id(layer.mask) for layer in self._dropout}
        model = {f"model.{n}": t.detach() for n, t in tensors.items() if id(t) not in masks}
        return model | self._optimizer.state() | {"right": self.right}

    def models(self) -> list[nn.Module]:
        return [self._model]

    def values_of(self, position: int) -> dict[str, torch.Tensor]:
        return dict(self._model.named_parameters()) | dict(self._model.named_buffers())

    def keep(self, positions: Sequence[int]) -> None:
        """Nothing to drop: the only trial ends with its learner."""
