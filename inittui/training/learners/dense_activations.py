"""Elementwise nonlinearities y = φ(z), and g ∘ φ′ written over the gradient g.

Where φ′ can be told from y alone, z needs no buffer of its own:

    ReLU         [y > 0]                            tanh       1 − y²
    leaky ReLU   1 if y > 0, else slope             sigmoid    y (1 − y)
    ELU          1 if y > 0, else y + α             identity   1
    SELU         λ if y > 0, else y + λα

Others need z, with the sigmoid s and the normal distribution's Φ and density ϕ:

    GELU         Φ(z) + z ϕ(z)        Hendrycks and Gimpel (2016); or its tanh form
    SiLU         s(z) (1 + z (1 − s(z)))       Elfwing et al. (2018)
    softplus     s(βz)

They are PyTorch's own kernels, called as its autograd calls them, so that both paths round alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

_aten = torch.ops.aten

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""α and λ of Klambauer et al. (2017), as `torch.nn.SELU` has them."""

Forward = Callable[[Any, torch.Tensor, torch.Tensor], object]
Backward = Callable[[Any, torch.Tensor, torch.Tensor], object]


@dataclass(frozen=True)
class Nonlinearity:
    """How one kind of module is computed without autograd."""

    forward: Forward
    """(module, input, output): fills ``output``, which may be the input where `from_output`."""
    backward: Backward
    """(module, gradient, saved): turns the gradient by the output into that by the input, in
    place. ``saved`` is the output where `from_output`, else the input."""
    from_output: bool = True
    """Whether the gradient can be told from the output, so that one buffer serves both."""
    survives_mask: bool = False
    """Whether the output may be multiplied by a dropout mask before `backward` reads it."""


def _relu_backward(_: nn.Module, gradient: torch.Tensor, saved: torch.Tensor) -> object:
    return _aten.threshold_backward.grad_input(gradient, saved, 0, grad_input=gradient)


def _gelu_backward(module: nn.GELU, gradient: torch.Tensor, saved: torch.Tensor) -> object:
    return _aten.gelu_backward.grad_input(
        gradient, saved, approximate=module.approximate, grad_input=gradient
    )


def _elu_backward(module: nn.ELU, gradient: torch.Tensor, saved: torch.Tensor) -> object:
    return _aten.elu_backward.grad_input(
        gradient, module.alpha, 1.0, 1.0, True, saved, grad_input=gradient
    )


def _selu_backward(_: nn.SELU, gradient: torch.Tensor, saved: torch.Tensor) -> object:
    return _aten.elu_backward.grad_input(
        gradient, _SELU_ALPHA, _SELU_SCALE, 1.0, True, saved, grad_input=gradient
    )


def _leaky_backward(module: nn.LeakyReLU, gradient: torch.Tensor, saved: torch.Tensor) -> object:
    return _aten.leaky_relu_backward.grad_input(
        gradient, saved, module.negative_slope, True, grad_input=gradient
    )


def _softplus_backward(module: nn.Softplus, gradient: torch.Tensor, saved: torch.Tensor) -> object:
    return _aten.softplus_backward.grad_input(
        gradient, saved, module.beta, module.threshold, grad_input=gradient
    )


NONLINEARITIES: dict[type[nn.Module], Nonlinearity] = {
    nn.Identity: Nonlinearity(
        lambda _, z, out: None if out is z else out.copy_(z),
        lambda _, gradient, saved: None,
        survives_mask=True,
    ),
    nn.ReLU: Nonlinearity(
        lambda _, z, out: torch.clamp(z, min=0, out=out), _relu_backward, survives_mask=True
    ),
    nn.Tanh: Nonlinearity(
        lambda _, z, out: torch.tanh(z, out=out),
        lambda _, g, saved: _aten.tanh_backward.grad_input(g, saved, grad_input=g),
    ),
    nn.Sigmoid: Nonlinearity(
        lambda _, z, out: torch.sigmoid(z, out=out),
        lambda _, g, saved: _aten.sigmoid_backward.grad_input(g, saved, grad_input=g),
    ),
    nn.ELU: Nonlinearity(lambda m, z, out: _aten.elu.out(z, m.alpha, out=out), _elu_backward),
    nn.SELU: Nonlinearity(
        lambda _, z, out: _aten.elu.out(z, _SELU_ALPHA, _SELU_SCALE, out=out), _selu_backward
    ),
    nn.LeakyReLU: Nonlinearity(
        lambda m, z, out: _aten.leaky_relu.out(z, m.negative_slope, out=out), _leaky_backward
    ),
    nn.GELU: Nonlinearity(
        lambda m, z, out: _aten.gelu.out(z, approximate=m.approximate, out=out),
        _gelu_backward,
        from_output=False,
    ),
    nn.SiLU: Nonlinearity(
        lambda _, z, out: _aten.silu.out(z, out=out),
        lambda _, g, saved: _aten.silu_backward.grad_input(g, saved, grad_input=g),
        from_output=False,
    ),
    nn.Softplus: Nonlinearity(
        lambda m, z, out: _aten.softplus.out(z, m.beta, m.threshold, out=out),
        _softplus_backward,
        from_output=False,
    ),
}


def is_written_out(module: nn.Module) -> bool:
    """Whether `NONLINEARITIES` has what a module computes.

    A leaky ReLU or ELU that falls below 0 isn't: its y doesn't tell the sign of z.
    """
    slope = getattr(module, "negative_slope", getattr(module, "alpha", 0.0))
    return type(module) in NONLINEARITIES and slope >= 0
