"""Faults of each kind in models as people write them, and their healthy twins."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from inittui.inspection.probe import probe
from inittui.results.findings import find
from inittui.results.rules.finding import Finding

SIDE = 8
PIXELS = SIDE * SIDE


def inputs(*shape: int, count: int = 96) -> torch.Tensor:
    """Noise with a mean for each sample: pooled white noise is the same for all."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(count, *shape, generator=generator)
    own = torch.randn(count, *[1] * len(shape), generator=generator)
    return (noise + own) / math.sqrt(2)


def told(model: nn.Module, *shape: int, classes: int = 10) -> dict[str, Finding]:
    """Return what stands out by its kind; the gravest, where a kind is told of twice."""
    images = inputs(*(shape or (PIXELS,)))
    labels = torch.arange(len(images)) % classes
    found = find(probe(model, images, labels, percentile=99.9))
    grave = ["error", "warning", "note"]
    severities = [grave.index(finding.severity) for finding in found]
    assert severities == sorted(severities)
    return {finding.kind: finding for finding in reversed(found)}


def grave(found: dict[str, Finding]) -> set[str]:
    return {kind for kind, finding in found.items() if finding.severity != "note"}


def stack(*sizes: int, act: Callable[[], nn.Module] = nn.ReLU, gain: float = 1.4) -> nn.Sequential:
    """A healthy perceptron."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), act()]
        nn.init.normal_(layers[-2].weight, std=gain / math.sqrt(a))
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def convolutions(*, norm: bool = True) -> nn.Sequential:
    torch.manual_seed(0)
    sizes = (1, 16, 32, 64)
    blocks = [
        layer
        for a, b in pairwise(sizes)
        for layer in (
            nn.Conv2d(a, b, 3, padding=1),
            nn.BatchNorm2d(b) if norm else nn.Identity(),
            nn.ReLU(),
        )
    ]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


@pytest.mark.parametrize("norm", [True, False])
def test_healthy_convolutions_are_quiet(norm: bool) -> None:
    assert grave(told(convolutions(norm=norm), 1, SIDE, SIDE)) == set()


def test_widths_that_differ_by_far_are_quiet() -> None:
    assert told(stack(4096, 16, 10), 4096) == {}
    assert told(stack(PIXELS, 2000, 16, 10)) == {}


# Symmetry


def constant(layer: nn.Module, value: float = 0.05) -> None:
    nn.init.constant_(layer.weight, value)


@pytest.mark.parametrize("act", [nn.ReLU, nn.Tanh])
def test_equal_units_with_different_outgoing_weights_are_told_apart_by_a_step(
    act: Callable[[], nn.Module],
) -> None:
    model = stack(PIXELS, 32, 24, 10, act=act)
    constant(model[0], 0.02)
    images = inputs(PIXELS)
    loss = F.cross_entropy(model(images), torch.arange(len(images)) % 10)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(0.1 * parameter.grad)
    assert len({tuple(row.tolist()) for row in model[0].weight}) > 16
    constant(model[0], 0.02)
    nn.init.zeros_(model[0].bias)
    assert "symmetric" not in told(model)


@pytest.mark.parametrize("layers", [(0, 2, 4), (0, 2), (2, 4)])
def test_equal_units_with_equal_outgoing_weights_stay_equal(layers: tuple[int, ...]) -> None:
    model = stack(PIXELS, 32, 24, 10)
    for number in layers:
        constant(model[number])
    expected = {"0", "2"} if 4 in layers and 0 in layers else {"0"} if 0 in layers else {"2"}
    found = told(model)["symmetric"]
    assert (set(found.layers), found.severity) == (expected, "error")
    # So they do: ten real steps later they are as equal as before.
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    images = inputs(PIXELS)
    for _ in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(images), torch.arange(len(images)) % 10).backward()
        optimizer.step()
    for name in expected:
        rows = model[int(name)].weight.detach()
        assert torch.allclose(rows, rows[:1].expand_as(rows), rtol=1e-3, atol=1e-5)


def test_equal_filters_stay_equal() -> None:
    model = convolutions()
    for number in (3, 6):
        constant(model[number])
        nn.init.zeros_(model[number].bias)
    constant(model[-1])
    assert set(told(model, 1, SIDE, SIDE)["symmetric"].layers) >= {"3"}


def test_where_dropout_lies_between_it_is_said() -> None:
    model = stack(PIXELS, 32, 24, 10)
    for number in (0, 2, 4):
        constant(model[number])
    model.insert(2, nn.Dropout(0.2))
    found = told(model)["symmetric"]
    assert found.severity == "warning"
    assert found.message.endswith("; dropout may tell them apart")


@pytest.mark.parametrize("noise", [1e-6, 1e-3])
@pytest.mark.parametrize("widths", [(32, 10), (64, 48, 10)])
def test_near_clones_are_told(noise: float, widths: tuple[int, ...]) -> None:
    model = stack(PIXELS, *widths)
    for layer in model:
        if isinstance(layer, nn.Linear):
            constant(layer)
            layer.weight.data += noise * torch.randn_like(layer.weight)
    found = told(model)["aligned-units"]
    assert found.severity == "warning"
    assert "0" in found.layers
    assert float(found.evidence["0"]) > 0.99


def test_duplicated_halves_are_told() -> None:
    model = stack(PIXELS, 32, 24, 10)
    model[0].weight.data[16:] = model[0].weight.data[:16]
    assert "2 times the same 16 units" in told(model)["repeated-units"].message
    conv = convolutions()
    conv[3].weight.data = conv[3].weight.data[:8].repeat(4, 1, 1, 1)
    conv[3].bias.data = conv[3].bias.data[:8].repeat(4)
    assert told(conv, 1, SIDE, SIDE)["repeated-units"].layers == ("3",)


class Blocks(nn.Module):
    def __init__(self, copied: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Linear(PIXELS, 32)
        first = nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 32), nn.GELU())
        others = [copy.deepcopy(first) for _ in range(2)]
        for layer in others:
            if not copied:
                layer[1].reset_parameters()
        self.blocks = nn.ModuleList([first, *others])
        self.head = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def test_deep_copies_are_told_and_tied_weights_are_not() -> None:
    found = told(Blocks(copied=True))["clones"]
    names = ("blocks.0.1.weight", "blocks.1.1.weight", "blocks.2.1.weight")
    assert (found.layers, found.severity) == (names, "warning")
    assert "clones" not in told(Blocks(copied=False))
    tied = Blocks(copied=False)
    tied.blocks[1][1].weight = tied.blocks[0][1].weight
    assert "clones" not in told(tied)
    encoder = nn.TransformerEncoderLayer(SIDE, 2, 16, dropout=0.0, batch_first=True)
    cloned = nn.TransformerEncoder(encoder, 2, enable_nested_tensor=False)
    model = nn.Sequential(cloned, nn.Flatten(), nn.Linear(PIXELS, 10))
    assert "0.layers.0.self_attn.in_proj_weight" in told(model, SIDE, SIDE)["clones"].layers


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
        if way == "layerscale":
            self.gain = nn.Parameter(torch.full((width,), 1e-6))
        if way == "fixup":
            nn.init.zeros_(self.two.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = self.two(F.relu(self.one(x)))
        if self.way == "zero-gamma":
            branch = self.norm(branch)
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


@pytest.mark.parametrize("way", ["zero-gamma", "fixup", "rezero", "layerscale"])
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


class As(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


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


@pytest.mark.parametrize("act", [nn.ReLU, nn.GELU, nn.SiLU, nn.Softplus])
def test_a_half_that_is_flat_by_design_is_not_saturated(act: Callable[[], nn.Module]) -> None:
    model = stack(PIXELS, 64, 10, act=act)
    model[0].weight.data *= 50
    assert "saturated" not in told(model)


# Heads


@pytest.mark.parametrize(
    ("end", "floor"),
    [
        (nn.Softmax(1), math.log1p(9 / math.e)),
        (nn.Sigmoid(), math.log1p(9 / math.e)),
        (nn.Tanh(), math.log1p(9 * math.exp(-2))),
        (As(lambda x: x.exp() / x.exp().sum(1, keepdim=True)), math.log1p(9 / math.e)),
        (As(lambda x: torch.sigmoid(x).view(-1, 10)), math.log1p(9 / math.e)),
        (nn.ReLU(), None),
        (As(lambda x: x.clamp(min=0)), None),
    ],
)
def test_logits_that_are_squashed_are_told(end: nn.Module, floor: float | None) -> None:
    for model in (stack(PIXELS, 32, 10), nn.Sequential(nn.Linear(PIXELS, 10))):
        found = told(nn.Sequential(*model, end))["squashed-logits"]
        assert found.severity == "warning"
        if floor is not None:
            assert found.evidence["floor"] == pytest.approx(floor)
            # The floor is one: no logits of that kind have a lower loss.
            best = end(torch.full((1, 10), -80.0).index_fill(1, torch.tensor([3]), 80.0))
            assert F.cross_entropy(best, torch.tensor([3])).item() >= floor - 1e-4


def test_a_log_softmax_does_no_harm() -> None:
    ends = nn.LogSoftmax(1), As(lambda x: x - x.logsumexp(1, keepdim=True))
    for end in ends:
        found = told(nn.Sequential(*stack(PIXELS, 32, 10), end))
        assert found["squashed-logits"].severity == "note"
    assert "squashed-logits" not in told(stack(PIXELS, 32, 10))
    assert "squashed-logits" not in told(stack(PIXELS, 32, 10, act=nn.Sigmoid))


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
