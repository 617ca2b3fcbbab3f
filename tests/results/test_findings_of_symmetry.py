"""Units and layers that are alike, in models as people write them, and their healthy twins."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support.judged_models import (
    PIXELS,
    SIDE,
    Dropping,
    constant,
    convolutions,
    inputs,
    stack,
    told,
)


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


@pytest.mark.parametrize(("probability", "severity"), [(0.3, "warning"), (0.0, "error")])
def test_dropout_by_a_function_counts(probability: float, severity: str) -> None:
    model = stack(PIXELS, 32, 24, 10)
    for number in (0, 2, 4):
        constant(model[number])
    model.insert(2, Dropping(probability))
    assert told(model)["symmetric"].severity == severity


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


# Units that are no layer's


class Bare(nn.Module):
    """A perceptron of bare matrices, used in one of the ways people use them."""

    def __init__(self, way: str, first: torch.Tensor, last: torch.Tensor) -> None:
        super().__init__()
        self.way = way
        self.first, self.last = nn.Parameter(first), nn.Parameter(last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "linear":
            return F.linear(F.relu(F.linear(x, self.first)), self.last)
        if self.way == "product":
            return F.relu(x @ self.first.T) @ self.last.t()
        if self.way == "left":
            return (self.last @ F.relu(self.first.matmul(x.T))).T
        if self.way == "einsum":
            return torch.einsum("nh,ch->nc", torch.einsum("hd,nd->nh", self.first, x), self.last)
        return F.conv1d(F.relu(F.conv1d(x[:, :, None], self.first[:, :, None])),
                        self.last[:, :, None])[:, :, 0]  # fmt: skip


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)) / shape[1] ** 0.5


@pytest.mark.parametrize("way", ["linear", "product", "left", "einsum", "convolution"])
def test_equal_units_of_bare_matrices(way: str) -> None:
    first, last = torch.full((24, PIXELS), 0.05), torch.full((10, 24), 0.1)
    found = told(Bare(way, first, last))["symmetric"]
    assert (found.layers, found.severity) == (("first",), "error")
    assert found.message == "equal units stay equal: first (1 distinct among 24)"
    assert "symmetric" not in told(Bare(way, first, drawn(10, 24)))
    assert "symmetric" not in told(Bare(way, drawn(24, PIXELS), last))
    assert "symmetric" not in told(Bare(way, drawn(24, PIXELS), 0 * last))
    twice = drawn(12, PIXELS).repeat(2, 1)
    assert told(Bare(way, twice, drawn(10, 12).repeat(1, 2)))["symmetric"].evidence["first"] == 24


def test_equal_units_of_bare_matrices_are_equal_after_steps() -> None:
    model = Bare("product", torch.full((24, PIXELS), 0.05), torch.full((10, 24), 0.1))
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    for _ in range(10):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs(PIXELS)), torch.arange(96) % 10).backward()
        optimizer.step()
    assert torch.allclose(model.first, model.first[:1].expand_as(model.first), atol=1e-5)
    assert not torch.allclose(model.last[0], model.last[1], atol=1e-4)


MASK = torch.rand(PIXELS, generator=torch.Generator().manual_seed(0)) > 0.5

COMPUTED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "of length one": lambda raw: raw / raw.norm(dim=1, keepdim=True),
    "both": lambda raw: F.normalize(F.softplus(raw), dim=1),
    "masked": lambda raw: raw * MASK if raw.shape[1] == PIXELS else 1 * raw,
    "turned": lambda raw: torch.tanh(raw.t()).t(),
    "copied": lambda raw: raw.t().contiguous().t(),
    "in place": lambda raw: raw.clone().mul_(0.5),
}


class Computed(nn.Module):
    """A perceptron whose matrices are computed from its parameters."""

    def __init__(self, how: str, first: torch.Tensor, last: torch.Tensor) -> None:
        super().__init__()
        self.first, self.last = nn.Parameter(first), nn.Parameter(last)
        self.of = COMPUTED[how]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(torch.tanh(0.1 * x @ self.of(self.first).t()), self.of(self.last))


@pytest.mark.parametrize("how", COMPUTED)
def test_equal_units_of_computed_matrices(how: str) -> None:
    first, last = torch.full((24, PIXELS), 0.05), torch.full((10, 24), 0.1)
    found = told(Computed(how, first, last))["symmetric"]
    assert (found.layers, found.severity) == (("first",), "error")
    assert found.message == "equal units stay equal: first (1 distinct among 24)"
    assert "symmetric" not in told(Computed(how, first, drawn(10, 24)))
    assert "symmetric" not in told(Computed(how, drawn(24, PIXELS), last))
    assert "symmetric" not in told(Computed(how, drawn(24, PIXELS), drawn(10, 24)))
    twice = drawn(12, PIXELS).repeat(2, 1)
    pairs = Computed(how, twice, drawn(10, 12).repeat(1, 2))
    assert told(pairs)["symmetric"].evidence["first"] == 24
    # So they do: ten real steps later they are as equal as before.
    optimizer = torch.optim.SGD(pairs.parameters(), 0.05)
    for _ in range(10):
        optimizer.zero_grad()
        F.cross_entropy(pairs(inputs(PIXELS)), torch.arange(96) % 10).backward()
        optimizer.step()
    assert torch.allclose(pairs.first[:12], pairs.first[12:], atol=1e-5)


class Made(nn.Module):
    """A perceptron whose first matrix is made of several tensors."""

    def __init__(self, make: Callable[[Made], torch.Tensor], length: torch.Tensor) -> None:
        super().__init__()
        self.raw, self.length = nn.Parameter(torch.full((24, PIXELS), 0.05)), nn.Parameter(length)
        self.last = nn.Parameter(torch.full((10, 24), 0.1))
        self.up, self.down = nn.Parameter(torch.zeros(4, PIXELS)), nn.Parameter(drawn(24, 4))
        self.base = drawn(24, PIXELS)
        self.make = make

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(0.1 * x @ self.make(self).t()) @ self.last.t()


def test_what_else_a_matrix_is_made_of_may_tell_its_units_apart() -> None:
    def as_length(model: Made) -> torch.Tensor:
        return model.length.reshape(24, 1) * F.normalize(model.raw, dim=1)

    for shape in ((24,), (24, 1)):
        assert told(Made(as_length, torch.ones(shape)))["symmetric"].layers == ("raw",)
        assert "symmetric" not in told(Made(as_length, 1 + drawn(1, 24).reshape(shape)))
    one = torch.ones(())
    assert told(Made(lambda model: model.length * model.raw, one))["symmetric"].layers == ("raw",)
    # A start that is kept, and factors of which one is 0 still.
    for make in (
        lambda model: model.base + model.raw,
        lambda model: model.raw + model.down @ model.up,
    ):
        assert "symmetric" not in told(Made(make, one))


def test_dead_units_of_computed_matrices_are_counted() -> None:
    model = Computed("masked", drawn(24, PIXELS), drawn(10, 24))
    model.of = F.softplus
    shifted = nn.Parameter(torch.zeros(24))
    model.register_parameter("offset", shifted)
    shifted.data[:6] = -400
    model.forward = lambda x: F.relu(x @ model.of(model.first).t() + model.offset) @ model.last.t()
    assert float(told(model)["dead"].evidence["first"]) == 0.25


def test_weights_of_layers_that_are_computed_are_told_of_as_the_layers() -> None:
    model = stack(PIXELS, 24, 10)
    nn.utils.parametrizations.weight_norm(model[0])
    assert told(model) == {}
    constant(model[2], 0.1)
    nn.init.constant_(model[0].parametrizations.weight.original1, 0.05)
    nn.init.ones_(model[0].parametrizations.weight.original0)
    assert told(model)["symmetric"].layers == ("0",)


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = kind(16, 24, batch_first=True)
        self.head = nn.Linear(24, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x)[0][:, -1])


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_equal_units_of_recurrent_modules(kind: type[nn.RNNBase]) -> None:
    model = Recurrent(kind)
    assert told(model, 6, 16) == {}
    for parameter in model.body.parameters():
        nn.init.constant_(parameter, 0.05)
    assert "symmetric" not in told(model, 6, 16)  # the head's weights tell them apart
    constant(model.head)
    found = told(model, 6, 16)["symmetric"]
    assert found.message == "equal units stay equal: body.weight_ih_l0 (1 distinct among 24)"


def test_equal_gates_of_different_units_are_quiet() -> None:
    """Gates that start alike, as biases and orthogonal blocks do, are not units that are alike."""
    model = Recurrent(nn.LSTM)
    block = nn.init.orthogonal_(torch.empty(24, 24))
    model.body.weight_hh_l0.data = block.repeat(4, 1)
    model.body.weight_ih_l0.data = drawn(24, 16).repeat(4, 1)
    assert "symmetric" not in told(model, 6, 16)
