"""What a pass back goes by is kept in half the memory, and told apart rightly."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from inittui.inspection.saved import Rounded

MANY = 1 << 15


def packed(rounded: Rounded, tensor: torch.Tensor) -> torch.Tensor:
    found = rounded.pack(tensor)
    assert not isinstance(found, torch.Tensor)
    return found.values


def kept_by(operation: Callable[[torch.Tensor], torch.Tensor], tensor: torch.Tensor) -> torch.dtype:
    """As what an operation's input is kept."""
    rounded, found = Rounded([]), []

    def unpack(packed: object) -> torch.Tensor:
        if not isinstance(packed, torch.Tensor):
            found.append(packed.values.dtype)
        return rounded.unpack(packed)

    with saved_tensors_hooks(rounded.pack, unpack):
        operation(tensor.requires_grad_()).sum().backward()
    (kept,) = found
    return kept


def test_signs_and_zeros_stay_and_the_rest_to_eight_bits() -> None:
    torch.manual_seed(0)
    values = (torch.randn(MANY) * 10.0 ** torch.randint(-30, 30, (MANY,)).double()).float()
    values[::7] = 0
    rounded = Rounded([])
    found = rounded.unpack(rounded.pack(values))
    assert torch.equal(found.sign(), values.sign())
    # Rounded to the nearest of eight significant bits: half of the last, 2⁻⁸, relative.
    assert bool(((found - values).abs() <= values.abs() * 2**-8).all())


@pytest.mark.parametrize("scale", [1e-25, 1e-6, 1.5, 57344.0, 65535.0, 1e30, 3e38])
def test_what_a_relu_gave_is_kept_in_one_byte_with_its_zeros(scale: float) -> None:
    torch.manual_seed(0)
    values = torch.rand(MANY).clamp_(min=1e-6) * scale * (torch.rand(MANY) < 0.8)
    values[0] = scale
    rounded = Rounded([])
    assert packed(rounded, values).dtype is torch.float8_e5m2
    found = rounded.unpack(rounded.pack(values))
    assert torch.equal(found == 0, values == 0)
    # Rounded to the nearest of three significant bits: half of the last, 2⁻³, relative.
    assert bool(((found - values).abs() <= values.abs() * 2**-3).all())


@pytest.mark.parametrize("odd", [math.inf, math.nan])
def test_what_is_not_finite_stays_so(odd: float) -> None:
    values, rounded = torch.rand(MANY) * (torch.rand(MANY) < 0.8), Rounded([])
    values[5] = odd
    assert bool((rounded.unpack(rounded.pack(values)).isfinite() == values.isfinite()).all())


@pytest.mark.parametrize("nonlinearity", [torch.tanh, torch.sigmoid])
def test_a_saturated_nonlinearity_keeps_its_gradient(
    nonlinearity: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    values, found = torch.full((MANY,), 7.0), []
    for hooks in (None, Rounded([])):
        given = values.clone().requires_grad_()
        with saved_tensors_hooks(hooks.pack, hooks.unpack) if hooks else nullcontext():
            nonlinearity(given).sum().backward()
        found.append(given.grad)
    assert torch.equal(found[0], found[1]) and bool((found[0] > 0).all())


def test_a_norm_over_the_batch_is_kept_in_one_byte_only_if_no_mean_is_far_from_zero() -> None:
    torch.manual_seed(0)
    images, norm = torch.randn(8, 4, 64, 64), nn.BatchNorm2d(4)
    far = images.clone()
    far[:, 2] += 100
    assert kept_by(norm, images) is torch.float8_e5m2
    assert kept_by(norm, far) is torch.bfloat16
    assert kept_by(nn.functional.silu, images) is torch.bfloat16


@pytest.mark.parametrize(
    "tensor", [torch.randn(MANY, dtype=torch.float64), torch.randn(8), torch.arange(MANY)]
)
def test_what_is_small_or_of_another_type_stays_as_it_is(tensor: torch.Tensor) -> None:
    rounded = Rounded([])
    assert rounded.unpack(rounded.pack(tensor)) is tensor


def test_parameters_and_views_of_them_stay_as_they_are() -> None:
    weight = nn.Parameter(torch.randn(256, 256))
    view = weight.detach().t()
    assert Rounded([weight]).pack(view) is view


def test_what_is_kept_twice_takes_memory_once() -> None:
    values, rounded = torch.randn(MANY), Rounded([])
    first = rounded.pack(values)
    assert rounded.pack(values) is first


def test_other_values_at_the_same_place_are_kept_apart() -> None:
    values, rounded = torch.randn(MANY), Rounded([])
    first = packed(rounded, values)
    values.data.neg_()  # the counter of versions doesn't see it
    second = packed(rounded, values)
    assert torch.equal(first, -second)


def test_gradients_by_rounded_activations_are_near_the_exact_ones() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU()
    )
    images, found = torch.randn(4, 3, 32, 32), []
    for hooks in (None, Rounded(model.parameters())):
        model.zero_grad()
        if hooks is None:
            F.mse_loss(model(images), torch.zeros(4, 16, 28, 28)).backward()
        else:
            with saved_tensors_hooks(hooks.pack, hooks.unpack):
                F.mse_loss(model(images), torch.zeros(4, 16, 28, 28)).backward()
        found.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    # The bias before a batch norm has no gradient but what rounding leaves.
    for place, (exact, near) in enumerate(zip(*found, strict=True)):
        if place != 1:
            assert float((near - exact).norm()) < 0.05 * float(exact.norm())
