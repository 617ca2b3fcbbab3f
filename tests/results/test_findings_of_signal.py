"""Healthy models are quiet; how signal and gradient pass: depth, flat units."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.support.judged_models import (
    PIXELS,
    SIDE,
    As,
    convolutions,
    grave,
    inputs,
    stack,
    told,
)


@pytest.mark.parametrize("norm", [True, False])
def test_healthy_convolutions_are_quiet(norm: bool) -> None:
    assert grave(told(convolutions(norm=norm), 1, SIDE, SIDE)) == set()


def test_widths_that_differ_by_far_are_quiet() -> None:
    assert told(stack(4096, 16, 10), 4096) == {}
    assert told(stack(PIXELS, 2000, 16, 10)) == {}


# Depth


@pytest.mark.parametrize("number", [4, 6, 8])
def test_a_dip_in_the_middle_is_told(number: int) -> None:
    model = stack(PIXELS, *[48] * 8, 10)
    model[number].weight.data *= 1e-6
    model[number + 2].weight.data *= 1e6
    found = told(model)["vanishing"]
    assert (found.severity, found.layers[-1]) == ("warning", str(number + 2))


def test_a_dip_that_a_norm_makes_good_is_quiet() -> None:
    model = convolutions()
    model[3].weight.data *= 0.05
    assert grave(told(model, 1, SIDE, SIDE)) == set()


@pytest.mark.parametrize("act", [nn.ReLU, nn.LeakyReLU])
def test_a_first_layer_that_is_far_too_large_is_told(act: Callable[[], nn.Module]) -> None:
    model = stack(PIXELS, 48, 48, 10, act=act)
    model[0].weight.data *= 1e6
    model[-1].weight.data *= 1e-6
    found = told(model)["exploding"]
    assert (found.severity, found.layers[-1]) == ("warning", "2")


def test_a_gradient_that_shrinks_by_depth_is_told() -> None:
    found = told(stack(PIXELS, *[48] * 12, 10, act=nn.Sigmoid, gain=1.0))
    assert "vanishing" in grave(found)
    assert "norm of gradient times norm of weights" in found["vanishing"].message


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(4, 300), min_size=1, max_size=5), st.integers(0, 9))
def test_rectifiers_of_any_widths_have_an_even_gradient(widths: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    found = told(stack(PIXELS, *widths, 10))
    assert not {"exploding", "vanishing", "symmetric", "no-gradient"} & grave(found)


# Units


class Own(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (x > 0)


class Capped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)  # type: ignore[attr-defined]
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradient * (x > 0)


ACTIVATIONS = {
    "gelu": nn.GELU(), "silu": nn.SiLU(), "softplus": nn.Softplus(), "elu": nn.ELU(),
    "hardtanh": nn.Hardtanh(), "hardsigmoid": nn.Hardsigmoid(), "tanh": nn.Tanh(),
    "clamp": As(lambda x: x.clamp(min=0)),
    "maximum": As(lambda x: torch.maximum(x, torch.zeros_like(x))),
    "scalar": As(lambda x: torch.maximum(x, torch.tensor(0.0))),
    "mask": Own(), "where": As(lambda x: torch.where(x > 0, x, 0 * x)),
    "function": As(Capped.apply),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("share", [0.25, 0.875])
def test_dead_units_of_any_nonlinearity_are_counted(name: str, share: float) -> None:
    model = stack(PIXELS, 64, 64, 10, act=lambda: ACTIVATIONS[name])
    assert "dead" not in told(model)
    model[0].bias.data[: int(64 * share)] = -60
    found = told(model)["dead"]
    assert found.layers[0] == "0"
    assert float(found.evidence["0"]) == pytest.approx(share, abs=0.02)
    assert found.severity == ("warning" if share > 0.8 else "note")


@pytest.mark.parametrize(
    "act",
    [
        nn.Tanh, nn.Sigmoid, nn.Softsign, nn.Hardtanh, nn.Hardsigmoid, nn.ReLU6,
        lambda: As(torch.erf), lambda: As(lambda x: x.clamp(-2, 2)),
        lambda: As(lambda x: x / (1 + x.abs())),
        lambda: As(lambda x: 1 - 2 / (torch.exp((2 * x).clamp(-60, 60)) + 1)),
        lambda: As(lambda x: 1 / (1 + torch.exp((-x).clamp(-60, 60)))),
        lambda: As(lambda x: x * torch.rsqrt(1 + x * x)),
    ],
)  # fmt: skip
def test_what_lies_at_flat_ends_is_told(act: Callable[[], nn.Module]) -> None:
    quiet = told(stack(PIXELS, 64, 10, act=act, gain=0.5))
    assert "saturated" not in quiet
    model = stack(PIXELS, 64, 10, act=act)
    model[0].weight.data *= 400
    if act is nn.ReLU6:
        model[0].bias.data += 400  # below 0 it is meant to be flat
    assert told(model)["saturated"].severity == "warning"


@pytest.mark.parametrize(
    "act",
    [
        nn.ReLU, nn.GELU, nn.SiLU, nn.Softplus,
        lambda: As(lambda x: x * (x > 0)), lambda: As(lambda x: x / (1 + torch.exp(-x))),
        lambda: As(lambda x: (x + (x * x + 0.01).sqrt()) / 2), lambda: As(lambda x: x + x.sin()),
    ],
)  # fmt: skip
def test_a_half_that_is_flat_by_design_is_not_saturated(act: Callable[[], nn.Module]) -> None:
    model = stack(PIXELS, 64, 10, act=act)
    model[0].weight.data *= 50
    assert "saturated" not in told(model)


# Units with more than one way


COMPOSED = {
    "mish": lambda x: x * torch.tanh(torch.log1p(torch.exp(x.clamp(max=30)))),
    "silu": lambda x: x * torch.sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1 + torch.tanh(0.798 * (x + 0.0447 * x**3))),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_a_nonlinearity_around_a_known_one_is_judged_as_a_whole(name: str) -> None:
    model = stack(PIXELS, 64, 64, 10, act=lambda: As(COMPOSED[name]))
    assert told(model) == {}
    model[2].weight.data *= 50
    assert "saturated" not in told(model)
    model[0].bias.data[:16] = -60
    assert float(told(model)["dead"].evidence["0"]) == pytest.approx(0.25, abs=0.02)


def test_a_gate_by_what_it_gates_has_no_flat_ends() -> None:
    """Nothing between two layers of one shape: only what arrives tells."""
    model = stack(PIXELS, 64, 32, 10, act=lambda: As(COMPOSED["silu"]))
    model[0].weight.data *= 50
    assert "saturated" not in told(nn.Sequential(*model[:2], As(lambda x: x[:, ::2]), *model[4:]))


@pytest.mark.parametrize(
    "around",
    [
        lambda x: torch.cat([F.relu(x), F.relu(-x)], 1),
        lambda x: torch.cat([x + F.relu(x), x], 1),
        lambda x: torch.cat([F.relu(x) - 0.2 * F.relu(-x), torch.zeros_like(x)], 1),
        lambda x: torch.cat([x.sign() * F.relu(x), x.abs()], 1),
    ],
)
def test_units_that_gradients_reach_another_way_are_not_dead(
    around: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    model = nn.Sequential(*stack(PIXELS, 48), As(around), *stack(96, 10, gain=0.2))
    model[0].bias.data -= 10
    assert "dead" not in told(model)
    F.cross_entropy(model(inputs(PIXELS)), torch.arange(96) % 10).backward()
    assert bool((model[0].weight.grad.abs().amax(1) > 0).all())


@pytest.mark.parametrize("act", [nn.ReLU(inplace=True), nn.ReLU()])
def test_units_with_one_way_are_dead_in_place_too(act: nn.Module) -> None:
    model = nn.Sequential(*stack(PIXELS, 48), act, *stack(48, 10))
    model[0].bias.data[:24] -= 30
    assert float(told(model)["dead"].evidence["0"]) == pytest.approx(0.5)


class Preactivated(nn.Module):
    """Branches that begin with a norm and a ReLU, which is flat for all that it is given."""

    def __init__(self, bias: float, *, is_skipped: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.branch, self.head = (
            nn.Linear(PIXELS, 48), nn.Linear(48, 48), nn.Linear(48, 10),
        )  # fmt: skip
        self.norm = nn.BatchNorm1d(48)
        nn.init.constant_(self.norm.bias, bias)
        self.is_skipped = is_skipped

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        branch = self.branch(F.relu(self.norm(x)))
        return self.head(x + branch if self.is_skipped else branch)


def test_what_goes_around_a_norm_and_its_rectifier_is_not_dead() -> None:
    assert "dead" not in told(Preactivated(-10))
    assert told(Preactivated(-10, is_skipped=False))["dead"].evidence["stem"] == 1


@pytest.mark.parametrize("norm", [nn.LayerNorm, nn.BatchNorm1d])
def test_units_behind_a_norm_are_dead(norm: Callable[[int], nn.Module]) -> None:
    model = nn.Sequential(*stack(PIXELS, 48), norm(48), nn.ReLU(), *stack(48, 10))
    assert "dead" not in told(model)
    model[1].bias.data[:24] = -10
    assert float(told(model)["dead"].evidence["0"]) == pytest.approx(0.5, abs=0.03)


class Shared(nn.Module):
    """One layer that runs three times, each time shifted further."""

    def __init__(self, *shifts: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shared, self.head = nn.Linear(PIXELS, 48), nn.Linear(48, 10)
        self.shifts = shifts

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        each = [F.relu(self.shared(x) + shift) for shift in self.shifts]
        return self.head(torch.stack(each).sum(0))


def test_a_unit_of_a_layer_that_runs_again_is_dead_where_it_always_is() -> None:
    assert "dead" not in told(Shared(0, -5, -60))
    assert "dead" not in told(Shared(-60, -60, 0))
    assert told(Shared(-80, -90, -60))["dead"].evidence["shared"] == 1
    assert "dead" not in told(Shared(*[-60] * 20, 0, *[-60] * 20))


class Bare(nn.Module):
    """A perceptron of bare matrices, with or without a layer at its end."""

    def __init__(self, scale: float, *, act: Callable[..., torch.Tensor], is_ended: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.ParameterList(
            nn.Parameter(scale * torch.randn(PIXELS, PIXELS) / 8) for _ in range(6)
        )
        self.last = nn.Linear(PIXELS, 10) if is_ended else nn.Parameter(torch.randn(PIXELS, 10) / 8)
        self.act, self.is_ended = act, is_ended

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for weight in self.hidden:
            x = self.act(x @ weight)
        return self.last(x) if self.is_ended else x @ self.last


@pytest.mark.parametrize("is_ended", [False, True])
def test_signal_and_gradient_of_bare_matrices(is_ended: bool) -> None:
    sound = Bare(1.4, act=F.relu, is_ended=is_ended)
    assert not {"exploding", "vanishing"} & set(told(sound))
    small = Bare(0.02, act=torch.tanh, is_ended=is_ended)
    given = inputs(PIXELS)
    for weight in small.hidden:
        given = torch.tanh(given @ weight).detach()
    found = told(small)["vanishing"]
    assert (found.severity, found.layers[-1]) == ("warning", "last")
    assert float(found.evidence["last"]) == pytest.approx(float(given.square().mean()), rel=1e-4)
    large = told(Bare(60.0, act=F.relu, is_ended=is_ended))["exploding"]
    assert (large.severity, large.layers[-1]) == ("warning", "last")
    flat = Bare(1.0, act=lambda x: torch.sigmoid(x) * 0.5, is_ended=is_ended)
    by_weight = torch.autograd.grad(
        F.cross_entropy(flat(inputs(PIXELS)), torch.arange(96) % 10), [*flat.hidden]
    )
    effects = [
        float(g.norm() * w.detach().norm()) for g, w in zip(by_weight, flat.hidden, strict=True)
    ]
    lost = told(flat)["vanishing"]
    assert lost.layers[-1] == "hidden.0"
    assert float(lost.evidence["hidden.0"]) == pytest.approx(effects[0], rel=1e-4)


class Branching(nn.Module):
    """Adds a branch that is small where it leaves, and steered by a layer in its middle."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.steering = nn.Linear(PIXELS, 32), nn.Linear(32, 32)
        self.last = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.first(x))
        return self.last(x + 1e-7 * torch.tanh(self.steering(x)))


def test_a_layer_that_earlier_ones_go_around_is_no_vanishing_gradient() -> None:
    found = told(Branching())["vanishing"]
    assert found.severity == "note"
    assert found.message.startswith("the loss depends")
    assert found.layers[-1] == "steering"
