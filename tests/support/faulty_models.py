"""Models with one fault each, and the same ones mended: in what is written, copied or connected."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.support.model_cases import Case, filled, layers, registering

FAULTS: dict[str, Case] = {}
fault = registering(FAULTS)


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
def filled_behind_a_norm_of_weights(mended: bool) -> nn.Module:
    """What weight_norm gives is computed from its own two parameters at each pass."""
    model = layers(32, 32, 10)
    if mended:
        filled(model, nn.init.xavier_normal_)
    nn.utils.parametrizations.weight_norm(model[0])
    if not mended:
        filled(model, nn.init.xavier_normal_)
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
