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
