"""What a model may be called with, where nobody says: by its first layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from inittui.experiment.inputs import Input, parse_inputs
from inittui.inspection.passing import Batch
from inittui.models.inputs import draw_inputs

_MOST_VALUES = 8 * 3 * 224 * 224
"""Of one input's batch."""

_SAMPLES = (8, 64)
"""At least and at most; of ids at least half as many."""

_IMAGE = 224
_STEPS = 16


def guess(model: nn.Module) -> list[str] | None:
    """Return inputs as texts by the first layer with weights; None where it doesn't tell."""
    found = next(filter(None, map(_taken, model.modules())), None)
    return None if found is None else [found]


def _taken(module: nn.Module) -> str | None:  # noqa: PLR0911  # one for each kind
    """Return what a layer takes; None for a module without weights of a known kind."""
    match module:
        case nn.Embedding():
            return f"ids:{_STEPS}:{module.num_embeddings}"
        case nn.Linear():
            return str(module.in_features)
        case nn.Conv1d():
            return f"{module.in_channels}x{_IMAGE}"
        case nn.Conv2d():
            side = 28 if module.in_channels == 1 else _IMAGE
            return f"{module.in_channels}x{side}x{side}"
        case nn.Conv3d():
            return f"{module.in_channels}x16x64x64"
        case nn.RNNBase():
            return f"{_STEPS}x{module.input_size}"
        case _:
            return None


def batch_of(texts: Sequence[str], model: nn.Module, seed: int = 0) -> Batch:
    """Draw a batch as texts say, on the model's device and in its type.

    Raises:
        UsageError: one can't be read.
    """
    inputs = parse_inputs(texts)
    first = next((p for p in model.parameters() if p.is_floating_point() and not p.is_meta), None)
    device = first.device if first is not None else torch.device("cpu")
    dtype = first.dtype if first is not None else torch.float32
    drawn = draw_inputs(inputs, _count(inputs), seed)
    placed = [each.to(device, dtype if each.is_floating_point() else None) for each in drawn]
    named = {x.name: t for x, t in zip(inputs, placed, strict=True) if x.name}
    return Batch(tuple(t for x, t in zip(inputs, placed, strict=True) if not x.name), named)


def _count(inputs: Sequence[Input]) -> int:
    least, most = _SAMPLES
    largest = max(x.size for x in inputs)
    if any(x.ids and x.shape for x in inputs):
        return max(least // 2, min(2_048 // max(largest, 1), 16))
    return max(least, min(_MOST_VALUES // max(largest, 1), most))
