"""A person's own models: how they are called, and how their errors are shown."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from inittui.errors import UsageError
from inittui.experiment.records import ModelConfig
from inittui.models.build import build
from inittui.models.check import check_classifier

IMAGE = (1, 28, 28)

CODE = """
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass
class Settings:
    width: int = 8


class Net(nn.Module):
    def __init__(self, width: int = 8, num_classes: int = 10, deep: bool = False) -> None:
        super().__init__()
        self.a = nn.Linear(784, width)
        self.b = nn.Linear(width, num_classes)
        self.given = (width, deep)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x.flatten(1))))


def make(*, width, input_shape, classes):
    net = Net(width, classes)
    net.shape = input_shape
    return net


def anything(**given):
    net = Net()
    net.all = given
    return net


def draws():
    random.random(), np.random.rand(), torch.rand(1)
    return Net()


def half():
    return Net().half()


def lazy():
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(5), nn.ReLU(), nn.LazyLinear(10))


def nothing():
    pass


def number():
    return 3


def empty():
    return nn.Flatten()


def raises():
    raise ValueError("no luck\\nat all \\x1b[31m")


def leaves():
    raise SystemExit(3)


class Scalar(Net):
    def forward(self, x):
        return super().forward(x).mean()


class Pair(Net):
    def forward(self, x):
        return super().forward(x), x


class Few(Net):
    def forward(self, x):
        return super().forward(x)[:, :3]


class Whole(Net):
    def forward(self, x):
        return super().forward(x).argmax(1, keepdim=True).expand(-1, 10)


class Broken(Net):
    def forward(self, x):
        y = x
        return self.a(y)


class OnlyInEvaluation(Net):
    def forward(self, x):
        assert not self.training, "not while training"
        return super().forward(x)


class NoGradient(Net):
    def forward(self, x):
        return super().forward(x).detach()


ready = Net()
constant = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    return path


def make(reference: str, **arguments: object) -> nn.Module:
    return build(ModelConfig(name=reference, arguments=arguments), IMAGE, 10)  # type: ignore[arg-type]


def check(reference: str, last_batch: int = 2, **arguments: object) -> nn.Module:
    model = make(reference, **arguments)
    check_classifier(
        model, torch.full((2, *IMAGE), 0.5), 10, ModelConfig(name=reference), last_batch=last_batch
    )
    return model


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(CODE.splitlines(), 1) if text in line)


def test_a_class_with_arguments(file: Path) -> None:
    model = check(f"{file}:Net", width=5, deep=True)
    assert model.given == (5, True)
    assert model.b.out_features == 10


def test_a_function_gets_what_its_signature_names(file: Path) -> None:
    model = check(f"{file}:make", width=4)
    assert model.shape == IMAGE
    assert model.b.out_features == 10
    assert make(f"{file}:anything", colour="red", level=0.5).all == {"colour": "red", "level": 0.5}


def test_what_is_given_wins_over_what_is_offered(file: Path) -> None:
    assert make(f"{file}:Net", num_classes=3).b.out_features == 3


def test_a_module_beside_the_caller(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.rename(file.with_name("importable_models.py"))
    monkeypatch.chdir(file.parent)
    check("importable_models:Net")


def test_models_lie_on_the_cpu_in_float32(file: Path) -> None:
    assert check(f"{file}:half").a.weight.dtype == torch.float32


def test_lazy_layers_get_their_shapes(file: Path) -> None:
    assert check(f"{file}:lazy")[1].in_features == 784


def test_random_generators_are_seeded_and_put_back(file: Path) -> None:
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    expected = (torch.rand(1).item(), random.random(), np.random.rand())
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    first, second = check(f"{file}:draws"), check(f"{file}:draws")
    assert torch.equal(first.a.weight, second.a.weight)
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "gave nothing; a torch.nn.Module is needed"),
        ("number", "gave a value of type int; a torch.nn.Module is needed"),
        ("empty", "gave a Flatten without parameters"),
        ("ready", "is a model; name its class, or a function that returns it"),
        ("constant", "has 'constant', but it is no model"),
        ("Nett", "has no model 'Nett'; did you mean 'Net'?"),
        ("make", "missing a required argument: 'width' (--model-arg); it takes: width, input_sh"),
        ("Scalar", "gives outputs of shape []; logits of shape [2, 10], one for each class"),
        ("Pair", "gives a value of type tuple; logits of shape [2, 10]"),
        ("Few", "gives outputs of shape [2, 3]; logits of shape [2, 10]"),
        ("Whole", "gives outputs of torch.int64; logits of shape [2, 10], one for each class, are"),
        ("leaves", f"SystemExit: 3 (FILE, line {line_of('SystemExit(3)')})"),
        (
            "raises",
            "ValueError: no luck at all \N{REPLACEMENT CHARACTER}[31m "
            f"(FILE, line {line_of('no luck')})",
        ),
        ("Broken", f"(FILE, line {line_of('self.a(y)')}); it was given inputs of shape [2, 1, 28"),
        ("OnlyInEvaluation", f"not while training (FILE, line {line_of('not self.training')})"),
        ("NoGradient", "does not require grad"),
    ],
)
def test_faults_are_said_in_one_line(file: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(f"{file}:{name}")
    message = str(caught.value)
    assert said.replace("FILE", str(file)) in message
    assert message.startswith(str(file))
    assert "\n" not in message


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no/such.py:Net", "there is no file no/such.py"),
        ("no_such_package.module:Net", "No module named 'no_such_package'"),
        ("torch.nn:ReLU", "gave a ReLU without parameters"),
        ("torch.nn:Linear", "missing a required argument: 'in_features'"),
        (":Net", "model ':Net' names no code: give FILE.py:NAME or MODULE:NAME"),
        ("net:", "model 'net:' names no code"),
        (".:Net", "model '.:Net' names no code"),
        ("/dev/zero:Net", "model '/dev/zero:Net' names no code"),
    ],
)
def test_faults_of_names(reference: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(reference)
    assert said in str(caught.value)


def test_arguments_that_are_not_taken(file: Path) -> None:
    with pytest.raises(UsageError, match=r"unexpected keyword argument 'wdth' \(--model-arg\)"):
        make(f"{file}:Net", wdth=3)
    with pytest.raises(UsageError, match=rf"TypeError: .* \({file}, line {line_of('Linear(784')}"):
        make(f"{file}:Net", width="wide")


def test_files_that_cannot_be_read_as_code(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("x = 1\ndef f(:\n")
    with pytest.raises(UsageError, match=rf"SyntaxError: .* \({path}, line 2\)"):
        make(f"{path}:f")
    path.write_text("import os\n\nraise RuntimeError('at import')\n")
    with pytest.raises(UsageError, match=rf"RuntimeError: at import \({path}, line 3\)"):
        make(f"{path}:f")


def test_the_cause_stays_for_the_traceback(file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check(f"{file}:raises")
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_last_batch_of_one_image_is_tried_too() -> None:
    norm = ModelConfig(hidden=(4,), batch_norm=True)
    model = build(norm, IMAGE, 10)
    example = torch.rand(2, *IMAGE)
    check_classifier(model, example, 10, ModelConfig(name="mlp"))
    with pytest.raises(UsageError, match="the last batch of an epoch is one image, see --limit"):
        check_classifier(model, example, 10, ModelConfig(name="mlp"), last_batch=1)


def test_trying_a_model_changes_nothing() -> None:
    model = build(ModelConfig(hidden=(4,), batch_norm=True), IMAGE, 10).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    check_classifier(model, torch.rand(2, *IMAGE), 10, ModelConfig(name="mlp"))
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
