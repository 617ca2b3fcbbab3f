"""Weights that a layer makes from other parameters are written as it computes with them."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm

from inittui.initializers import parse_scheme
from inittui.initializers.apply import Written, apply_scheme


def wrapped(kind: str) -> nn.Module:
    layer = nn.Conv2d(3, 6, 3) if kind.endswith("conv") else nn.Linear(6, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return {
            "new": weight_norm,
            "old": nn.utils.weight_norm,
        }[kind.removesuffix("-conv")](layer)


def computed(layer: nn.Module) -> torch.Tensor:
    """Return the weight that a forward pass uses."""
    conv = isinstance(layer, nn.Conv2d)
    layer(torch.zeros(1, 3, 3, 3) if conv else torch.zeros(1, 6))
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    return weight.detach()


def applied(model: nn.Module, scheme: str) -> dict[str, Written]:
    return {w.parameter: w for w in apply_scheme(model, parse_scheme(scheme), 0, {}, as_built=True)}


@pytest.mark.parametrize("kind", ["new", "old", "new-conv", "old-conv"])
@pytest.mark.parametrize("scheme", ["rule", "kaiming_normal", "ones", "zeros"])
def test_weight_norm_computes_with_what_was_written(kind: str, scheme: str) -> None:
    model = nn.Sequential(wrapped(kind))
    plain = nn.Sequential(nn.Conv2d(3, 6, 3) if kind.endswith("conv") else nn.Linear(6, 8))
    by = applied(model, scheme)
    applied(plain, scheme)
    assert torch.allclose(computed(model[0]), plain[0].weight.detach(), atol=1e-6)
    assert len(by) == 3
    assert {w.initializer for n, w in by.items() if n != "0.bias"} == {scheme}
    assert not any(w.note for w in by.values())


def test_what_spectral_norm_takes_away_is_said() -> None:
    new, old = spectral_norm(nn.Linear(6, 8)), nn.utils.spectral_norm(nn.Linear(6, 8))
    by = applied(nn.Sequential(new, old), "ones")
    assert "SpectralNorm" in by["0.parametrizations.weight.original"].note
    assert "largest singular value" in by["1.weight_orig"].note
    assert (new.parametrizations.weight.original == 1).all()
    by = applied(nn.Sequential(spectral_norm(nn.Linear(6, 8))), "zeros")
    assert "NaN" in by["0.parametrizations.weight.original"].note


class Symmetric(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.triu() + x.triu(1).T


class Positive(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.exp()

    def right_inverse(self, x: torch.Tensor) -> torch.Tensor:
        if (x <= 0).any():
            raise ValueError("only what is above 0 has a logarithm")
        return x.log()


def test_what_cannot_be_written_stays_as_built_and_is_said() -> None:
    one, two = nn.Linear(4, 4), nn.Linear(4, 4)
    parametrize.register_parametrization(one, "weight", Symmetric())
    with torch.no_grad():
        two.weight.abs_()
    parametrize.register_parametrization(two, "weight", Positive())
    before = one.weight.detach().clone(), two.weight.detach().clone()
    by = applied(nn.Sequential(one, two), "zeros")
    name = "parametrizations.weight.original"
    assert by[f"0.{name}"].initializer == by[f"1.{name}"].initializer == "built"
    assert "no right_inverse" in by[f"0.{name}"].note
    assert "only what is above 0" in by[f"1.{name}"].note
    assert torch.equal(one.weight, before[0]) and torch.equal(two.weight, before[1])
    applied(nn.Sequential(two), "ones")
    assert torch.allclose(two.weight, torch.ones(4, 4))


def test_orthogonal_layers_take_orthogonal_weights() -> None:
    layer = orthogonal(nn.Linear(5, 5))
    by = applied(nn.Sequential(layer), "orthogonal")
    assert not by["0.parametrizations.weight.original"].note
    plain = nn.Sequential(nn.Linear(5, 5))
    applied(plain, "orthogonal")
    assert torch.allclose(layer.weight, plain[0].weight, atol=1e-5)


def test_pruned_values_stay_away() -> None:
    layer = prune.l1_unstructured(nn.Linear(4, 4), "weight", amount=0.5)
    by = applied(nn.Sequential(layer), "ones")
    assert computed_pruned(layer).sum() == 8
    assert "pruned" in by["0.weight_orig"].note


def computed_pruned(layer: nn.Module) -> torch.Tensor:
    layer(torch.zeros(1, 4))
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    return weight.detach()
