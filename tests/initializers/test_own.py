"""One's own functions: both forms, from files and modules, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import inittui
from inittui.errors import UsageError
from inittui.initializers import own, parse_scheme
from inittui.initializers.apply import apply_scheme

CODE = """
from __future__ import annotations
import random
from dataclasses import dataclass
import numpy as np
import torch

@dataclass
class Thing:
    value: float

def in_place(tensor): tensor.normal_(0, 0.1)
def returned(tensor): return torch.rand_like(tensor)
def keras(shape, dtype=None): return np.full(shape, 0.5) + np.random.normal(size=shape)
def both(shape, dtype): return torch.full(shape, Thing(0.25).value, dtype=dtype)
def python(shape, dtype): return np.array([random.random() for _ in range(1200)]).reshape(shape)
def scaled(tensor, std): tensor.normal_(0, std)
def untouched(tensor): pass
def needs(tensor, gain, *, mode): tensor.normal_(0, gain)
def modules(m):
    if isinstance(m, torch.nn.Linear): m.weight.data.zero_()
def nan(shape, dtype): return torch.full(shape, float("nan"))
def integers(shape, dtype): return torch.zeros(shape, dtype=torch.int64)
def transposed(shape, dtype): return torch.zeros(shape[::-1])
def words(shape, dtype): return "no"
def broken(tensor): raise ValueError("oh \\x1b[31m no\\nsecond line")
def leaves(tensor): raise SystemExit(3)
def bare(shape): return np.random.normal(size=shape)
def gained(shape, gain=2.0): return torch.randn(shape) * gain
def sized(size, *, dtype): return torch.randn(size, dtype=dtype)
number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    return path


def weight_of(reference: str, parameters: str = "", seed: int = 0) -> torch.Tensor:
    own.load(reference)
    model = nn.Linear(40, 30)
    written = apply_scheme(model, parse_scheme(reference + parameters), seed, {})
    assert written[0].initializer == reference + parameters
    assert not model.bias.any()
    return model.weight.detach()


@pytest.mark.parametrize(
    "name", ["in_place", "returned", "keras", "both", "python", "bare", "gained", "sized"]
)
def test_both_forms_give_the_same_values_under_the_same_seed(file: Path, name: str) -> None:
    reference = f"{file}:{name}"
    first = weight_of(reference)
    assert first.isfinite().all()
    assert torch.equal(first, weight_of(reference))
    if name != "both":
        assert not torch.equal(first, weight_of(reference, seed=1))


def test_both_forms_get_what_they_ask_for(file: Path) -> None:
    assert (weight_of(f"{file}:both") == 0.25).all()
    # 1,200 values: 5/√2,400 = 0.10.
    assert weight_of(f"{file}:in_place").std().item() == pytest.approx(0.1, rel=0.11)
    assert weight_of(f"{file}:scaled", ":std=2").std().item() == pytest.approx(2, rel=0.11)


def test_functions_of_modules(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.rename(file.with_name("importable_initializers.py"))
    monkeypatch.chdir(file.parent)
    assert (weight_of("importable_initializers:both") == 0.25).all()
    assert weight_of("torch.nn.init:xavier_uniform_").std() > 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("untouched", "left 1,200 of 1,200 values NaN, infinite or unset"),
        ("nan", "left 1,200 of 1,200 values NaN"),
        ("integers", "gave values of torch.int64 for weight (30×40); floats are needed"),
        ("transposed", "gave values of shape 40×30 for weight (30×40)"),
        ("words", "gave a str that holds no array for weight (30×40); a tensor"),
        ("broken", "ValueError: oh \N{REPLACEMENT CHARACTER}[31m no second line"),
        ("leaves", "SystemExit: 3"),
        ("modules", "; it is called with the tensor that it is to fill, not with a module"),
    ],
)
def test_faults_are_shown_as_theirs(file: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        weight_of(f"{file}:{name}")
    assert said in str(caught.value)
    assert "weight (30×40)" in str(caught.value)
    if name in ("broken", "leaves"):
        line = next(i for i, t in enumerate(CODE.splitlines(), 1) if t.startswith(f"def {name}"))
        assert f"mine.py, line {line})" in str(caught.value)


def test_what_a_function_lacks_is_said(file: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.py:needs needs gain and mode beside the tensor"):
        weight_of(f"{file}:needs")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no_such_module:f", "No module named 'no_such_module'"),
        ("no/such.py:f", "there is no file no/such.py"),
        ("FILE:in_plac", "has no function 'in_plac'; did you mean 'in_place'?"),
        ("FILE:number", "has 'number', but it is no function"),
        ("SYNTAX:f", "line 2)"),
    ],
)
def test_faults_of_loading(file: Path, reference: str, said: str) -> None:
    wrong = file.with_name("wrong.py")
    wrong.write_text("x = 1\ndef f(:\n")
    reference = reference.replace("FILE", str(file)).replace("SYNTAX", str(wrong))
    with pytest.raises(UsageError) as caught:
        own.load(reference)
    assert said in str(caught.value)


def test_nothing_is_imported_unless_it_is_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    file = tmp_path / "sly.py"
    file.write_text(f"open({str(marker)!r}, 'w')\ndef f(tensor): tensor.zero_()\n")
    scheme = parse_scheme(f"{file}:f/zeros@*={file}:f")
    with pytest.raises(UsageError, match="it runs only if it is named on the command line"):
        apply_scheme(nn.Linear(2, 2), scheme, 0, {})
    assert not marker.exists()
    assert own.references(scheme) == (f"{file}:f",)


def test_a_registered_function_is_a_scheme_of_its_name() -> None:
    @inittui.initializer("half", formula="0.5")
    def half(tensor: torch.Tensor, scale: float = 1.0) -> None:
        tensor.fill_(0.5 * scale)

    model = nn.Linear(4, 3)
    written = apply_scheme(model, parse_scheme("half:scale=2/half"), 0, {})
    assert [each.initializer for each in written] == ["half:scale=2", "half"]
    assert (model.weight == 1).all() and (model.bias == 0.5).all()
    assert own.formula("half") == "0.5"
    assert half(torch.zeros(1)) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rule", "already"),
        ("glorot-uniform", "already"),
        ("a b", "can't be a name"),
        ("x:y", "can't be a name"),
    ],
)
def test_names_that_cannot_be_registered(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        inittui.initializer(name)


def test_a_function_of_the_shape_alone_keeps_its_other_parameters(file: Path) -> None:
    plain, given = weight_of(f"{file}:gained"), weight_of(f"{file}:gained", ":gain=4")
    assert torch.equal(2 * plain, given)
    assert abs(float(plain.std()) - 2) < 0.2
