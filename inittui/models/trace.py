"""What one forward pass says of a model: which nonlinearity follows each weight layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

WEIGHT_LAYERS = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d,
    nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
)  # fmt: skip
"""The layers whose weights an initializer fills."""

_NONLINEARITIES: dict[Any, str] = {
    function: name
    for name, functions in {
        "relu": (F.relu, torch.relu, torch.Tensor.relu, torch.relu_, torch.Tensor.relu_),
        "tanh": (torch.tanh, torch.Tensor.tanh, torch.tanh_, torch.Tensor.tanh_, F.tanh),
        "sigmoid": (torch.sigmoid, torch.Tensor.sigmoid, torch.sigmoid_, F.sigmoid),
        "gelu": (F.gelu,),
        "silu": (F.silu,),
        "elu": (F.elu,),
        "selu": (F.selu, torch.selu),
        "leaky_relu": (F.leaky_relu,),
        "softplus": (F.softplus,),
    }.items()
    for function in functions
}


class _Recorder(TorchFunctionMode):
    """Notes weight layers and nonlinearities in the order in which they run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.pending: list[str] = []

    def enter_layer(self, name: str) -> None:
        self.found.update(dict.fromkeys(self.pending, "identity"))
        self.pending = [name]

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        nonlinearity = _NONLINEARITIES.get(func)
        if nonlinearity is not None:
            self.found.update(dict.fromkeys(self.pending, nonlinearity))
            self.pending = []
        return func(*args, **(kwargs or {}))


def nonlinearities(model: nn.Module, example: torch.Tensor) -> dict[str, str]:
    """Return, for each weight layer that runs, the nonlinearity that follows it.

    ``example`` is a batch [n, *input_shape] of any values. A layer followed by another weight
    layer, or by nothing, has "identity". The model is run once in evaluation mode and left in
    the mode it was in.
    """
    recorder = _Recorder()
    hooks = [
        module.register_forward_pre_hook(
            lambda _module, _inputs, name=name: recorder.enter_layer(name)
        )
        for name, module in model.named_modules()
        if isinstance(module, WEIGHT_LAYERS)
    ]
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), recorder:
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    recorder.found.update(dict.fromkeys(recorder.pending, "identity"))
    return recorder.found
