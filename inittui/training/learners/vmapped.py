"""Any model trained as one over stacked parameters: `torch.func` with autograd."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, vmap

from inittui.experiment.records import TrainingConfig
from inittui.models.observe import twin, unfused_attention
from inittui.training.batches import Batch
from inittui.training.learners.base import Learner
from inittui.training.learners.flat_parameters import stack_models
from inittui.training.learners.optimizers import Rates

Named = dict[str, torch.Tensor]


class VmappedLearner(Learner):
    """T models of one architecture, each with parameters and buffers of its own."""

    def __init__(
        self,
        models: Iterable[nn.Module],
        mask_names: Sequence[str],
        seed_rows: Sequence[int],
        config: TrainingConfig,
        like: torch.Tensor,
        rates: Sequence[Rates] = (),
    ) -> None:
        """Copy each model's parameters and buffers in turn.

        ``mask_names`` are the masked dropout layers in the order of `Batch.masks`; ``like`` gives
        device and dtype; ``rates`` are each trial's factors of the learning rate.
        """
        self._model, models = _first(models)
        self._flat, self._buffers = stack_models(models, len(seed_rows), config, like, rates)
        self._bind_gradients()
        self._masks = [f"{name}.mask" for name in mask_names]
        self.seed_rows = torch.tensor(seed_rows, device=like.device)
        self.right = torch.zeros_like(self.seed_rows)

    def _bind_gradients(self) -> None:
        """Let autograd add to the flat gradient: what is in ``.grad`` is added to in place."""
        for name, parameter in self._flat.parameters.items():
            parameter.requires_grad_().grad = self._flat.gradients[name]

    def step(self, batch: Batch) -> torch.Tensor:
        self._model.train()
        masks = dict(zip(self._masks, batch.masks, strict=True))
        labels = batch.labels[self.seed_rows]
        logits = self._call(batch.images, masks)
        losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        losses = losses.view_as(labels).mean(1)
        self.right += (logits.detach().argmax(-1) == labels).sum(1)
        # A trial's parameters meet only its own loss, so that the gradient of the sum holds the
        # gradient of each.
        self._flat.gradient.zero_()
        losses.sum().backward()
        self._flat.step()
        return losses.detach()

    @torch.no_grad()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        self._model.eval()
        with unfused_attention():  # vmap knows it by its parts only
            return self._call(images, {})

    def state(self) -> dict[str, torch.Tensor]:
        buffers = {f"buffer.{n}": b for n, b in self._buffers.items()}
        return self._flat.state() | buffers | {"right": self.right}

    def models(self) -> list[nn.Module]:
        return [self._model]

    def values_of(self, position: int) -> Named:
        buffers = {name: buffer[position] for name, buffer in self._buffers.items()}
        return self._flat.values_of(position) | buffers

    def keep(self, positions: Sequence[int]) -> None:
        self._flat.keep(positions)
        self._bind_gradients()
        self._buffers = {name: b[list(positions)] for name, b in self._buffers.items()}
        self.seed_rows = self.seed_rows[list(positions)]
        self.right = self.right[list(positions)]

    def _call(self, images: torch.Tensor, masks: Named) -> torch.Tensor:
        """Run all models: images [seeds, rows, *shape] -> logits [T, rows, classes]."""
        shared = len(images) == 1
        across = None if shared else 0

        def run(parameters: Named, buffers: Named, images: torch.Tensor, masks: Named) -> Any:
            return functional_call(self._model, (parameters, buffers, masks), (images,))

        if shared:
            images, masks = images[0], {name: mask[0] for name, mask in masks.items()}
        else:
            images = images[self.seed_rows]
            masks = {name: mask[self.seed_rows] for name, mask in masks.items()}
        logits: torch.Tensor = vmap(run, in_dims=(0, 0, across, across))(
            self._flat.parameters, self._buffers, images, masks
        )
        return logits


def _first(models: Iterable[nn.Module]) -> tuple[nn.Module, Iterable[nn.Module]]:
    """Return a copy of the first model, to be called with others' tensors, and all of them."""
    rest = iter(models)
    first = next(rest)
    return twin(first), chain([first], rest)
