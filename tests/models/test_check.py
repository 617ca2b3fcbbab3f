"""Models whose numbers aren't float32, and whose backward pass is out of the ordinary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from inittui.errors import UsageError
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.results.state import RunState, fold
from inittui.training.engine import train
from inittui.training.prepared import prepare

CODE = """
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Cast(nn.Module):
    def __init__(self, dtype="bfloat16", wide=24):
        super().__init__()
        self.a, self.b = nn.Linear(784, wide), nn.Linear(wide, 10)
        self.dtype = getattr(torch, dtype)

    def forward(self, x):
        return self.b(self.a(x.flatten(1)).tanh()).to(self.dtype)


class Autocast(Cast):
    def forward(self, x):
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return super().forward(x)


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 7, stride=7)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.stem(x.to(torch.float16)).flatten(1))


class Again(nn.Module):
    def __init__(self, reentrant=True):
        super().__init__()
        self.first, self.second = nn.Linear(784, 16), nn.Linear(16, 10)
        self.reentrant = reentrant

    def forward(self, x):
        x = self.first(x.flatten(1)).relu()
        return checkpoint(self.second, x, use_reentrant=self.reentrant)


class WholeBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        if not torch.autograd._is_checkpoint_valid():
            raise RuntimeError("only .backward() is supported")
        return gradient


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(784, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.head(WholeBackward.apply(self.body(x.flatten(1))))


class Waves(nn.Module):
    def __init__(self):
        super().__init__()
        self.waves = nn.Parameter(torch.randn(28, 10, dtype=torch.complex64))

    def forward(self, x):
        return (x.mean((1, 2)) @ self.waves.real)


class Rotary(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("turns", torch.polar(torch.ones(14), torch.arange(14.0)))
        self.head = nn.Linear(28, 10)

    def forward(self, x):
        x = torch.view_as_complex(x.mean((1, 2)).reshape(-1, 14, 2)) * self.turns
        return self.head(torch.view_as_real(x).flatten(1))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "numbers_own.py"
    path.write_text(CODE)
    return path


def trained(place: Path, name: str, **arguments: Any) -> RunState:
    wanted = Experiment(
        ("built", "rule"),
        model=ModelConfig(f"{place}:{name}", arguments=arguments),
        data=DataConfig(limit=250),
        training=TrainingConfig(epochs=1, device="cpu"),
        inspection=InspectionConfig(before=True, after=True, images=32),
    )
    return fold(train(prepare(wanted)))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Cast", {}), ("Cast", {"dtype": "float16"}), ("Autocast", {}),
        ("Again", {}), ("Again", {"reentrant": False}), ("Custom", {}), ("Rotary", {}),
    ],
)  # fmt: skip
def test_such_models_train_and_are_measured(
    place: Path, name: str, arguments: dict[str, Any]
) -> None:
    state = trained(place, name, **arguments)
    for trial in state.trials:
        assert trial.status == "finished"
        probe = trial.probes[0].probe
        assert len(probe.layers) == (1 if name == "Rotary" else 2)
        assert all(layer.weight_gradients.count for layer in probe.layers)


def test_complex_parameters_are_refused_by_name(place: Path) -> None:
    with pytest.raises(UsageError, match="parameter 'waves' is complex"):
        trained(place, "Waves")


def test_complex_buffers_stay_complex(place: Path) -> None:
    wanted = Experiment(("built",), model=ModelConfig(f"{place}:Rotary"), data=DataConfig(limit=50))
    (variant,) = prepare(wanted).variants
    model, _ = variant.model(variant.trials[0])
    assert model.get_buffer("turns").dtype == torch.complex64


def test_inputs_cast_to_half_are_told_that_parameters_are_not(place: Path) -> None:
    with pytest.raises(UsageError, match=r"all parameters are float32 here.*don't cast"):
        trained(place, "Stem")
