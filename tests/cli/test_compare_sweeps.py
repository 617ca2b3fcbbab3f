"""Layer rules, own functions and sweeps on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.errors import UsageError
from tests.support.commands import document, invoke

SMALL = ("--limit", "400", "--epochs", "1", "--hidden", "8", "--no-save", "--quiet")
SHALLOW = ("--limit", "400", "--epochs", "1", "--layer-width", "8", "--no-save")


def schemes(*arguments: str) -> list[str]:
    return [trial["scheme"] for trial in document("compare", *arguments)["trials"]]


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "own_code_of_cli.py"
    path.write_text(
        "import torch\n"
        "def tenth(tensor): tensor.fill_(0.1)\n"
        "def like_keras(shape, dtype): return torch.full(shape, 0.2, dtype=dtype)\n"
        "def short(shape, dtype): return torch.zeros(3)\n"
        "def nan(tensor): tensor.fill_(float('nan'))\n"
    )
    return path


def test_layer_rules_are_added_to_every_scheme() -> None:
    found = schemes("rule", "zeros", "--layer", "fc1=ones", "--layer", "Linear=he_normal", *SMALL)
    assert found == [f"{s}@fc1=ones@Linear=he_normal" for s in ("rule", "zeros")]


def test_layer_rules_alone_are_one_contestant() -> None:
    found = schemes("--layer", "*=orthogonal/constant:value=0.4", "--layer", "fc2=rule", *SMALL)
    assert found == ["orthogonal/constant:value=0.4@fc2=rule"]


def test_of_one_pattern_the_last_rule_counts_in_its_place() -> None:
    found = schemes("rule", "--layer", "fc1=ones", "--layer", "fc*=zeros", "--layer", "fc1=rule",
                    *SMALL)  # fmt: skip
    assert found == ["rule@fc*=zeros@fc1=rule"]


def test_the_report_says_who_wrote_each_parameter() -> None:
    done = invoke("compare", "rule", "--layer", "fc1=ones/constant:value=3", *SMALL)
    table = done.stdout[done.stdout.index("start values of") :]
    assert table.splitlines()[1].split() == ["ones", "fc1.weight"]
    assert table.splitlines()[2].split() == ["constant:value=3", "fc1.bias"]
    assert table.splitlines()[3].split() == ["rule", "fc2.weight"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--layer", "conv1=rule"),
         "no layer matches 'conv1'; the layers are: fc1 (Linear), fc2 (Linear)"),
        (("--layer", "fc1"), "not of the form"),
        (("--layer", "fc1=rul"), "did you mean 'rule'"),
        (("--sweep", "normal:sd=1|2"), "did you mean 'std'"),
        (("--sweep", "normal:std=1"), "no parameter has several values"),
        (("--sweep", "model.depth=1|2"), "give either --hidden or --depth"),
        (("--sweep", "model.activation=rleu|tanh", "rule"), "no activation 'rleu'"),
        (("--evaluate-on", "tset"), "did you mean 'test'"),
        (("--split", "42"), "torch:SEED"),
        (("--eval-every", "0"), "--eval-every must be from 1"),
    ],
)  # fmt: skip
def test_mistakes_are_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = invoke("compare", *arguments, *SMALL)
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_own_functions_in_both_forms(code: Path) -> None:
    found = document("compare", f"{code}:tenth", f"rule/{code}:like_keras", *SMALL)
    first, second = found["trials"]
    assert [row["initializer"] for row in first["start"]] == [f"{code}:tenth", "zeros"] * 2
    assert [row["initializer"] for row in second["start"]] == ["rule", f"{code}:like_keras"] * 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("short", "gave values of shape 3 for fc1.weight (8×784)"),
        ("nan", "NaN"),
        ("other", "no function"),
    ],
)
def test_faults_of_own_functions(code: Path, name: str, said: str) -> None:
    done = invoke("compare", f"{code}:{name}", *SMALL)
    assert said in str(done.exception)


def test_code_that_only_a_file_names_has_to_be_trusted(code: Path, tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text(f'schemes = ["rule"]\n[layers]\nfc1 = "{code}:tenth"\n')
    done = invoke("compare", "--config", str(file), *SMALL)
    assert "add --trust" in str(done.exception)
    assert schemes("--config", str(file), "--trust", *SMALL) == [f"rule@fc1={code}:tenth"]
    assert schemes("--config", str(file), "--layer", f"fc1={code}:tenth", *SMALL)


def test_a_sweep_says_how_much_it_is_and_draws_its_picture() -> None:
    done = invoke("compare", "--sweep", "normal:std=0.01..1:3", *SMALL[:-1])
    axis = "inittui: sweep normal:std=0.01..1:3: 3 values, evenly spaced on a log axis\n"
    assert done.stderr.startswith(f"{axis}inittui: 3 trials, ")
    assert "accuracy in % against std of normal" in done.stdout
    assert "%, is at std of normal" in done.stdout


def test_sweeps_multiply_and_stand_in_the_document() -> None:
    sweeps = ("--sweep", "model.depth=1|2", "--sweep", "training.lr=0.001|0.01")
    found = document("compare", "rule", *sweeps, *SHALLOW, "--quiet")
    assert [trial["swept"] for trial in found["trials"]] == [
        {"model.depth": depth, "training.lr": lr} for depth in (1, 2) for lr in (0.001, 0.01)
    ]
    assert [sweep["name"] for sweep in found["sweeps"]] == ["model.depth", "training.lr"]
    assert found["experiment"]["model"]["depth"] is None


def test_validation_within_the_epoch_draws_its_curve() -> None:
    done = invoke("compare", "rule", "--eval-every", "1", "--evaluate-on", "test", *SMALL)
    assert "test accuracy in %" in done.stdout
    assert "accuracy on its test images" in done.stdout
