"""Models with one fault each, and the same ones mended; and what only looks like a fault."""

from __future__ import annotations

import copy
import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Case:
    """One fault."""

    build: Callable[[bool], nn.Module]
    """Takes whether the fault is mended."""
    input: str
    expected: tuple[str, ...]
    """Codes of which one must be found; none: nothing may be."""
    rebuilds: bool = False
    """Whether it takes more than one build to see it."""


FAULTS: dict[str, Case] = {}
MEANT: dict[str, Case] = {}
"""What is as it should be, and looks odd."""


def fault(input: str, *expected: str, rebuilds: bool = False) -> Callable[[Any], Any]:
    def register(build: Callable[[bool], nn.Module]) -> Callable[[bool], nn.Module]:
        cases = FAULTS if expected else MEANT
        cases[build.__name__] = Case(build, input, expected, rebuilds)
        return build

    return register


def layers(*sizes: int, act: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers with nonlinearities between them."""
    parts: list[nn.Module] = []
    for given, made in itertools.pairwise(sizes):
        parts += [nn.Linear(given, made), act()]
    return nn.Sequential(*parts[:-1])


def filled(model: nn.Module, fill: Callable[[torch.Tensor], Any], kind: Any = nn.Linear) -> Any:
    """Fill all weights of a kind, and set the biases to 0."""
    for module in model.modules():
        if isinstance(module, kind):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model


class Product(nn.Module):
    """A layer and a bare matrix."""

    def __init__(self, inputs: int, inner: int, fill: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, inner)
        self.matrix = nn.Parameter(torch.empty(inner, 10))
        fill(self.matrix)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.first(x)) @ self.matrix


def nothing(_tensor: torch.Tensor) -> None:
    """Fill nothing."""


@fault("32", "I002")
def never_written(mended: bool) -> nn.Module:
    return Product(32, 32, nn.init.xavier_uniform_ if mended else nothing)


@fault("32", "I002")
def emptied_and_not_reset(mended: bool) -> nn.Module:
    with torch.device("meta"):
        model = layers(32, 64, 10)
    model.to_empty(device="cpu")
    for module in model if mended else ():
        if isinstance(module, nn.Linear):
            module.reset_parameters()
    return model


@fault("32", "I602")
def left_on_meta(mended: bool) -> nn.Module:
    last = nn.Linear(64, 10, device=None if mended else "meta")
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), last)


@fault("32", "I001")
def logarithm_of_zero(mended: bool) -> nn.Module:
    return Product(
        32, 32, lambda w: w.data.uniform_(-0.3, 0.3) if mended else w.data.zero_().log_()
    )


@fault("32", "I003")
def implausible_scale(mended: bool) -> nn.Module:
    return Product(32, 32, lambda w: nn.init.normal_(w, std=0.1 if mended else 2e3))


@fault("32", "I004")
def too_small_for_half(mended: bool) -> nn.Module:
    model = layers(32, 64, 10)
    return filled(model, lambda w: nn.init.normal_(w, std=0.1 if mended else 2e-6)).half()


def draw(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.15)
        nn.init.zeros_(module.bias)


@fault("32", "I103")
def loaded_then_drawn(mended: bool) -> nn.Module:
    saved, model = layers(32, 64, 10).state_dict(), layers(32, 64, 10)
    if mended:
        model.apply(draw)
    model.load_state_dict(saved)
    if not mended:
        model.apply(draw)
    return model


@fault("64", "I101")
def partial_takes_the_module_last(mended: bool) -> nn.Module:
    def weights_init(low: float, high: float, module: Any) -> None:
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, low, high)

    def weights_init_wrong(module: Any, low: float = 0.0, high: float = 1.0) -> None:
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, low, high)

    model = layers(64, 64, 10)
    model.apply(functools.partial(weights_init if mended else weights_init_wrong, -0.15, 0.15))
    return model


@fault("32", "I101")
def looks_for_another_class(mended: bool) -> nn.Module:
    wanted = nn.Linear if mended else nn.Conv2d

    def init_weights(module: nn.Module) -> None:
        if isinstance(module, wanted):
            nn.init.xavier_uniform_(module.weight)

    return layers(32, 64, 10).apply(init_weights)


@fault("32", "I104")
def special_then_general(mended: bool) -> nn.Module:
    model = layers(32, 64, 10)
    nn.init.orthogonal_(model[0].weight)
    if not mended:
        for index in (0, 2):
            nn.init.xavier_normal_(model[index].weight)
    return model


@fault("32", "I105", rebuilds=True)
def another_generator(mended: bool) -> nn.Module:
    model = layers(32, 32, 4)
    generator: Any = np.random if mended else np.random.default_rng()
    values = generator.normal(0, 0.2, (32, 32)).astype("float32")
    model[0].weight.data.copy_(torch.from_numpy(values))
    return model


@fault("32", "I106", rebuilds=True)
def a_seed_of_its_own(mended: bool) -> nn.Module:
    if not mended:
        torch.manual_seed(5)
    return layers(32, 64, 10)


@fault("64", "I201")
def all_ones(mended: bool) -> nn.Module:
    return filled(layers(64, 64, 10), nn.init.xavier_uniform_ if mended else nn.init.ones_)


@fault("64", "I201", "I407")
def all_zeros(mended: bool) -> nn.Module:
    return filled(layers(64, 64, 10), nn.init.xavier_uniform_ if mended else nn.init.zeros_)


@fault("12x32", "I202")
def copied_after_drawing(mended: bool) -> nn.Module:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    model = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
    if mended:
        for parameter in model.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
    return model


@fault("32", "I202", "I203")
def one_seed_for_each(mended: bool) -> nn.Module:
    def fill(weight: torch.Tensor) -> None:
        generator = None if mended else torch.Generator().manual_seed(5)
        weight.data.normal_(0, 0.18, generator=generator)

    return filled(layers(32, 32, 32, 10, act=nn.Tanh), fill)


@fault("64", "I203")
def one_stream_for_other_scales(mended: bool) -> nn.Module:
    def fill(weight: torch.Tensor) -> None:
        generator = None if mended else torch.Generator().manual_seed(5)
        weight.data.normal_(0, weight.shape[1] ** -0.5, generator=generator)

    return filled(layers(64, 32, 16, act=nn.Tanh), fill)


@fault("32", "I205")
def one_block_in_all_places(mended: bool) -> nn.Module:
    blocks = [nn.Linear(32, 32), nn.Linear(32, 32)] if mended else [nn.Linear(32, 32)] * 2
    return nn.Sequential(blocks[0], nn.Tanh(), blocks[1])


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


@fault("12x16", "I501")
def both_forget_biases(mended: bool) -> nn.Module:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.LSTM(16, 32, batch_first=True), nn.Linear(32, 5)
            with torch.no_grad():
                for name, bias in self.rnn.named_parameters():
                    if "bias" in name:
                        bias.zero_()
                        if "ih" in name or not mended:
                            bias[32:64] = 1.0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.rnn(x)[0][:, -1])

    return Recurrent()


@fault("32", "I502")
def doubling_residuals(mended: bool) -> nn.Module:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(nn.Linear(32, 32) for _ in range(12))
            self.head = nn.Linear(32, 4)
            for each in self.blocks:
                nn.init.orthogonal_(each.weight, 0.2 if mended else 1.8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for each in self.blocks:
                x = x + each(x)
            return self.head(x)

    return Residual()


@fault("ids:12:50", "I504")
def padding_drawn(mended: bool) -> nn.Module:
    embedding = nn.Embedding(50, 16, padding_idx=0)
    if not mended:
        nn.init.normal_(embedding.weight, std=0.3)
    return nn.Sequential(embedding, nn.Flatten(), nn.Linear(192, 4))


@fault("3x16x16", "I505")
def norms_drawn(mended: bool) -> nn.Module:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(2304, 10),
    )  # fmt: skip
    for parameter in model.parameters():
        if parameter.dim() > 1 or not mended:
            nn.init.normal_(parameter, std=0.05)
    return model


@fault("32", "I605")
def softmax_at_the_end(mended: bool) -> nn.Module:
    model = layers(32, 64, 10)
    return model if mended else nn.Sequential(*model, nn.Softmax(1))


@fault("32", "I606")
def layers_in_a_list(mended: bool) -> nn.Module:
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inner = [nn.Linear(32, 32) for _ in range(2)]
            self.inner: Any = nn.ModuleList(inner) if mended else inner
            self.head = nn.Linear(32, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for each in self.inner:
                x = F.relu(each(x))
            return self.head(x)

    return Listed()


class Branch(nn.Module):
    """What adds a branch to its input, times a gate."""

    def __init__(self, inner: nn.Module, gate: nn.Parameter | None = None) -> None:
        super().__init__()
        self.inner, self.gate = inner, gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + (self.inner(x) if self.gate is None else self.gate * self.inner(x))


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


@fault("ids:16:200", "I104")
def drawn_again_after_tying(mended: bool) -> nn.Module:
    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = nn.Embedding(200, 64), nn.Linear(64, 200, bias=False)
            self.inner = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))
            nn.init.normal_(self.table.weight, std=0.02)
            self.head.weight = self.table.weight
            for module in self.modules():
                if isinstance(module, nn.Linear) and not (mended and module is self.head):
                    nn.init.xavier_normal_(module.weight)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.inner(self.table(x)))

    return Language()


@fault("64", "I102")
def replaced_after_drawing(mended: bool) -> nn.Module:
    model = layers(64, 128, 128, 10)
    for _ in range(2 if mended else 1):
        filled(model, functools.partial(nn.init.kaiming_normal_, nonlinearity="relu"))
        if len(model[4].bias) == 10:
            model[4] = nn.Linear(128, 5)
    return model


@fault("3x16x16", "I407")
def norms_of_the_trunk_at_zero(mended: bool) -> nn.Module:
    parts: list[nn.Module] = []
    for given in (3, 16):
        norm = nn.GroupNorm(4, 16)
        nn.init.constant_(norm.weight, float(mended))
        parts += [nn.Conv2d(given, 16, 3, padding=1), norm, nn.ReLU()]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class Experts(nn.Module):
    """A mixture of four, as modules or as one stack."""

    def __init__(self, stack: torch.Tensor | None, experts: list[nn.Module]) -> None:
        super().__init__()
        self.router, self.head = nn.Linear(32, 4), nn.Linear(32, 5)
        self.stack = None if stack is None else nn.Parameter(stack)
        self.experts = nn.ModuleList(experts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        given = [] if self.stack is None else [x @ each for each in self.stack]
        given += [each(x) for each in self.experts]
        return self.head((torch.stack(given, -1) * self.router(x).softmax(-1)[:, None]).sum(-1))


@fault("32", "I202")
def experts_copied(mended: bool) -> nn.Module:
    one = nn.Linear(32, 32)
    return Experts(None, [nn.Linear(32, 32) if mended else copy.deepcopy(one) for _ in range(4)])


@fault("32", "I202")
def experts_in_one_stack(mended: bool) -> nn.Module:
    stack = torch.randn(4, 32, 32) if mended else torch.randn(32, 32).repeat(4, 1, 1)
    return Experts(stack / math.sqrt(32), [])


@fault("32", "I101")
def drew_a_copy(mended: bool) -> nn.Module:
    def init_weights(module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            weight = module.weight.detach()
            nn.init.xavier_uniform_(weight if mended else weight.clone())

    return layers(32, 64, 10).apply(init_weights)


def init_weights(model: nn.Module, is_in_place: bool) -> None:
    """Make weights orthogonal: in double precision, or where they are."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            weight = module.weight.detach()
            nn.init.orthogonal_(weight if is_in_place else weight.double())


@fault("32", "I101")
def drew_in_another_precision(mended: bool) -> nn.Module:
    model = layers(32, 64, 10)
    init_weights(model, mended)
    return model


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


@fault("32")
def registered_after_drawing(_: bool) -> nn.Module:
    return Kept()


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


@fault("64")
def rezero(_: bool) -> nn.Module:
    def branch() -> Branch:
        inner = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
        return Branch(inner, nn.Parameter(torch.zeros(1)))

    return nn.Sequential(*[branch() for _ in range(16)], nn.Linear(64, 10))


@fault("8x16x16")
def zero_gamma(_: bool) -> nn.Module:
    def branch() -> Branch:
        norm = nn.BatchNorm2d(8)
        nn.init.zeros_(norm.weight)
        return Branch(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), norm))

    return nn.Sequential(*[branch() for _ in range(4)], nn.Flatten(), nn.Linear(2048, 10))


@fault("64")
def zero_head(_: bool) -> nn.Module:
    model = layers(64, 128, 10)
    nn.init.kaiming_normal_(model[0].weight)
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    return model


@fault("64")
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


@fault("16x32")
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


@fault("ids:16:300")
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


@fault("5x32")
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
