"""What a pass back goes by is kept in half the memory, and told apart rightly."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from inittui.inspection.saved import Rounded

MANY = 1 << 15


def packed(rounded: Rounded, tensor: torch.Tensor) -> torch.Tensor:
    found = rounded.pack(tensor)
    assert isinstance(found, tuple)
    return found[0]


def test_signs_and_zeros_stay_and_the_rest_to_eight_bits() -> None:
    torch.manual_seed(0)
    values = (torch.randn(MANY) * 10.0 ** torch.randint(-30, 30, (MANY,)).double()).float()
    values[::7] = 0
    rounded = Rounded([])
    found = rounded.unpack(rounded.pack(values))
    assert torch.equal(found.sign(), values.sign())
    # Rounded to the nearest of eight significant bits: half of the last, 2⁻⁸, relative.
    assert bool(((found - values).abs() <= values.abs() * 2**-8).all())


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
    assert packed(rounded, values) is packed(rounded, values)


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
            assert float((near - exact).norm()) < 0.01 * float(exact.norm())
