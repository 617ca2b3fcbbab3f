"""What one forward pass says of a model: which nonlinearity follows each weight layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from inittui.initializers.nonlinearity import Follower
from inittui.initializers.slots import weight_layers
from inittui.models.attributes import tensors_in
from inittui.models.observe import observe

WEIGHT_LAYERS = weight_layers()
"""The layers whose weights an initializer fills."""

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
"""Those whose weights are [in, out / groups, *kernel]; all others' begin with the outputs."""

_KNOWN: dict[str, tuple[Any, ...]] = {
    "relu": (F.relu, torch.relu, torch.Tensor.relu, torch.relu_, torch.Tensor.relu_),
    "tanh": (torch.tanh, torch.Tensor.tanh, torch.tanh_, torch.Tensor.tanh_, F.tanh),
    "sigmoid": (
        torch.sigmoid, torch.Tensor.sigmoid, torch.sigmoid_, torch.Tensor.sigmoid_, F.sigmoid,
        torch.special.expit,
    ),
    "gelu": (F.gelu,),
    "silu": (F.silu,),
    "elu": (F.elu, F.elu_),
    "selu": (F.selu, torch.selu, torch.selu_),
    "leaky_relu": (F.leaky_relu, F.leaky_relu_),
    "softplus": (F.softplus,),
    "mish": (F.mish,),
    "softsign": (F.softsign,),
    "relu6": (F.relu6,),
    "hardswish": (F.hardswish,),
}  # fmt: skip
"""Nonlinearities that initializers have a gain for."""

_OTHER: dict[str, tuple[Any, ...]] = {
    "celu": (F.celu, torch.celu, torch.celu_),
    "glu": (F.glu,),
    "hardshrink": (F.hardshrink, torch.hardshrink, torch.Tensor.hardshrink),
    "hardsigmoid": (F.hardsigmoid,),
    "hardtanh": (F.hardtanh, F.hardtanh_),
    "logsigmoid": (F.logsigmoid,),
    "prelu": (F.prelu, torch.prelu, torch.Tensor.prelu),
    "rrelu": (F.rrelu, torch.rrelu, torch.rrelu_),
    "sin": (torch.sin, torch.Tensor.sin, torch.sin_, torch.Tensor.sin_),
    "softshrink": (F.softshrink,),
    "tanhshrink": (F.tanhshrink,),
    "threshold": (F.threshold, torch.threshold, torch.threshold_),
}  # fmt: skip
"""Nonlinearities that tables name; for an initializer they count as none."""

_NONLINEARITIES: dict[Any, str] = {
    function: name for name, functions in (_KNOWN | _OTHER).items() for function in functions
}

_CLAMPS = (
    "clamp", "clamp_", "clamp_min", "clamp_min_", "clip", "clip_", "hardtanh", "hardtanh_",
)  # fmt: skip
"""Functions that are a ReLU between the right bounds; that is how nn.ReLU6 is computed."""

_ENDS = frozenset({
    "linear", "bilinear", "matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "mv", "einsum",
    "addmm", "baddbmm", "addbmm", "tensordot",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "scaled_dot_product_attention", "multi_head_attention_forward",
    "softmax", "log_softmax", "lstm", "gru", "rnn_tanh", "rnn_relu",
})  # fmt: skip
"""Functions behind which nothing follows the layers before them any more."""


def nonlinearity_of(
    function: Callable[..., Any], args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
) -> str | None:
    """Return the elementwise nonlinearity that a call of a torch function is, if it is one."""
    if getattr(function, "__name__", "") in _CLAMPS:
        return _clamped(args, kwargs or {}) or _NONLINEARITIES.get(function)
    return _NONLINEARITIES.get(function)


def _clamped(args: Sequence[Any], kwargs: dict[str, Any]) -> str | None:
    low, high = (*args[1:3], None, None)[:2]
    low = kwargs.get("min", kwargs.get("min_val", low))
    high = kwargs.get("max", kwargs.get("max_val", high))
    if isinstance(low, torch.Tensor) or isinstance(high, torch.Tensor):
        return None
    return {(0, None): "relu", (0, 6): "relu6"}.get((low, high))


def _negative_slope(nonlinearity: str, args: Sequence[Any], kwargs: dict[str, Any]) -> float:
    default = Follower().negative_slope
    if nonlinearity != "leaky_relu":
        return default
    return float(args[1] if len(args) > 1 else kwargs.get("negative_slope", default))


class Flow(TorchFunctionMode):
    """Follows what each layer gives through sums, normalisation, pooling and reshaping.

    Every tensor carries the names of the layers whose outputs have come to it without a
    nonlinearity or another product in between.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Follower] = {}
        self.ran: dict[str, None] = {}
        self._sources: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def note_layer(self, name: str, output: object) -> None:
        """Begin to follow a layer's output."""
        self.ran[name] = None
        for tensor in tensors_in(output):
            self._sources[tensor] = frozenset({name})

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = [*tensors_in(args), *tensors_in(kwargs)]
        sources = frozenset[str]().union(*(self._sources.get(each, ()) for each in given))
        result = func(*args, **(kwargs or {}))
        if sources:
            self.follow(func, args, kwargs, sources, result)
        return result

    def follow(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        sources: frozenset[str],
        result: object,
    ) -> None:
        """Note what a call makes of the layers' outputs that it was given, ``sources``."""
        nonlinearity = nonlinearity_of(func, args, kwargs)
        if nonlinearity is not None:
            slope = _negative_slope(nonlinearity, args, kwargs or {})
            for name in sources:
                self.found.setdefault(name, Follower(nonlinearity, slope))
        if nonlinearity is not None or getattr(func, "__name__", "") in _ENDS:
            sources = frozenset()
        # An assignment to a part of a tensor gives nothing back.
        for tensor in tensors_in(args[:1] if result is None else result):
            self._sources[tensor] = sources


def followers(model: nn.Module, example: torch.Tensor) -> dict[str, Follower]:
    """Return, for each weight layer that runs, the nonlinearity that its outputs meet first.

    Sums, normalisation, pooling, dropout and reshaping in between don't count. A layer whose
    outputs meet another layer's weights, or nothing, has "identity" as its follower.

    Args:
        model: run once in evaluation mode, and left in the mode it was in.
        example: a batch [n, *input_shape] of any values.
    """
    flow = Flow()

    def note(name: str, _module: nn.Module, output: object) -> None:
        flow.note_layer(name, output)

    with flow:
        observe(model, example, note, WEIGHT_LAYERS)
    return {name: flow.found.get(name, Follower()) for name in flow.ran}


def nonlinearities(model: nn.Module, example: torch.Tensor) -> dict[str, Follower]:
    """Return `followers` as far as initializers have a gain for them, else none."""
    return {
        name: follower if follower.name in _KNOWN else Follower()
        for name, follower in followers(model, example).items()
    }
