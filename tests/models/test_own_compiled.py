"""Models that were compiled, quantized or keep functions of their own: written as they compute."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inittui.errors import UsageError
from inittui.experiment.records import ModelConfig
from inittui.models.build import build
from inittui.training.planning import plan_stacks
from inittui.training.prepared import Variant, prepare
from tests.support.trials import experiment, run

CODE = """
import functools
import threading
import torch
from torch import nn
from torch.ao import quantization

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 6), nn.ReLU(), nn.Linear(6, 10))

def whole():
    return torch.compile(net())

def layer():
    model = net()
    model[1] = torch.compile(model[1])
    return model

def in_place():
    model = net()
    model.compile()
    model[3].compile()
    return model

class Keeps(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.a, self.b = nn.Linear(784, 6), nn.Linear(6, 10)
        inner = [lambda x: self.run(x)]
        self.run_it = {
            "lambda": lambda x: self.b(self.a(x.flatten(1)).relu()),
            "partial": functools.partial(Keeps.run, self),
            "method": self.run,
            "compiled": torch.compile(self.run),
            "hidden": lambda x: inner[0](x),
        }[kind]

    def run(self, x):
        return self.b(self.a(x.flatten(1)).relu())

    def forward(self, x):
        return self.run_it(x)

class Locked(Keeps):
    def __init__(self):
        super().__init__("method")
        self.lock = threading.Lock()

def aware(layers=1):
    model = nn.Sequential(
        quantization.QuantStub(), nn.Flatten(), *net()[1:], quantization.DeQuantStub()
    ).train()
    model.qconfig = quantization.get_default_qat_qconfig("fbgemm")
    return quantization.prepare_qat(model)

def converted():
    return quantization.quantize_dynamic(nn.Sequential(net(), nn.LayerNorm(10)), {nn.Linear})
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "compiled.py"
    path.write_text(CODE)
    return path


def variant(name: str, *schemes: str, **arguments: str) -> Variant:
    model = ModelConfig(name=name, arguments=dict(arguments))
    [found] = prepare(experiment(schemes, images=100, model=model)).variants
    return found


@pytest.mark.parametrize("name", ["whole", "layer", "in_place"])
def test_a_compiled_model_is_the_same_as_without(file: Path, name: str) -> None:
    found = variant(f"{file}:{name}", "built", "he_normal")
    plain = variant(f"{file}:net", "built", "he_normal")
    for number in (0, 1):
        one, other = (each.model(each.trials[number])[0] for each in (found, plain))
        assert [*one.state_dict()] == [*other.state_dict()]
        assert all(torch.equal(one.state_dict()[k], v) for k, v in other.state_dict().items())


@pytest.mark.parametrize("kind", ["lambda", "partial", "method", "compiled"])
def test_a_kept_function_belongs_to_the_copy(file: Path, kind: str) -> None:
    model = ModelConfig(name=f"{file}:Keeps", arguments={"kind": kind})
    wanted = experiment(["built", "zeros"], images=100, model=model, lr=0.1)
    assert plan_stacks(prepare(wanted)).kind == "general"
    stacked = run(wanted)
    built, zeros = stacked.trials
    alone = run(experiment(["built", "zeros"], images=100, model=model, lr=0.1, stack="off"))
    assert built.val_loss == pytest.approx(alone.trials[0].val_loss, rel=1e-4)
    assert zeros.val_loss == pytest.approx(alone.trials[1].val_loss, rel=1e-4)
    assert built.val_loss != zeros.val_loss


def test_a_function_that_cannot_be_copied_is_told(file: Path) -> None:
    with pytest.raises(UsageError, match="can't be copied: its copy computes without the copy's"):
        variant(f"{file}:Keeps", "built", kind="hidden")


def test_what_cannot_be_copied_at_all_is_told_in_one_line(file: Path) -> None:
    with pytest.raises(UsageError, match=r"Locked can't be copied .* TypeError: cannot pickle"):
        variant(f"{file}:Locked", "built")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_that_is_aware_of_quantization_is_written_and_trains(file: Path) -> None:
    state = run(experiment(["built", "zeros", "ones"], images=100,
                           model=ModelConfig(name=f"{file}:aware")))  # fmt: skip
    losses = {trial.val_loss for trial in state.trials}
    assert len(losses) == 3
    assert {each.initializer for each in state.trials[1].start} == {"zeros"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_packed_whole_numbers_are_refused_by_name(file: Path) -> None:
    with pytest.raises(UsageError, match=r"'0\.1' is a Linear, whose weights are packed") as told:
        build(ModelConfig(name=f"{file}:converted"), (1, 28, 28), 10)
    assert "give the model as it is before its conversion" in str(told.value)
