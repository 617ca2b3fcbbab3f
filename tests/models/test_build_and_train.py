"""All models train, stacked as well as one by one, with the same losses."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.errors import UsageError
from inittui.experiment.records import ModelConfig
from inittui.training.planning import plan_stacks
from inittui.training.prepared import prepare
from tests.support.trials import experiment, run, worst_relative

OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.a = nn.Linear(28, width)
        self.attend = nn.MultiheadAttention(width, 2, batch_first=True)
        self.b = nn.Linear(width, 10)

    def forward(self, x):
        x = torch.relu(self.a(x))
        return self.b(self.attend(x, x, x)[0].mean(1))

def frozen():
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.Tanh(), nn.Linear(8, 10))
    net[1].requires_grad_(False)
    return net
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.py"
    path.write_text(OWN)
    return path


def compare_ways(model: ModelConfig, kind: str, images: int = 250) -> None:
    wanted = {"model": model, "images": images, "batch_size": 40, "dtype": "float64"}
    prepared = prepare(experiment(["rule", "zeros"], **wanted))
    assert plan_stacks(prepared).kind == kind
    stacked = run(prepared)
    plain = run(experiment(["rule", "zeros"], stack="off", **wanted))
    assert stacked.trials[0].steps == -(-images * 4 // 5 // 40)
    assert worst_relative(stacked, plain) < 1e-9
    for one, other in zip(stacked.trials, plain.trials, strict=True):
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-9)
        assert one.status == "finished"


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [
        ("mlp", {}, "dense"),
        ("deep_mlp", {}, "dense"),
        ("deep_mlp", {"activation": "identity"}, "dense"),
        ("deep_mlp", {"activation": "tanh", "batch_norm": True}, "dense"),
        ("sigmoid_mlp", {}, "dense"),
        ("sigmoid_mlp", {"depth": 8, "width": 6, "dropout": 0.1}, "dense"),
        ("lenet", {}, "turns"),
        ("lenet", {"batch_norm": True, "dropout": 0.0, "activation": "elu"}, "turns"),
    ],
)
def test_our_models(name: str, options: dict[str, object], kind: str) -> None:
    images = 100 if name == "lenet" else 250
    compare_ways(ModelConfig(name=name, **options), kind, images)  # type: ignore[arg-type]


def test_a_model_of_ones_own(file: Path) -> None:
    model = ModelConfig(name=f"{file}:Net", arguments={"width": 8}, input=(28, 28))
    compare_ways(model, "general")


def test_a_model_of_torchvision() -> None:
    model = ModelConfig(name="torchvision:shufflenet_v2_x0_5", input=(3, 28, 28))
    compare_ways(model, "turns", images=100)


def test_frozen_parameters_stay_as_they_are(file: Path) -> None:
    wanted = experiment(
        ["rule"], images=250, optimizer="adamw", model=ModelConfig(name=f"{file}:frozen")
    )
    plan = plan_stacks(prepare(wanted))
    assert (plan.kind, plan.reason) == ("single", "some of its parameters are frozen")
    assert run(wanted).trials[0].status == "finished"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (ModelConfig(name="conv1d"), "conv1d takes inputs of 64x128, not 1x28x28: it is not for"),
        (ModelConfig(name="conv1d", input=(64, 128)), "not 64x128; images are not resized"),
        (ModelConfig(input=(784,)), "fashion-mnist has inputs of 1x28x28, not 784"),
        (ModelConfig(name="lenet", input=(1, 32, 32)), "1x28x28, not 1x32x32; images are not re"),
        (ModelConfig(name="a.py:Net", input=(28, 29)), "1x28x28, not 28x29"),
        (ModelConfig(name="torchvision:resnet18"), "inputs of shape [2, 1, 28, 28], see --input"),
    ],
)
def test_inputs_that_do_not_fit(model: ModelConfig, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepare(experiment(["rule"], images=100, model=model))
    assert said in str(caught.value)


def test_grey_images_become_colour_for_models_that_want_it() -> None:
    model = ModelConfig(name="lenet", input=(3, 28, 28))
    prepared = prepare(experiment(["rule"], images=100, model=model))
    assert prepared.data.images.shape[1:] == (3, 28, 28)
    assert prepared.variants[0].template.get_submodule("conv1").in_channels == 3
