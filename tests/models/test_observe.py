"""A forward pass seen from outside leaves nothing behind."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from inittui.models.observe import depends_on_itself, evaluating, observe
from inittui.user_code import random_state


class Drawing(nn.Module):
    """Draws random numbers of every kind, also in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
        self.fails = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.fails:
            raise RuntimeError("no")
        return self.inner(x) * torch.rand(()) + random.random() + np.random.rand()


@pytest.mark.parametrize("fails", [False, True])
def test_modes_hooks_values_and_generators_are_as_before(fails: bool) -> None:
    model = Drawing()
    model.fails = fails
    model.inner[1].eval()  # one part frozen in a model that trains
    modes = [module.training for module in model.modules()]
    values = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state, torch_state = random_state(), torch.get_rng_state()
    seen: list[tuple[str, bool]] = []
    try:
        observe(
            model, torch.ones(2, 4), lambda name, module, _: seen.append((name, module.training))
        )
    except RuntimeError:
        assert fails
    else:
        assert seen == [("inner.0", False), ("inner.1", False), ("inner", False), ("", False)]
    assert modes == [module.training for module in model.modules()] == [True, True, True, False]
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(values[name], tensor) for name, tensor in model.state_dict().items())
    assert (random_state(), True) == (state, torch.equal(torch_state, torch.get_rng_state()))


def test_kinds_and_gradients() -> None:
    seen: list[str] = []

    def note(name: str, _module: nn.Module, output: object) -> None:
        assert isinstance(output, torch.Tensor) and not output.requires_grad
        seen.append(name)

    observe(Drawing(), torch.ones(2, 4), note, nn.Linear)
    assert seen == ["inner.0"]


def test_what_a_model_does_when_its_mode_changes_is_done_and_undone() -> None:
    class Merging(nn.Linear):
        merged = False

        def train(self, mode: bool = True) -> Merging:
            self.merged = not mode
            return super().train(mode)

    model = Merging(2, 2)
    with evaluating(model):
        assert model.merged
    assert not model.merged and model.training


class Drawn(nn.Module):
    """Parameters as `torch.Tensor.normal_` draws them under the seed of an evaluation."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Parameter(torch.randn(5, 64)), nn.Parameter(torch.randn(64, 3))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.relu(inputs @ self.first) @ self.last / 8


def test_a_model_drawn_under_the_first_seed_depends_on_itself() -> None:
    assert depends_on_itself(Drawn(), torch.randn(4, 5))
