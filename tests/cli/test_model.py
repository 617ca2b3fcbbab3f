"""`inittui model`, --model-arg and --trust, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from inittui.experiment.models import MODELS
from tests.support import commands
from tests.support.commands import inittui, python, refused, run

NET = """
import torch
from torch import nn

print("imported")

class Net(nn.Module):
    def __init__(self, width=8, flag=False, level=0.5, word="x"):
        super().__init__()
        self.a = nn.Conv2d(1, width, 3, groups=1)
        self.b = nn.Linear(width, 10)
        assert (type(width), type(flag), type(level), type(word)) == (int, bool, float, str)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)).mean((2, 3)))
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(NET)
    return path


def document(*arguments: str) -> Any:
    return commands.document("model", *arguments)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_list_holds_every_model_and_is_no_wider(width: int) -> None:
    printed = run("model", "--width", str(width))
    assert max(map(cell_len, printed.splitlines())) <= width
    for name in MODELS:
        assert name in printed
    assert "torchvision:resnet18" in printed


def test_the_list_as_json() -> None:
    listed = document()
    assert listed["schema"] == "inittui.models/1"
    assert [each["name"] for each in listed["models"]] == list(MODELS)
    assert listed["models"][0]["options"]["hidden"] == [256, 128]


def test_the_list_needs_no_torch() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from inittui.cli.main import app\n"
        "CliRunner().invoke(app, ['model']); print('torch' in sys.modules)"
    )
    done = python(code)
    assert done.stdout.strip() == "False"


def test_layers_of_lenet() -> None:
    printed = run("model", "lenet")
    rows = {line.split()[0]: line.split() for line in printed.splitlines() if line.strip()}
    assert rows["conv1"] == ["conv1", "Conv2d", "32×28×28", "832", "25", "800", "relu"]
    assert rows["fc1"][3:] == ["3,212,288", "3,136", "1,024", "relu"]
    assert rows["fc2"][-1] == "identity"
    assert "3,274,634 parameters" in printed


def test_layers_as_json() -> None:
    found = document("deep_mlp", "--activation", "tanh", "--hidden", "5,4", "--batch-norm")
    assert found["schema"] == "inittui.model/1"
    assert found["input"] == [1, 28, 28]
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    first = next(layer for layer in found["layers"] if layer["name"] == "fc1")
    assert first == {
        "name": "fc1",
        "kind": "Linear",
        "output": [5],
        "parameters": 785 * 5,
        "fan_in": 784,
        "fan_out": 5,
        "nonlinearity": "tanh",
    }


def test_options_of_perceptrons() -> None:
    found = document("sigmoid_mlp", "--depth", "3", "--layer-width", "7", "--dropout", "0.5")
    kinds = [layer["kind"] for layer in found["layers"]]
    assert kinds.count("Linear") == 4
    assert kinds.count("Dropout") == 3


def test_inputs() -> None:
    assert document("conv1d")["input"] == [64, 128]
    assert document("mlp", "--data", "cifar10")["input"] == [3, 32, 32]
    assert document("mlp", "--input", "2x5x5")["layers"][1]["fan_in"] == 50
    found = document("torchvision:squeezenet1_1")
    assert found["input"] == [3, 224, 224]
    found = document("torchvision:resnet18", "--data", "cifar10", "--model-arg", "num_classes=7")
    assert found["input"] == [3, 32, 32]
    assert found["layers"][-1]["output"] == [7]


def test_own_models_with_arguments(net: Path) -> None:
    arguments = ("width=3", "flag=true", "level=1e-3", "word=two words")
    options = [part for each in arguments for part in ("--model-arg", each)]
    found = document(f"{net}:Net", *options)
    assert found["layers"][0]["fan_out"] == 27
    assert found["layers"][0]["nonlinearity"] == "tanh"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mpl",), "there is no model 'mpl'; did you mean 'mlp'?"),
        (("mlp", "--activation", "rleu"), "there is no activation 'rleu'; did you mean 'relu'?"),
        (("mlp", "--data", "mnst"), "there is no data set 'mnst'; did you mean 'mnist'?"),
        (("mlp", "--depth", "0"), "depth must be from 1 to 10,000, not 0"),
        (("mlp", "--input", "3x"), "--input: '3x' is no input: the forms are 3x224x224"),
        (("mlp", "--width", "3"), "--width must be from 20 to 1,000, not 3"),
        (("NET:Net", "--input", "3x28x28"), "; it was given inputs of shape [1, 3, 28, 28]; --in"),
        (("NET:Net", "--model-arg", "width"), "--model-arg: 'width' is not of the form depth=3"),
        (("NET:Net", "--model-arg", "width=x"), "(NET, line 10)"),
    ],
)
def test_what_is_wrong_is_said(net: Path, arguments: tuple[str, ...], said: str) -> None:
    message = refused("model", *(each.replace("NET", str(net)) for each in arguments))
    assert said.replace("NET", str(net)) in message
    assert "\n" not in message


def test_the_process_says_it_in_one_line_and_debug_shows_all(net: Path) -> None:
    command = ("model", f"{net}:Net", "--model-arg", "width=x")
    done = inittui(*command)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines.pop(0) == "imported"  # what it prints
    assert len(lines) == 1
    assert lines[0].startswith(f"inittui: {net}:Net: TypeError: ")
    done = inittui("--debug", *command)
    assert "Traceback" in done.stderr
    assert "self.a = nn.Conv2d(1, width, 3, groups=1)" in done.stderr


@pytest.mark.parametrize(
    "table",
    [
        '[model]\nname = "{net}:Net"\n',
        'sweeps = ["model.name={net}:Net|mlp"]\n',
    ],
)
def test_a_file_runs_code_only_where_it_is_trusted(net: Path, tmp_path: Path, table: str) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text('schemes = ["rule"]\n' + table.format(net=net))
    quick = ("-c", str(file), "-n", "100", "-e", "1", "--no-save", "-q", "--json")
    message = refused("compare", *quick)
    assert message == f"{file} names code, {net}:Net; if you trust it, add --trust to run it"
    assert '"finished"' in run("compare", *quick, "--trust")


def test_code_named_on_the_command_line_is_trusted(net: Path, tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text(f'schemes = ["rule"]\n[model]\nname = "{net}:Net"\narguments = {{width = 4}}\n')
    quick = ("-c", str(file), "-n", "100", "-e", "1", "--no-save", "-q", "--json")
    printed = run("compare", *quick, "--model", f"{net}:Net", "--model-arg", "width=5")
    experiment = json.loads(printed)["experiment"]
    assert experiment["model"]["arguments"] == {"width": 5}


def test_the_code_of_a_model_that_is_replaced_is_not_imported(net: Path, tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text(f'schemes = ["rule"]\n[model]\nname = "{net}:Net"\n')
    net.write_text("raise RuntimeError('imported')")
    quick = ("-c", str(file), "-n", "100", "-e", "1", "--no-save", "-q", "--json")
    assert '"finished"' in run("compare", *quick, "--model", "sigmoid_mlp")


def test_every_layer_is_joined_with_its_initializers(net: Path) -> None:
    scheme = "xavier_uniform/constant:value=0.4@fc2=trunc_normal:std=0.05,b=2std"
    printed = json.loads(run("model", "mlp", "--scheme", scheme, "--json"))
    assert printed["scheme"] == scheme
    layers = {layer["name"]: layer for layer in printed["layers"]}
    assert layers["fc1"]["initializers"] == {
        "weight": {
            "initializer": "xavier_uniform",
            "arguments": {"gain": 1.0, "nonlinearity": "identity"},
        },
        "bias": {"initializer": "constant", "arguments": {"value": 0.4}},
    }
    assert layers["fc2"]["initializers"]["weight"] == {
        "initializer": "trunc_normal",
        "arguments": {"mean": 0.0, "std": 0.05, "a": -2.0, "b": "2std"},
    }
    assert layers["fc2"]["fan_in"] == 256
    assert layers["act1"]["initializers"] == {}
    said = document("mlp", "--scheme", "normal")["layers"][1]["initializers"]["weight"]
    assert said["arguments"] == {"mean": 0.0, "std": "1/√fan_in"}
    assert "initializers" not in document("mlp")["layers"][1]
    normed = document("mlp", "--batch-norm", "--scheme", "rule")["layers"]
    norm = next(layer for layer in normed if layer["name"] == "norm1")
    assert norm["initializers"]["weight"] == {"initializer": "own default", "arguments": None}


def test_the_report_says_who_writes_what() -> None:
    printed = run("model", "mlp", "--scheme", "normal@fc3=zeros")
    assert "start values of normal@fc3=zeros" in printed
    assert any(
        line.split() == ["normal", "fc1.weight,", "fc2.weight"] for line in printed.splitlines()
    )
    assert "no layer matches 'fc9'" in refused("model", "mlp", "--scheme", "normal@fc9=zeros")
    assert "did you mean" in refused("model", "mlp", "--scheme", "norml")
