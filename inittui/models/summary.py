"""The layers of a model with their sizes, as one forward pass meets them."""

from __future__ import annotations

import torch
from torch import nn

from inittui.experiment.models import LayerRow
from inittui.initializers.layer import fans
from inittui.models.observe import has_lazy_layers, materialize, observe
from inittui.models.tracing import TRANSPOSED, WEIGHT_LAYERS, followers


def describe_layers(model: nn.Module, example: torch.Tensor) -> tuple[LayerRow, ...]:
    """Return one row for each layer, in the order in which they first run.

    A layer is a module without others inside it, or with parameters of its own. Those that never
    run stand at the end. The rows' parameters add up to the model's.

    Args:
        model: run in evaluation mode, as a twin; only its lazy layers get their shapes.
        example: a batch [n, *input_shape] of any values.
    """
    if has_lazy_layers(model):
        materialize(model, example)
    outputs: dict[str, tuple[int, ...] | None] = {}

    def note(name: str, module: nn.Module, output: object) -> None:
        if name not in outputs:
            outputs[name] = tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else None

    follows = {name: each.name for name, each in followers(model, example).items()}
    observe(model, example, note)
    modules = dict(model.named_modules())
    names = dict.fromkeys([*outputs, *modules])
    counted: set[nn.Parameter] = set()
    rows = []
    for name in names:
        module = modules[name]
        own = set(module.parameters(recurse=False)) - counted
        counted |= own
        if not own and next(module.children(), None) is not None:
            continue
        rows.append(_row(name, module, outputs.get(name), own, follows.get(name)))
    return tuple(rows)


def _row(
    name: str,
    module: nn.Module,
    output: tuple[int, ...] | None,
    own: set[nn.Parameter],
    nonlinearity: str | None,
) -> LayerRow:
    fan_in, fan_out, groups = None, None, 1
    if isinstance(module, WEIGHT_LAYERS):
        assert isinstance(module.weight, torch.Tensor)
        fan_in, fan_out = fans(module.weight.shape)
        groups = int(getattr(module, "groups", 1))
    return LayerRow(
        name=name,
        kind=type(module).__name__,
        output=output,
        parameters=sum(parameter.numel() for parameter in own),
        fan_in=fan_in,
        fan_out=fan_out,
        nonlinearity=nonlinearity,
        groups=groups,
        transposed=isinstance(module, TRANSPOSED),
    )
