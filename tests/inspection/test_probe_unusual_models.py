"""Models that run layers in unusual ways are measured right, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from inittui.errors import UsageError
from inittui.events.probes import Probe
from inittui.experiment.records import (
    DataConfig,
    Experiment,
    InspectionConfig,
    ModelConfig,
    TrainingConfig,
)
from inittui.inspection.probe import probe
from inittui.models.check import check_classifier
from inittui.training.engine import train
from inittui.training.prepared import prepare


def measured(model: nn.Module, inputs: torch.Tensor) -> Probe:
    labels = torch.arange(len(inputs)) % 3
    return probe(model, inputs, labels, percentile=99.9)


class Transposed(nn.Module):
    """Half of the units are dead, counted after their outputs were transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5, 4)
        self.last = nn.Linear(4 * 6, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.first(inputs).transpose(1, 2)  # [n, 4 units, 6 places]
        shift = torch.tensor([-1e3, 1e3, -1e3, 1e3]).view(4, 1)
        return self.last(F.relu(outputs + shift).flatten(1))


def test_units_are_found_again_where_outputs_are_transposed() -> None:
    first, _ = measured(Transposed(), torch.randn(8, 6, 5)).layers
    assert first.dead == 0.5


def test_a_parametrized_layer_has_gradients() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(6, 3)))
    inputs = torch.randn(8, 6)
    (layer,) = measured(model, inputs).layers
    weight = model[1].weight.detach().requires_grad_()
    loss = F.cross_entropy(F.linear(inputs, weight, model[1].bias), torch.arange(8) % 3)
    (wanted,) = torch.autograd.grad(loss, weight)
    assert layer.weight_gradients.count == 18
    assert float(layer.weight_gradients.std) == pytest.approx(wanted.std(correction=0).item(), 1e-4)


class Frozen(nn.Module):
    """Runs its first layer without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 4), nn.Linear(4, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            outputs = self.first(inputs)
        return self.last(outputs)


def test_a_part_without_gradients_has_none() -> None:
    first, last = measured(Frozen(), torch.randn(8, 6)).layers
    assert first.weight_gradients.count == first.pre_activation_gradients.count == 0
    assert last.weight_gradients.count == 12


@pytest.mark.parametrize("model", [nn.DataParallel, torch.jit.script])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_hides_its_layers_is_refused(model: type[nn.Module]) -> None:
    hidden = model(nn.Sequential(nn.Flatten(), nn.Linear(6, 3)))
    with pytest.raises(UsageError, match=r"mine:build has a .*: give what is in it"):
        check_classifier(hidden, torch.randn(2, 6), 3, ModelConfig(name="mine:build"))


CODE = """
from torch import nn

class Late(nn.Sequential):
    calls = 0
    def forward(self, inputs):
        if len(inputs) > 50:
            Late.calls += 1
            if Late.calls > LIMIT:
                raise ValueError("late")
        return super().forward(inputs)

def build():
    Late.calls = 0
    return Late(nn.Flatten(), nn.Linear(784, 10))
"""


@pytest.mark.parametrize("stack", ["auto", "off"])
@pytest.mark.parametrize(("limit", "inspect"), [(2, False), (0, True)])
def test_an_error_in_the_middle_is_told_as_theirs(
    tmp_path: Path, stack: str, limit: int, inspect: bool
) -> None:
    file = tmp_path / "late.py"
    file.write_text(CODE.replace("LIMIT", str(limit)))
    wanted = Experiment(
        ("rule",),
        model=ModelConfig(name=f"{file}:build"),
        data=DataConfig(limit=1_000),
        training=TrainingConfig(device="cpu", stack=stack),  # type: ignore[arg-type]
        inspection=InspectionConfig(before=inspect),
    )
    with pytest.raises(UsageError, match=r"ValueError: late \(.*late\.py, line 10\)"):
        list(train(prepare(wanted)))


class Spectral(nn.Module):
    """Its nonlinearity is of complex numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft(self.first(inputs))
        return self.last(torch.fft.irfft(torch.tanh(spectrum), n=8))


def test_a_complex_nonlinearity_is_measured_by_both_of_its_parts() -> None:
    torch.manual_seed(0)
    model, inputs = Spectral(), torch.randn(16, 5)
    first, _ = measured(model, inputs).layers
    parts = torch.view_as_real(torch.tanh(torch.fft.rfft(model.first(inputs)))).detach()
    assert (first.nonlinearity, first.dead, first.saturated) == ("tanh", None, None)
    assert first.activations.second_moment == pytest.approx(float(parts.square().mean()))
