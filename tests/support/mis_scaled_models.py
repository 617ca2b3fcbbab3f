"""Models through which signal or gradient doesn't pass well, and the same ones mended."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from tests.support.model_cases import Case, filled, layers, registering

MIS_SCALED: dict[str, Case] = {}
fault = registering(MIS_SCALED)


@fault("128", "I305", "I204")
def from_zero_to_one(mended: bool) -> nn.Module:
    low, high = (-0.2, 0.2) if mended else (0.0, 1.0)
    return filled(layers(128, 64, 10), lambda w: nn.init.uniform_(w, low, high))


@fault("256", "I301")
def mean_for_std(mended: bool) -> nn.Module:
    settings = {"std": 0.06} if mended else {"mean": 0.06}
    model = layers(256, 256, 256, 10, act=nn.Tanh)
    return filled(model, lambda w: nn.init.normal_(w, **settings))


@fault("3x24x24", "I302")
def depthwise_by_outputs(mended: bool) -> nn.Module:
    parts: list[nn.Module] = [nn.Conv2d(3, 64, 3), nn.ReLU()]
    for _ in range(2):
        parts += [nn.Conv2d(64, 64, 3, groups=64), nn.ReLU(), nn.Conv2d(64, 64, 1), nn.ReLU()]
    model = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for module in model:
        if isinstance(module, nn.Conv2d):
            mode: Any = "fan_in" if mended or module.groups == 1 else "fan_out"
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    return model


@fault("256x4x4", "I302")
def transposed_convolution(mended: bool) -> nn.Module:
    model = nn.Sequential(
        nn.ConvTranspose2d(256, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1)
    )

    def fill(weight: torch.Tensor) -> None:
        if mended:
            nn.init.normal_(weight, std=math.sqrt(2 / (weight.shape[0] * 4)))
        else:
            nn.init.kaiming_normal_(weight, nonlinearity="relu")

    return filled(model, fill, nn.ConvTranspose2d)


@fault("512", "I302")
def used_from_the_left(mended: bool) -> nn.Module:
    class Left(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Parameter(torch.empty(512, 32))
            self.two = nn.Parameter(torch.empty(32, 10))
            nn.init.kaiming_normal_(self.one.T if mended else self.one, nonlinearity="relu")
            nn.init.xavier_normal_(self.two)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.relu(x @ self.one) @ self.two

    return Left()


@fault("784", "I302")
def by_outputs(mended: bool) -> nn.Module:
    model = layers(784, 30, 10, act=nn.Sigmoid)
    return filled(model, lambda w: nn.init.normal_(w, std=w.shape[1 if mended else 0] ** -0.5))


@fault("256", "I303")
def root_left_out(mended: bool) -> nn.Module:
    power = 0.5 if mended else 1.0
    return filled(
        layers(256, 256, 256, 10), lambda w: nn.init.normal_(w, 0, (2 / w.shape[1]) ** power)
    )


@fault("64", "I304")
def bounds_are_values(mended: bool) -> nn.Module:
    bound = 0.24 if mended else 2.0
    return filled(
        layers(64, 64, 10), lambda w: nn.init.trunc_normal_(w, std=0.12, a=-bound, b=bound)
    )


@fault("128", "I401")
def default_in_depth(mended: bool) -> nn.Module:
    model = layers(*[128] * 21, 10)
    if mended:
        filled(model, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"))
        nn.init.xavier_normal_(model[-1].weight)
    return model


@fault("256", "I402", "I401")
def no_gain(mended: bool) -> nn.Module:
    model = layers(*[256] * 13, 10, act=nn.GELU)
    return filled(model, lambda w: nn.init.xavier_normal_(w, 1.48 if mended else 1.0))


@fault("256", "I402")
def grows_in_depth(mended: bool) -> nn.Module:
    model = layers(*[256] * 8, 10)
    gain = math.sqrt(2) if mended else 5.0
    filled(model, lambda w: nn.init.normal_(w, std=gain / math.sqrt(w.shape[1])))
    nn.init.normal_(model[-1].weight, std=1e-3)
    return model


@fault("pos:256", "I404")
def dead_with_positive_inputs(mended: bool) -> nn.Module:
    model = layers(256, 64, 64, 10)
    with torch.no_grad():
        if mended:
            model[0].weight -= model[0].weight.mean(1, keepdim=True)
        else:
            for index in (0, 2):
                model[index].weight -= 0.03
    return model


@fault("64", "I407")
def both_factors_zero(mended: bool) -> nn.Module:
    class Lora(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base = nn.Linear(64, 64).requires_grad_(False)
            self.first = nn.Parameter(torch.zeros(4, 64))
            self.second = nn.Parameter(torch.zeros(64, 4))
            if mended:
                nn.init.kaiming_uniform_(self.first)
            self.head = nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(F.relu(self.base(x) + x @ self.first.T @ self.second.T))

    return Lora()


@fault("ids:16:400", "I408")
def tied_head(mended: bool) -> nn.Module:
    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.norm = nn.Embedding(400, 256), nn.LayerNorm(256)
            self.inner = nn.Linear(256, 256)
            self.head = nn.Linear(256, 400, bias=False)
            self.head.weight = self.embedding.weight
            if mended:
                nn.init.normal_(self.embedding.weight, std=1 / 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hidden = self.embedding(x)
            return self.head(self.norm(hidden + F.gelu(self.inner(hidden))))

    return Language()


@fault("16", "I409")
def exponential_of_an_exponential(mended: bool) -> nn.Module:
    class Exponential(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(16, 16), nn.Linear(16, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.one(x)
            return self.two(torch.tanh(x) if mended else (x.abs() + 9).exp().exp())

    return Exponential()


@fault("1024", "I302")
def own_linear_by_its_outputs(mended: bool) -> nn.Module:
    class Own(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(outputs, inputs))
            nn.init.normal_(self.weight, std=math.sqrt(2 / (inputs if mended else outputs)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.linear(x, self.weight)

    return nn.Sequential(Own(1024, 48), nn.ReLU(), Own(48, 512), nn.ReLU(), nn.Linear(512, 10))


@fault("3x16x16", "I407")
def norms_of_the_trunk_at_zero(mended: bool) -> nn.Module:
    parts: list[nn.Module] = []
    for given in (3, 16):
        norm = nn.GroupNorm(4, 16)
        nn.init.constant_(norm.weight, float(mended))
        parts += [nn.Conv2d(given, 16, 3, padding=1), norm, nn.ReLU()]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


@fault("ids:32:500", "I401")
def places_drown_what_stands_there(mended: bool) -> nn.Module:
    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.norm = nn.Embedding(500, 64), nn.LayerNorm(64)
            nn.init.normal_(self.table.weight, std=0.02)
            self.places = nn.Parameter(torch.randn(32, 64) * (0.02 if mended else 1.0))
            self.inner, self.head = nn.Linear(64, 64), nn.Linear(64, 500)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(F.gelu(self.inner(self.norm(self.table(x) + self.places))))

    return Language()


@fault("64", "I404")
def biases_far_below(mended: bool) -> nn.Module:
    model = layers(64, 128, 128, 10)
    filled(model, functools.partial(nn.init.kaiming_normal_, nonlinearity="relu"))
    if not mended:
        for index in (0, 2):
            nn.init.constant_(model[index].bias, -4.0)
    return model


def _beyond_bounds(act: Callable[[], nn.Module]) -> Callable[[bool], nn.Module]:
    def build(mended: bool) -> nn.Module:
        model = layers(64, 64, 64, 10, act=act)
        filled(model, nn.init.xavier_normal_)
        if not mended:
            nn.init.normal_(model[2].weight, std=8.0)
        return model

    return build


class _Clamp(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.clamp(-1, 1)


for _act in (nn.Hardtanh, nn.Hardsigmoid, _Clamp):
    _build = _beyond_bounds(_act)
    _build.__name__ = f"beyond_the_bounds_of_{_act.__name__.strip('_').lower()}"
    fault("64", "I405")(_build)


@fault("128", "I204")
def from_zero_to_one_in_few_digits(mended: bool) -> nn.Module:
    return from_zero_to_one(mended).to(torch.bfloat16)


@fault("64", "I204")
def one_value_but_for_little_noise(mended: bool) -> nn.Module:
    std = 0.1 if mended else 1e-6
    return filled(
        layers(64, 64, 64, 10), lambda w: nn.init.normal_(w, 0.0 if mended else 0.05, std)
    )
