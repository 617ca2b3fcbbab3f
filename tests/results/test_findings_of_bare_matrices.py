"""Dead and saturated units behind matrices that are no layer's, and their healthy twins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support.judged_models import PIXELS, As, inputs, told

WIDTH, CLASSES = 48, 10
Products = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
Act = Callable[[torch.Tensor], torch.Tensor]

WAYS: dict[str, Products] = {
    "product": lambda x, w, b: x @ w.t() + b,
    "linear": F.linear,
    "linear by names": lambda x, w, b: F.linear(x, weight=w, bias=b),
    "addmm": lambda x, w, b: torch.addmm(b, x, w.T),
    "left": lambda x, w, b: (w @ x.T + b[:, None]).T,
    "einsum": lambda x, w, b: torch.einsum("...d,hd->...h", x, w) + b,
    "batched": lambda x, w, b: torch.bmm(x[None], w.t()[None])[0] + b,
    "convolution": lambda x, w, b: F.conv1d(x[:, :, None], w[:, :, None], b)[:, :, 0],
}


def drawn(*shape: int, gain: float = 1.4) -> nn.Parameter:
    """Return weights whose last dimension but one is summed over."""
    return nn.Parameter(gain * torch.randn(*shape) / shape[-2] ** 0.5)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


class Product(nn.Module):
    """A layer of somebody's own, which has no ``weight``."""

    def __init__(self, inputs: int, outputs: int, way: Products, gain: float = 1.4) -> None:
        super().__init__()
        self.matrix = nn.Parameter(drawn(inputs, outputs, gain=gain).detach().t().contiguous())
        self.offset = nn.Parameter(torch.zeros(outputs))
        self.way = way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.way(x, self.matrix, self.offset)


def perceptron(act: Act, way: str = "product", gain: float = 1.4) -> nn.Sequential:
    product = WAYS[way]
    return nn.Sequential(
        Product(PIXELS, WIDTH, product, gain), As(act), Product(WIDTH, WIDTH, product, gain),
        As(act), Product(WIDTH, CLASSES, product),
    )  # fmt: skip


def own(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x, torch.zeros_like(x))


RECTIFIERS = {
    "relu": F.relu, "gelu": F.gelu, "clamp": lambda x: x.clamp(min=0), "own": own,
    "maximum": lambda x: torch.maximum(x, torch.zeros(())), "times": lambda x: x * (x > 0),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("act", RECTIFIERS)
def test_dead_units_are_counted_however_the_product_is_written(way: str, act: str) -> None:
    model = perceptron(RECTIFIERS[act], way)
    assert told(model) == {}
    model[0].offset.data[: WIDTH // 4] = -60
    found = told(model)["dead"]
    given = model[0](inputs(PIXELS))
    expected = (given < 0).all(0).double().mean()
    assert float(found.evidence["0.matrix"]) == pytest.approx(float(expected), abs=0.03)
    assert "0.matrix (25 %)" in found.message


@pytest.mark.parametrize("act", [F.relu, F.gelu, torch.tanh, torch.sigmoid, F.hardtanh])
def test_of_dead_layers_all_units_are(act: Act) -> None:
    model = perceptron(act)
    for place in (0, 2):
        model[place].offset.data.fill_(-60)
    found = told(model)["dead"]
    assert (found.layers, found.severity) == (("0.matrix", "2.matrix"), "warning")
    assert {*found.evidence.values()} == {1}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("act", [torch.tanh, lambda x: 2 * torch.sigmoid(2 * x) - 1])
def test_saturated_activations_are_counted(way: str, act: Act) -> None:
    assert "saturated" not in told(perceptron(act, way, gain=1.0))
    model = perceptron(act, way, gain=20.0)
    found = told(model)["saturated"]
    assert (found.layers, found.severity) == (("0.matrix", "2.matrix"), "warning")
    for place in (0, 2):
        given = model[:place](inputs(PIXELS))
        expected = (torch.tanh(model[place](given)).abs() > 0.97).double().mean()
        share = float(found.evidence[f"{place}.matrix"])
        assert share == pytest.approx(float(expected), abs=1e-3)


class Beside(nn.Module):
    """A matrix before, behind or beside a layer."""

    def __init__(self, shift: float, way: str) -> None:
        super().__init__()
        self.layer, self.head = nn.Linear(PIXELS, PIXELS), nn.Linear(PIXELS, CLASSES)
        self.matrix, self.shift, self.way = drawn(PIXELS, PIXELS), shift, way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "before":
            return self.head(F.relu(self.layer(own(x @ self.matrix + self.shift))))
        if self.way == "behind":
            return self.head(F.relu(F.relu(self.layer(x)) @ self.matrix + self.shift))
        return self.head(F.relu(self.layer(x) + x @ self.matrix + self.shift))


def test_matrices_among_layers_are_told_in_their_order() -> None:
    assert told(Beside(-60, "behind"))["dead"].layers == ("matrix",)
    assert told(Beside(-60, "beside"))["dead"].layers == ("layer", "matrix")
    for way in ("before", "behind", "beside"):
        assert "dead" not in told(Beside(0, way))


class Parts(nn.Module):
    """Layers or experts that lie in one parameter."""

    def __init__(self, way: str, low: int | None = None) -> None:
        super().__init__()
        self.first, self.second = drawn(4, PIXELS, PIXELS), drawn(4, PIXELS, PIXELS)
        self.offsets = nn.Parameter(torch.zeros(4, PIXELS))
        if low is not None:
            self.offsets.data[low] = -60
        self.router, self.head = drawn(PIXELS, 4), drawn(PIXELS, CLASSES)
        self.way = way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "einsum":
            hidden = F.relu(torch.einsum("nd,edh->neh", x, self.first) + self.offsets)
            each = torch.einsum("neh,ehk->nek", hidden, self.second)
        elif self.way == "batched":
            hidden = F.relu(torch.bmm(x.expand(4, *x.shape), self.first) + self.offsets[:, None])
            each = torch.bmm(hidden, self.second).transpose(0, 1)
        else:
            experts = zip(self.first, self.offsets, self.second, strict=True)
            each = torch.stack([F.relu(x @ w + b) @ v for w, b, v in experts], 1)
        gates = (x @ self.router).softmax(-1)
        return (gates[:, :, None] * each).sum(1) @ self.head


@pytest.mark.parametrize("way", ["einsum", "batched", "loop"])
def test_units_of_experts_are_counted_together(way: str) -> None:
    assert told(Parts(way)) == {}
    assert float(told(Parts(way, low=2))["dead"].evidence["first"]) == pytest.approx(0.25, abs=0.02)


class Attention(nn.Module):
    """A block of bare matrices, for sequences, whose branches may start at zero."""

    def __init__(self, shift: float = 0.0, *, is_zero: bool = False) -> None:
        super().__init__()
        width = 16
        for name in ("query", "key", "value", "out"):
            setattr(self, name, drawn(width, width, gain=1.0))
        self.up, self.down = drawn(width, 64), drawn(64, width)
        self.head = drawn(width, CLASSES, gain=0.3)
        self.shift = shift
        if is_zero:
            nn.init.zeros_(self.down)
            nn.init.zeros_(self.out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = (x @ self.query) @ (x @ self.key).transpose(1, 2) / 4
        x = x + scores.softmax(-1) @ (x @ self.value) @ self.out
        x = x + F.relu(x @ self.up + self.shift) @ self.down
        return x.mean(1) @ self.head


class Gated(nn.Module):
    """An LSTM by hand, whose first state is 0."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.given, self.state = drawn(16, 4 * 24, gain=gain), drawn(24, 4 * 24, gain=gain)
        self.head = drawn(24, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = cell = x.new_zeros(len(x), 24)
        for step in x.unbind(1):
            i, f, g, o = (step @ self.given + hidden @ self.state).chunk(4, 1)
            cell = torch.sigmoid(f + 1) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
        return hidden @ self.head


class Adapted(nn.Module):
    """A layer with a low-rank adapter, whose second factor is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.Linear(PIXELS, WIDTH), nn.Linear(WIDTH, CLASSES)
        self.down, self.up = drawn(PIXELS, 4), nn.Parameter(torch.zeros(4, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.relu(self.layer(x) + x @ self.down @ self.up))


def test_healthy_models_of_matrices_are_quiet() -> None:
    for sequences in (Attention(), Gated()):
        assert told(sequences, 6, 16) == {}
    assert {"dead", "saturated"}.isdisjoint(told(Attention(is_zero=True), 6, 16))
    assert {"dead", "saturated"}.isdisjoint(told(Adapted()))
    assert told(Attention(-60), 6, 16)["dead"].layers == ("up",)
    assert set(told(Gated(40.0), 6, 16)["saturated"].layers) == {"given", "state"}


def test_what_matrices_make_of_matrices_is_no_activation() -> None:
    """A weight that is computed from two factors may lie at the ends of its tanh."""

    class Made(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = drawn(PIXELS, 4), drawn(4, WIDTH, gain=60.0)
            self.head = drawn(WIDTH, CLASSES, gain=0.2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.relu(x @ torch.tanh(self.one @ self.other)) @ self.head

    assert "saturated" not in told(Made())


@pytest.mark.parametrize("act", [F.relu, torch.tanh])
def test_matrices_of_zeros_with_zeros_behind_them_are_told_once(act: Act) -> None:
    model = perceptron(act)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    found = told(model)
    assert found["no-gradient"].layers == ("0.matrix", "2.matrix", "4.matrix")
    assert "symmetric" not in found
    # One that learns is told of by itself.
    model[0].matrix.data.fill_(0.05)
    model[2].matrix.data.fill_(0.05)
    model[4].matrix.data.fill_(0.1)
    assert told(model)["symmetric"].layers == ("0.matrix", "2.matrix")
