"""The table of a model's layers: sizes, fans and sums against PyTorch's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.init import _calculate_fan_in_and_fan_out

from inittui.experiment.models import MODELS
from inittui.experiment.records import ModelConfig
from inittui.models.build import build
from inittui.models.summary import describe_layers


def total(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("layer", "inputs", "output"),
    [
        (nn.Linear(5, 3), (5,), (3,)),
        (nn.Conv2d(4, 6, 3), (4, 9, 8), (6, 7, 6)),
        (nn.Conv2d(4, 8, (3, 2), groups=4), (4, 9, 8), (8, 7, 7)),
        (nn.Conv1d(4, 6, 3, stride=2), (4, 9), (6, 4)),
        (nn.Conv3d(2, 4, 2, groups=2), (2, 3, 3, 3), (4, 2, 2, 2)),
        (nn.ConvTranspose2d(4, 6, 4, stride=2), (4, 3, 3), (6, 8, 8)),
        (nn.ConvTranspose1d(4, 6, 3, groups=2), (4, 5), (6, 7)),
    ],
)
def test_fans_and_shapes(layer: Any, inputs: tuple[int, ...], output: tuple[int, ...]) -> None:
    model = nn.Sequential(layer, nn.Tanh())
    row, after = describe_layers(model, torch.rand(2, *inputs))
    assert (row.fan_in, row.fan_out) == _calculate_fan_in_and_fan_out(layer.weight)
    assert (row.name, row.kind, row.output) == ("0", type(layer).__name__, output)
    assert row.parameters == total(layer)
    assert row.nonlinearity == "tanh"
    assert row.groups == getattr(layer, "groups", 1)
    assert row.transposed == ("Transpose" in row.kind)
    assert (after.kind, after.fan_in, after.nonlinearity) == ("Tanh", None, None)


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_our_models_add_up(name: str) -> None:
    shape = MODELS[name].input or (1, 28, 28)
    model = build(ModelConfig(name=name), shape, 10)
    rows = describe_layers(model, torch.rand(1, *shape))
    assert sum(row.parameters for row in rows) == total(model)
    assert [row.name for row in rows] == [name for name, _ in model.named_children()]


class Odd(nn.Module):
    """Shared weights, a parameter of its own, a layer that never runs, attention, a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(8))
        self.never = nn.Linear(8, 2)
        self.tied = nn.Linear(8, 8)
        self.first = nn.Linear(8, 8)
        self.tied.weight = self.first.weight
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.block = nn.Sequential(nn.Linear(8, 4), nn.Sequential(nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.tied(self.first(x) * self.scale)
        x, _ = self.attend(x, x, x)
        return self.block(x).mean(1)


def test_rows_of_an_odd_model() -> None:
    model = Odd()
    rows = {row.name: row for row in describe_layers(model, torch.rand(2, 5, 8))}
    assert sum(row.parameters for row in rows.values()) == total(model)
    assert list(rows)[:2] == ["first", "tied"]
    assert rows["first"].parameters == 72
    assert rows["tied"].parameters == 8
    assert rows[""].parameters == 8
    assert rows["attend"].parameters == 3 * 64 + 24
    assert rows["attend"].output is None
    assert rows["never"].output is None
    assert rows["never"].nonlinearity is None
    assert rows["block.0"].nonlinearity == "relu"
    assert "block" not in rows
    assert "block.1" not in rows
    assert "block.1.0" in rows


def test_it_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    describe_layers(model, torch.rand(4, 3))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
