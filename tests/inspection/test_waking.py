"""Passes that are repeated: what they find out, and that they leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from inittui.events.probes import Probe
from inittui.inspection.probe import probe


def inspected(model: nn.Module, *shape: int) -> Probe:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(40, *(shape or (12,)), generator=generator)
    return probe(model, images, torch.arange(40) % 5, percentile=99.9)


class Chain(nn.Module):
    """A zero behind a zero behind a zero, each with a way around it."""

    def __init__(self, links: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(12, 8)
        self.links = nn.ParameterList(nn.Parameter(torch.zeros(())) for _ in range(links))
        self.last = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = torch.tanh(self.first(x)).repeat(1, 2)[:, :12]
        for gate in self.links:
            branch = branch * gate + x * gate if gate is not self.links[0] else branch * gate
        return self.last(x + branch)


class ActNorm(nn.Module):
    """Sets its own parameters from the first batch that it sees, as Glow's does."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.loc, self.scale = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.ones(width))
        self.register_buffer("initialized", torch.tensor(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.initialized:
            with torch.no_grad():
                self.loc.copy_(-x.mean(0))
                self.scale.copy_(1 / (x.std(0) + 1e-6))
                self.initialized.fill_(1)
        return (x + self.loc) * self.scale


def zero_branch() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5))
    nn.init.zeros_(model[1].weight)
    return model


def all_constant() -> nn.Module:
    model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 5))
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    return model


def self_setting() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 8), ActNorm(8), nn.Tanh(), nn.Linear(8, 5))
    nn.init.zeros_(model[-1].weight)
    return model


class WithFrozen(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.frozen, self.model = nn.Linear(12, 12).requires_grad_(False), model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(self.frozen(x))


@pytest.mark.parametrize("build", [zero_branch, all_constant, self_setting, lambda: Chain(2)])
def test_everything_is_bitwise_as_before(build: Callable[[], nn.Module]) -> None:
    model = WithFrozen(build())
    kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    found = inspected(model)
    assert found.learning is not None
    assert found.learning.never or found.learning.woken  # so passes were repeated
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, kept[name]), name
    assert all(p.grad is None for p in model.parameters())
    assert [p.requires_grad for p in model.frozen.parameters()] == [False, False]
    assert all(p.requires_grad for n, p in model.named_parameters() if "frozen" not in n)
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    for module in model.modules():
        assert not (module._forward_hooks or module._forward_pre_hooks)
    assert not torch.nn.modules.module._global_forward_hooks
    assert inspected(model) == found


@pytest.mark.parametrize("links", [1, 2, 4])
def test_a_chain_of_zeros_wakes_link_by_link(links: int) -> None:
    found = inspected(Chain(links)).learning
    assert found is not None
    assert (found.never, found.woken) == ((), ("first.weight",))
    assert set(found.zeros) == {f"links.{number}" for number in range(links)}


def test_a_small_gradient_is_no_rounding() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 5))
    model[2].weight.data *= 1e-9
    found = inspected(model).learning
    assert found is not None
    assert (found.never, found.woken) == ((), ())


def test_rounding_is_no_gradient() -> None:
    model = all_constant()
    gradient = torch.autograd.grad(
        F.cross_entropy(model(torch.randn(40, 12)), torch.arange(40) % 5), model[0].weight
    )[0]
    found = inspected(model).learning
    assert found is not None
    assert found.woken == ("0.weight",)  # the last layer's units part in the first step
    assert float(gradient.abs().max()) < 1e-6


def test_healthy_models_take_one_pass() -> None:
    torch.manual_seed(0)
    passes = 0

    class Counted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            nonlocal passes
            passes += 1
            return self.net(x)

    model = Counted()
    inspected(model)
    assert passes == 1
    nn.init.zeros_(model.net[-1].weight)
    inspected(model)
    assert passes <= 1 + 1 + 2 + 3  # and in two precisions, and three moves


class Casts(nn.Module):
    """Can't be computed in another precision."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = nn.Linear(12, 8), nn.Linear(8, 5)
        nn.init.zeros_(self.two.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(torch.tanh(self.one(x.float())))


def test_what_casts_its_inputs_is_judged_in_its_own_precision() -> None:
    found = inspected(Casts()).learning
    assert found is not None
    assert found.woken == ("one.weight",)


def test_gates_are_opened_before_depth_is_judged() -> None:
    class Scaled(nn.Module):
        def __init__(self, size: float) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.scale = nn.Parameter(torch.full((12, 1), size))
            self.branch, self.last = nn.Linear(12, 12), nn.Linear(12, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(x + self.branch(x) * self.scale.view(1, 12))

    found = inspected(Scaled(1e-6))
    assert found.gates == ("scale",)
    branch = found.layers[0]
    assert float(branch.opened_gradient) > 1e4 * branch.weight_gradients.rms
    assert inspected(Scaled(0.5)).gates == ()


def test_gradients_whose_squares_overflow_are_no_rounding() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 5))
    nn.init.normal_(model[0].weight, std=1e25)
    found = inspected(model).learning
    assert found is not None
    assert (found.never, found.woken) == ((), ())


def test_gains_of_normed_weights_are_opened() -> None:
    torch.manual_seed(0)
    inner = nn.utils.parametrizations.weight_norm(nn.Linear(12, 12))
    nn.init.zeros_(inner.parametrizations.weight.original0)  # type: ignore[union-attr]
    model = nn.Sequential(nn.Linear(12, 12), nn.Tanh(), inner, nn.Linear(12, 5))
    found = inspected(model)
    assert found.learning is not None
    assert found.learning.zeros == ("2.parametrizations.weight.original0",)
    assert float(found.layers[-1].inputs_between) > 0.1
