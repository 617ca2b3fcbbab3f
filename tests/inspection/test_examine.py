"""Anyone's model is looked at, and left as it was."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from inittui.inspection.examine import examine
from inittui.results.checking import judge


class Unsteady(nn.Module):
    """Writes to all that it keeps while it runs, and may fail at one of its layers."""

    def __init__(self, fails_at: int = 99) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        self.norm = nn.BatchNorm1d(8)
        self.gate = nn.Parameter(torch.zeros(8))
        self.count: torch.Tensor
        self.register_buffer("count", torch.zeros(1))
        self.cache: Any = None
        self.seen: list[int] = []
        self.fails_at = fails_at
        self.layers[1].weight.requires_grad_(False)
        self.layers[0].eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        with torch.no_grad():
            self.layers[0].weight.mul_(1.5)
        self.cache = x
        self.seen.append(len(x))
        for place, layer in enumerate(self.layers):
            if place == self.fails_at:
                raise ValueError("theirs")
            x = F.relu(layer(x))
        np.random.rand(), random.random(), torch.rand(1)
        return x + self.gate * self.norm(x)


def state(model: Unsteady) -> list[Any]:
    tensors = [*model.parameters(), *model.buffers()]
    return [
        *(each.detach().numpy().tobytes() for each in tensors),
        *((id(each), each.requires_grad, id(each.grad)) for each in model.parameters()),
        *(module.training for module in model.modules()),
        *(len(module._forward_hooks) for module in model.modules()),
        id(model.cache), list(model.seen), torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(), random.getstate(), sys.getprofile(),
        torch.is_grad_enabled(),
    ]  # fmt: skip


@pytest.mark.parametrize("fails_at", [0, 1, 2, 99])
def test_a_model_is_left_bitwise_as_it_was(fails_at: int) -> None:
    torch.manual_seed(1)
    model = Unsteady(fails_at)
    model.layers[2].weight.grad = torch.ones(8, 8)
    before = state(model)
    facts = examine(model, "8")
    assert state(model) == before
    assert facts.failure == ("" if fails_at == 99 else "ValueError: theirs")


class Named(NamedTuple):
    logits: torch.Tensor
    hidden: torch.Tensor


class Several(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.image = nn.Embedding(20, 8), nn.Conv2d(3, 8, 3)

    def forward(self, ids: torch.Tensor, image: torch.Tensor) -> dict[str, Any]:
        both = self.words(ids).mean(1) + self.image(image).mean((2, 3))
        return {"out": Named(both, both * 2), "none": None, "text": "said"}


class Talking(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)
        self.other = torch.Generator().manual_seed(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x + torch.rand(x.shape, generator=self.other))


class Leaving(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, _x: torch.Tensor) -> torch.Tensor:
        sys.exit(3)


class OnCuda(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not torch.cuda.is_available():
            raise RuntimeError("no CUDA here")
        return self.layer(x)


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 4, dtype=torch.complex64) * 0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.to(torch.complex64) @ self.weight).abs()


def layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4))


def quantized() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(layers(), {nn.Linear}, dtype=torch.qint8)


UNUSUAL: dict[str, tuple[Callable[[], nn.Module], Any, str]] = {
    "half": (lambda: layers().half(), "8", ""),
    "bfloat16": (lambda: layers().bfloat16(), "8", ""),
    "double": (lambda: layers().double(), "8", ""),
    "complex": (Complex, "8", ""),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(4)), "8", ""),
    "compiled": (lambda: torch.compile(layers()), "8", ""),  # type: ignore[dict-item]
    "several": (Several, ["ids=ids:5:20", "image=3x8x8"], ""),
    "several by place": (Several, ["ids:5:20", "3x8x8"], ""),
    "another generator": (Talking, "8", ""),
    "scripted": (lambda: torch.jit.script(layers()), "8", ""),
    "wrapped": (lambda: nn.DataParallel(layers()), "8", ""),
    "empty": (lambda: nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 0)), "8", ""),
    "exit": (Leaving, "8", "SystemExit: 3"),
    "cuda": (OnCuda, "8", "RuntimeError: no CUDA here"),
    "meta": (lambda: layers().to("meta"), "8", "it has tensors without values"),
    "no input": (nn.Identity, None, "no input is known: give one with --input"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_models_are_looked_at_or_told_in_one_line(name: str) -> None:
    build, inputs, failure = UNUSUAL[name]
    facts = examine(build, inputs, once=True)
    assert facts.failure == failure
    assert [x.code for x in judge(facts) if x.severity != "note"] == ["I602"] * (name == "meta")


@pytest.mark.filterwarnings("ignore")
def test_quantized_layers_are_no_parameters_and_stop_nothing() -> None:
    facts = examine(quantized, "8", once=True)
    assert judge(facts) == ()


def test_fans_are_those_of_the_operation() -> None:
    class Uses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.grouped = nn.Conv2d(8, 16, 3, groups=4)
            self.up = nn.ConvTranspose2d(16, 4, 4, 2)
            self.left = nn.Parameter(torch.randn(4, 5) * 0.1)
            self.summed = nn.Parameter(torch.randn(3, 5) * 0.1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.up(self.grouped(x)).mean((2, 3))
            return torch.einsum("nk,ok->no", x @ self.left, self.summed)

    facts = examine(Uses, "8x6x6", once=True)
    fans = {use.parameter: (use.fan_in, use.fan_out, use.operation) for use in facts.uses}
    assert fans == {
        "grouped.weight": (18, 36, "convolution"),
        "up.weight": (64, 64, "transposed convolution"),
        "left": (4, 5, "linear"),
        "summed": (5, 3, "linear"),
    }


def test_what_lies_behind_a_product_is_seen() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = (nn.Linear(8, 8) for _ in range(3))
            self.d, self.norm, self.out = nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.norm(self.a(x))
            x = x + self.b(x)
            return self.out(torch.sigmoid(self.c(x)) * F.relu(self.d(x)))

    uses = {use.parameter: use for use in examine(Block, "8", once=True).uses}
    assert "norm" in uses["a.weight"].behind
    assert "addition" in uses["b.weight"].behind
    assert uses["c.weight"].is_in_gate
    assert uses["out.weight"].is_last
    assert not any(use.is_trunk for use in uses.values())


def test_inputs_are_guessed_by_the_first_layer() -> None:
    facts = examine(layers, None, once=True)
    assert (facts.inputs, facts.inputs_from) == (("8",), "guessed by its first layer")
    assert facts.passed is not None


def test_guessed_ids_are_told_by_the_vocabulary_not_by_the_largest_that_was_drawn() -> None:
    facts = examine(lambda: nn.Embedding(50_257, 4), None, once=True)
    assert facts.inputs == ("ids:16:50257",)


def test_of_what_has_no_values_no_input_is_told() -> None:
    facts = examine(lambda: layers().to("meta"), "8", once=True)
    assert (facts.inputs, facts.inputs_from) == ((), "")


def test_a_large_batch_passes_forward_whole_and_back_in_part() -> None:
    class Seen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3, stride=8), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            sizes.append(len(x))
            return self.head(self.conv(x).relu().mean((2, 3)))

    sizes: list[int] = []
    facts = examine(Seen(), torch.randn(16, 3, 128, 128))
    assert sizes == [16, 5]
    assert facts.passed is not None
    assert facts.passed.samples == 16
    assert (facts.never, facts.cut) == ((), ())
    sizes.clear()
    whole = examine(Seen(), torch.randn(16, 3, 32, 32))
    assert sizes == [16]
    assert whole.passed is not None


def test_a_model_that_differentiates_on_its_way_is_passed_as_a_whole() -> None:
    class Force(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = nn.Linear(65_536, 4), nn.Linear(4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            energy = self.outer(self.inner(x).tanh()).sum()
            return torch.autograd.grad(energy, x, create_graph=True)[0]

    facts = examine(Force(), torch.randn(16, 65_536))
    assert facts.failure == ""
    assert facts.passed is not None
    assert facts.passed.samples == 16
    assert facts.never == ()


def test_seven_billion_parameters_on_meta_take_seconds() -> None:
    def build() -> nn.Module:
        with torch.device("meta"):
            return nn.Sequential(*[nn.Linear(16_384, 16_384) for _ in range(26)])

    facts = examine(build, "16384")
    assert facts.parameters > 6e9
    assert [x.code for x in judge(facts)] == ["I602"]
