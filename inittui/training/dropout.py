"""Dropout whose masks are given from outside, so that all schemes under a seed share them."""

from __future__ import annotations

import torch
from torch import nn

from inittui.models.observe import observe
from inittui.training.randomness import MaskPlan

_KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


class MaskedDropout(nn.Module):
    """Multiplies by ``mask`` while training; the mask holds 0 or 1/(1 - p)."""

    def __init__(self, probability: float, per_channel: bool) -> None:
        super().__init__()
        self.probability = probability
        self.per_channel = per_channel
        self.mask: torch.Tensor | None
        self.register_buffer("mask", None, persistent=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if not self.training or self.mask is None:
            return inputs
        return inputs * self.mask


def _replacement(module: nn.Module) -> MaskedDropout | None:
    if not isinstance(module, _KINDS):
        return None
    return MaskedDropout(module.p, per_channel=not isinstance(module, nn.Dropout))


def mask_dropout(model: nn.Module) -> dict[str, MaskedDropout]:
    """Replace the model's dropout layers in place; return the new ones by name."""
    masked: dict[str, MaskedDropout] = {}
    for prefix, parent in list(model.named_modules()):
        for name, child in list(parent.named_children()):
            replacement = _replacement(child)
            if replacement is not None:
                replacement.train(child.training)
                setattr(parent, name, replacement)
                masked[f"{prefix}.{name}" if prefix else name] = replacement
    return masked


def plan_masks(model: nn.Module, example: torch.Tensor) -> MaskPlan:
    """Run a masked model on ``example`` [n, *input_shape] to learn the shape of each mask.

    Dropout layers that drop nothing or never run need no mask and are left out.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    probabilities: dict[str, float] = {}

    def note(name: str, layer: nn.Module, output: object) -> None:
        assert isinstance(layer, MaskedDropout) and isinstance(output, torch.Tensor)
        units = tuple(output.shape[1:])
        if layer.probability > 0:
            shapes[name] = (units[0], *(1,) * (len(units) - 1)) if layer.per_channel else units
            probabilities[name] = layer.probability

    observe(model, example, note, MaskedDropout)
    return MaskPlan(tuple(shapes), tuple(probabilities.values()), tuple(shapes.values()))
