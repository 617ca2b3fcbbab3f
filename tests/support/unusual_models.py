"""Faults in models of less usual kinds, and the same ones mended."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.support.model_cases import Case, filled, layers, registering

UNUSUAL: dict[str, Case] = {}
fault = registering(UNUSUAL)


@fault("12", "I402")
def generated_weights(mended: bool) -> nn.Module:
    """A hypernetwork: what it generates has the variance of outputs, not of weights."""

    class Hyper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = filled(layers(12, 64, 64), nn.init.kaiming_normal_)
            self.heads = nn.ModuleList(nn.Linear(64, 48 * 48) for _ in range(8))
            for head in self.heads:
                nn.init.normal_(head.weight, std=math.sqrt((2 / 48 if mended else 2) / 32))
                nn.init.zeros_(head.bias)

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            h = self.body(z).relu()
            x = torch.ones(len(z), 5, 48) / 7
            for head in self.heads:
                x = torch.bmm(x, head(h).view(-1, 48, 48)).relu()
            return x

    return Hyper()


@fault("6", "I408")
def mixture_sure_of_a_part(mended: bool) -> nn.Module:
    class Mixture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = filled(layers(6, 128, 128), nn.init.kaiming_normal_)
            self.parts, self.means = nn.Linear(128, 8), nn.Linear(128, 8)
            for head in (self.parts, self.means):
                nn.init.normal_(head.weight, std=0.05 if mended else 2.0)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            h = self.body(x).relu()
            return self.parts(h).log_softmax(-1), self.means(h)

    return Mixture()


@fault("16x64", "I405")
def one_hot_attention(mended: bool) -> nn.Module:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(64)
            self.query, self.key, self.value = (
                nn.Parameter(torch.randn(64, 64) * std)
                for std in ((0.1, 0.1, 0.1) if mended else (1.0, 1.0, 0.1))
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            z = self.norm(x)
            scores = (z @ self.query) @ (z @ self.key).transpose(-2, -1) / 8
            mask = torch.full((16, 16), -1e9).triu(1)
            return x + (scores + mask).softmax(-1) @ (z @ self.value)

    return nn.Sequential(*[Attending() for _ in range(3)], nn.LayerNorm(64), nn.Linear(64, 8))


@fault("12x40", "I301")
def gates_forced_open(mended: bool) -> nn.Module:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = nn.GRU(40, 96, batch_first=True), nn.Linear(96, 5)
            for name, parameter in self.rnn.named_parameters():
                if "weight" in name:
                    nn.init.normal_(parameter, std=0.1 if mended else 1.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(self.rnn(x)[0][:, -1])

    return Recurrent()


@fault("20", "I101", rebuilds=True)
def names_of_another_wrapper(mended: bool) -> nn.Module:
    torch.manual_seed(7)
    kept = {f"{'' if mended else 'module.'}{n}": x for n, x in _normed().state_dict().items()}
    model = nn.Sequential(_normed(), nn.Linear(8, 3))
    model[0].load_state_dict(kept, strict=False)
    return model


def _normed() -> nn.Sequential:
    return nn.Sequential(nn.Linear(20, 8), nn.BatchNorm1d(8), nn.ReLU())


@fault("8", "I406")
def zeros_before_zeros(mended: bool) -> nn.Module:
    """The last layer may start at 0, the first mustn't."""
    model = layers(8, 32, 32, 4, act=nn.Tanh)
    nn.init.zeros_(model[4].weight)
    if not mended:
        nn.init.zeros_(model[0].weight)
    return model


@fault("5x32", "I302")
def stacked_experts(mended: bool) -> nn.Module:
    """torch takes a stack of matrices for a convolution's weight, of many more inputs."""

    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(6, 32, 64))
            self.gate, self.out = nn.Linear(32, 6), nn.Linear(64, 3)
            if mended:
                for each in self.weight.data:
                    nn.init.kaiming_uniform_(each.T, nonlinearity="relu")
            else:
                nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hidden = torch.einsum("btd,edh->bteh", x, self.weight).relu()
            mixed = (self.gate(x).softmax(-1).unsqueeze(-1) * hidden).sum(2)
            return self.out(F.layer_norm(mixed, (64,)))

    return Experts()


@fault("9", "I403")
def root_of_zero(mended: bool) -> nn.Module:
    class Distance(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.out = layers(9, 16, 16), nn.Linear(1, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.body(x)
            near = ((h - h.flip(0).flip(0)) ** 2).sum(1, keepdim=True)
            return self.out((near + (1e-6 if mended else 0)).sqrt() + h[:, :1])

    return Distance()


@fault("ids:32:1000", "I401")
def positions_that_drown_tokens(mended: bool) -> nn.Module:
    class Placed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.positions = nn.Embedding(1000, 64), nn.Embedding(32, 64)
            layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, norm_first=True)
            self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            for parameter in self.body.parameters():
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
            self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 1000)
            nn.init.normal_(self.tokens.weight, std=0.02)
            nn.init.normal_(self.positions.weight, std=0.02 if mended else 1.0)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
            return self.head(self.norm(self.body(x)))

    return Placed()
