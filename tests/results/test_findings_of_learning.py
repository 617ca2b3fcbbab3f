"""What begins at zero and is meant to, and what isn't trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support.judged_models import PIXELS, As, constant, grave, stack, told

# Zeros that are meant


class Residual(nn.Module):
    """A branch that begins with nothing, in one of the ways people begin it."""

    def __init__(self, way: str, width: int = 32) -> None:
        super().__init__()
        self.way = way
        self.one, self.two = nn.Linear(width, width), nn.Linear(width, width)
        if way == "zero-gamma":
            self.norm = nn.BatchNorm1d(width)
            nn.init.zeros_(self.norm.weight)
        if way == "rezero":
            self.gain = nn.Parameter(torch.zeros(1))
        if way in ("layerscale", "addcmul"):
            self.gain = nn.Parameter(torch.full((width,), 1e-6))
        if way == "fixup":
            nn.init.zeros_(self.two.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = self.two(F.relu(self.one(x)))
        if self.way == "zero-gamma":
            branch = self.norm(branch)
        if self.way == "addcmul":
            return torch.addcmul(x, branch, self.gain)
        if self.way in ("rezero", "layerscale"):
            branch = branch * self.gain
        return x + branch


class LowRank(nn.Module):
    """A frozen matrix with a trained sum of low rank, as raw parameters."""

    def __init__(self, *, both_zero: bool = False, width: int = 32) -> None:
        super().__init__()
        self.base = nn.Linear(width, width).requires_grad_(False)
        self.down = nn.Parameter(torch.randn(4, width) * (0 if both_zero else 0.2))
        self.up = nn.Parameter(torch.zeros(width, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.base(x) + x @ self.down.T @ self.up.T)


@pytest.mark.parametrize("way", ["zero-gamma", "fixup", "rezero", "layerscale", "addcmul"])
@pytest.mark.parametrize("depth", [1, 12])
def test_branches_that_begin_with_nothing_are_a_note_at_most(way: str, depth: int) -> None:
    torch.manual_seed(0)
    blocks = [Residual(way) for _ in range(depth)]
    found = told(nn.Sequential(nn.Linear(PIXELS, 32), *blocks, nn.Linear(32, 10)))
    assert grave(found) == set()
    assert len(found) <= 1


def test_the_factors_of_a_sum_of_low_rank() -> None:
    torch.manual_seed(0)
    stem, head = nn.Linear(PIXELS, 32), nn.Linear(32, 10)
    found = told(nn.Sequential(stem, LowRank(), LowRank(), head))
    assert grave(found) == set()
    assert found["zero-start"].layers == ("1.down", "2.down")
    assert "zeros have moved (1.up, 2.up)" in found["zero-start"].message
    broken = told(nn.Sequential(stem, LowRank(both_zero=True), head))["no-gradient"]
    assert (broken.layers, broken.severity) == (("1.down", "1.up"), "error")


def test_a_parameter_that_is_no_layer_s_has_no_weights() -> None:
    """Its gradient is 0 for good; it is named itself, as are the weights beside it."""
    stem, head = nn.Linear(PIXELS, 32), nn.Linear(32, 10)
    broken = told(nn.Sequential(stem, LowRank(both_zero=True), head))["no-gradient"]
    assert broken.message == "no gradient reaches 1.down, 1.up"
    model = stack(PIXELS, 32, 24, 10)
    for number in (0, 2):
        nn.init.zeros_(model[number].weight)
    assert told(model)["no-gradient"].message.startswith("no gradient reaches the weights of 0, 2")


@pytest.mark.parametrize("sizes", [(PIXELS, 32, 10), (PIXELS, 64, 48, 32, 10)])
def test_a_last_layer_of_zeros_is_one_note(sizes: tuple[int, ...]) -> None:
    model = stack(*sizes)
    nn.init.zeros_(model[-1].weight)
    found = told(model)
    assert {kind: each.severity for kind, each in found.items()} == {"same-logits": "note"}


@pytest.mark.parametrize("zeros", [(0, 2), (2, 4), (0, 2, 4)])
def test_zeros_behind_zeros_never_learn(zeros: tuple[int, ...]) -> None:
    model = stack(PIXELS, 32, 24, 10)
    for number in zeros:
        nn.init.zeros_(model[number].weight)
    found = told(model)
    assert found["no-gradient"].severity == "error"
    assert set(found["no-gradient"].layers) >= set(map(str, zeros[:2]))


# What isn't trained


class Detached(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.how = how
        self.body = nn.Sequential(nn.Linear(PIXELS, 32), nn.ReLU(), nn.Linear(32, 24))
        self.head = nn.Linear(24, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.how == "no_grad":
            with torch.no_grad():
                return self.head(self.body(x))
        if self.how == "part":
            with torch.no_grad():
                x = self.body(x)
            return self.head(x)
        x = self.body(x)
        return self.head(x.data if self.how == "data" else x.detach())


@pytest.mark.parametrize(
    ("how", "by", "place"),
    [
        ("detach", "detach", "the model's forward after body.2"),
        ("data", "data", "the model's forward after body.2"),
        ("part", "no_grad", "body.0's forward"),
        ("no_grad", "no_grad", "body.0's forward"),
    ],
)
def test_where_gradients_are_stopped_is_named(how: str, by: str, place: str) -> None:
    found = told(Detached(how))["cut"]
    assert found.severity == "error"
    assert f"gradients stop at {by} in {place}" in found.message
    names = {"body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias"}
    more = {"head.weight", "head.bias"} if how == "no_grad" else set()
    assert set(found.layers) == names | more


class Stopped(nn.Module):
    """Detaches on the side: what it stops has another way."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Linear(PIXELS, 32), nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        quantized = x + (x.round() - x).detach()
        return self.head(quantized / x.detach().std())


def test_a_stop_beside_another_way_is_quiet() -> None:
    assert "cut" not in told(Stopped())


def test_what_is_frozen_is_not_asked_to_learn() -> None:
    model = stack(PIXELS, 32, 24, 10)
    for layer in model[:3]:
        layer.requires_grad_(False)
    constant(model[0])
    assert not {"cut", "no-gradient", "unused", "symmetric"} & set(told(model))


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(PIXELS, 32), nn.Linear(32, 32)]
        self.gain = {"g": nn.Parameter(torch.ones(32))}
        self.out = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.out(x * self.gain["g"])


class Made(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.relu(nn.Linear(PIXELS, 32)(x)))


def enclosed() -> nn.Module:
    layer = nn.Linear(PIXELS, 32)
    return nn.Sequential(As(lambda x: torch.relu(layer(x))), nn.Linear(32, 10))


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (Listed, ("hidden[0]", "hidden[1]", "gain['g']")),
        (Made, ("a Linear made in the model's forward",)),
        (enclosed, ("0.function's closure",)),
    ],
)
def test_layers_that_are_no_parameters_are_named(
    build: Callable[[], nn.Module], names: tuple[str, ...]
) -> None:
    found = told(build())["not-in-parameters"]
    assert (found.layers, found.severity) == (names, "warning")


def test_a_frozen_network_that_is_kept_aside_is_meant() -> None:
    model = enclosed()
    model[0].function.__closure__[0].cell_contents.requires_grad_(False)
    assert "not-in-parameters" not in told(model)


class Idle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.idle = nn.Linear(PIXELS, 10), nn.Linear(3, 3)
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x)


def test_parameters_that_take_no_part_are_a_note() -> None:
    found = told(Idle())["unused"]
    assert (set(found.layers), found.severity) == ({"idle.weight", "idle.bias", "scale"}, "note")


class Raw(nn.Module):
    """No layers, parameters only."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Parameter(torch.randn(PIXELS, 32) * 0.15 * scale)
        self.last = nn.Parameter(torch.randn(32, 10) * 0.2 * scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x @ self.first) @ self.last


def test_models_of_raw_parameters_are_judged() -> None:
    assert told(Raw(1.0)) == {}
    assert told(Raw(0.0))["no-gradient"].layers == ("first", "last")
    assert "confident" in told(Raw(20.0))
    table = nn.Sequential(As(lambda x: (x > 0).long()), nn.EmbeddingBag(2, 10))
    assert "no-gradient" not in told(table)
