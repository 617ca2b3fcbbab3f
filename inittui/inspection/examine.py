"""A model looked at, whoever made it: how it was built, its values, and one pass through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from inittui.events.facts import Facts
from inittui.inspection.tensor_facts import facts_of_tensors


def examine(
    build_or_model: nn.Module | Callable[[], nn.Module],
    inputs: str | Sequence[str] | Mapping[str, torch.Tensor] | torch.Tensor | None = None,
    *,
    once: bool = False,
    seed: int = 0,
) -> Facts:
    """Build a model under the recorder, measure its values, and pass inputs through it.

    Args:
        build_or_model: what builds it, so that how it was built is seen; or the model itself.
        inputs: as texts such as ``3x224x224``, or tensors; None: guessed by the first layer.
        once: whether to build it only once, and leave out what two more builds tell.
        seed: of the first build.
    """
    model = build_or_model if isinstance(build_or_model, nn.Module) else build_or_model()
    texts = (inputs,) if isinstance(inputs, str) else ()
    return Facts(
        model=type(model).__name__,
        parameters=sum(each.numel() for each in model.parameters()),
        tensors=facts_of_tensors(model),
        inputs=texts,
    )
