"""Models that are as they should be, and look odd."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.support.model_cases import Case, layers, registering

MEANT: dict[str, Case] = {}
meant = registering(MEANT)


class Branch(nn.Module):
    """What adds a branch to its input, times a gate."""

    def __init__(self, inner: nn.Module, gate: nn.Parameter | None = None) -> None:
        super().__init__()
        self.inner, self.gate = inner, gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + (self.inner(x) if self.gate is None else self.gate * self.inner(x))


class Kept(nn.Module):
    """Draws what it registers later, and what it registers never."""

    def __init__(self) -> None:
        super().__init__()
        self.init_weight()
        self.weight = nn.Parameter(self.drawn)
        self.out = nn.Linear(32, 8)
        self.init_out()

    def init_weight(self) -> None:
        self.drawn = nn.init.xavier_normal_(torch.empty(32, 32))

    def init_out(self) -> None:
        self.out.weight = nn.Parameter(nn.init.xavier_normal_(torch.empty(8, 32)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(F.relu(x @ self.weight))


@meant("32")
def registered_after_drawing(_: bool) -> nn.Module:
    return Kept()


@meant("64")
def rezero(_: bool) -> nn.Module:
    def branch() -> Branch:
        inner = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
        return Branch(inner, nn.Parameter(torch.zeros(1)))

    return nn.Sequential(*[branch() for _ in range(16)], nn.Linear(64, 10))


@meant("8x16x16")
def zero_gamma(_: bool) -> nn.Module:
    def branch() -> Branch:
        norm = nn.BatchNorm2d(8)
        nn.init.zeros_(norm.weight)
        return Branch(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), norm))

    return nn.Sequential(*[branch() for _ in range(4)], nn.Flatten(), nn.Linear(2048, 10))


@meant("64")
def zero_head(_: bool) -> nn.Module:
    model = layers(64, 128, 10)
    nn.init.kaiming_normal_(model[0].weight)
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    return model


@meant("64")
def second_factor_zero(_: bool) -> nn.Module:
    class Adapted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base = nn.Linear(64, 64).requires_grad_(False)
            self.down, self.up = nn.Linear(64, 4, bias=False), nn.Linear(4, 64, bias=False)
            nn.init.zeros_(self.up.weight)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.base(x) + self.up(self.down(x))

    return nn.Sequential(Adapted(), nn.ReLU(), Adapted(), nn.ReLU(), nn.Linear(64, 10))


@meant("16x32")
def fixed_tables(_: bool) -> nn.Module:
    class Tables(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            steps = torch.arange(16)[:, None] * torch.exp(torch.arange(0, 32, 2) * -0.3)
            self.places = nn.Parameter(torch.cat([steps.sin(), steps.cos()], 1))
            self.conv = nn.Conv1d(32, 32, 3, padding=1)
            nn.init.dirac_(self.conv.weight)
            nn.init.zeros_(self.conv.bias)
            self.rnn, self.head = nn.RNN(32, 32, batch_first=True), nn.Linear(32, 5)
            nn.init.orthogonal_(self.rnn.weight_hh_l0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv((x + self.places).transpose(1, 2)).transpose(1, 2)
            return self.head(self.rnn(x)[0][:, -1])

    return Tables()


@meant("ids:16:300")
def small_tied_transformer(_: bool) -> nn.Module:
    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.norm = nn.Embedding(300, 64), nn.LayerNorm(64)
            blocks = [
                Branch(nn.Sequential(
                    nn.LayerNorm(64), nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64)
                ))
                for _ in range(4)
            ]  # fmt: skip
            self.blocks, self.head = nn.Sequential(*blocks), nn.Linear(64, 300, bias=False)
            self.head.weight = self.embedding.weight
            for name, parameter in self.named_parameters():
                if parameter.dim() > 1:
                    deep = name.endswith("3.weight")
                    nn.init.normal_(parameter, std=0.02 / (math.sqrt(8) if deep else 1))
                elif name.endswith("bias"):
                    nn.init.zeros_(parameter)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.norm(self.blocks(self.embedding(x))))

    return Language()


@meant("5x32")
def masked_attention_after_a_stream(_: bool) -> nn.Module:
    """The mask of -100 is made of the stream's shape; the stream itself grows by 1 a link."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(32, 96), nn.Linear(32, 32)
            self.places = nn.Linear(2, 1)
            self.norm = nn.LayerNorm(32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = self.qkv(x).chunk(3, -1)
            scores = q @ k.transpose(-1, -2) / 32**0.5
            scores = scores + self.places(x.new_ones(5, 5, 2)).squeeze(-1)
            mask = x.new_zeros(5, 5).masked_fill(x.new_ones(5, 5).triu(1) == 1, -100.0)
            return x + self.norm(self.out((scores + mask).softmax(-1) @ v))

    return nn.Sequential(*(Block() for _ in range(8)), nn.Flatten(), nn.Linear(160, 4))


@meant("16")
def echo_state(_: bool) -> nn.Module:
    """Its reservoir is scaled by an eigenvalue, which torch finds otherwise while it is watched."""

    class Echo(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            drawn = torch.randn(60, 60)
            self.register_buffer("reservoir", 0.9 * drawn / torch.linalg.eigvals(drawn).abs().max())
            self.out = nn.Linear(60, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            state = torch.zeros(len(x), 60)
            for value in x.T:
                state = torch.tanh(state @ self.reservoir.T + value.unsqueeze(1))
            return self.out(state)

    return Echo()


@meant("ids:12:50")
def uniform_attention_and_a_zero_head(_: bool) -> nn.Module:
    """As muP starts: queries at 0 give equal shares, and the last layer is 0."""

    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(50, 32)
            self.query, self.key, self.value = (nn.Linear(32, 32, bias=False) for _ in range(3))
            self.head = nn.Linear(32, 50)
            for layer in (self.query, self.head):
                nn.init.zeros_(layer.weight)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            x = F.layer_norm(self.table(ids), (32,))
            x = x + F.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x))
            return self.head(F.layer_norm(x, (32,)))

    return Attending()


@meant("3")
def table_of_small_values(_: bool) -> nn.Module:
    """A grid of features that start near 0 (Müller et al. 2022), and a perceptron behind it."""

    class Grid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(512, 16)
            nn.init.uniform_(self.table.weight, -1e-4, 1e-4)
            self.body = layers(16, 32, 32, 4)
            for layer in self.body:
                if isinstance(layer, nn.Linear):
                    nn.init.xavier_uniform_(layer.weight)
                    nn.init.zeros_(layer.bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            places = (x.abs() * torch.tensor([7.0, 57.0, 461.0])).sum(1).long() % 512
            return self.body(self.table(places))

    return Grid()


@meant("32")
def drawn_in_a_copy_that_is_kept(_: bool) -> nn.Module:
    """Fills what was computed from parameters, and makes a parameter of it."""
    model = layers(32, 32, 8)
    model[0].weight = nn.Parameter(nn.init.xavier_normal_(model[0].weight.clone()))
    with torch.no_grad():
        nn.init.zeros_(model[0].weight[:2].t())
        nn.init.xavier_normal_(model[0].weight[:2])
    return model
