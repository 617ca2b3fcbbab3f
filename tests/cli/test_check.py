"""`inittui check` as a person and as CI runs it."""

from __future__ import annotations

import json
import runpy
import time
from pathlib import Path

import jsonschema
import pytest
import torch
from torch import nn

import inittui
from inittui.documents.json_documents import schema
from inittui.errors import FindingsError
from tests.support.commands import Command, command_of

MODELS = """
import copy, os, sys
import torch
from torch import nn

EXAMPLE = nn.Linear(12, 8)

class Doubled(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(12, 8), nn.Linear(8, 8)
        self.c, self.d = copy.deepcopy(self.b), nn.Linear(8, 4)

    def forward(self, x):
        for layer in (self.a, self.b, self.c):
            x = torch.relu(layer(x))
        return self.d(x)

def sound():
    model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 4))
    nn.init.kaiming_normal_(model[0].weight, nonlinearity="relu")
    nn.init.kaiming_normal_(model[2].weight, nonlinearity="linear")
    return model

def alike():
    model = sound()
    for layer in (model[0], model[2]):
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model

def loud():
    print("I print")
    os.write(1, b"and write\\n")
    return alike()

def leaves():
    sys.exit(3)

def forever():
    while True:
        pass

def none():
    return None

class Odd(nn.Linear):
    def forward(self, x):
        raise ValueError("not with these")

def odd():
    return Odd(12, 4)

def cuda():
    return nn.Linear(12, 4).to("cuda:63")
"""


@pytest.fixture
def check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """Run `inittui check`, in this process, where there is a file of models."""
    monkeypatch.chdir(tmp_path)
    Path("models.py").write_text(MODELS)
    command = command_of(monkeypatch, capsys)
    return lambda *arguments: command("check", *arguments)


def test_what_is_wrong_is_told_with_its_place(check: Command) -> None:
    done = check("models.py:alike", "--input", "12", "--once")
    assert done.code == 1
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("error I201 symmetric-units") for line in lines)
    place = 1 + MODELS.splitlines().index("        nn.init.ones_(layer.weight)")
    assert f"  at models.py:{place}" in [line.rstrip() for line in lines]
    assert lines[-1].startswith("1 error")


def test_a_sound_model_is_let_go(check: Command) -> None:
    done = check("models.py:sound", "--input", "12")
    assert (done.code, done.out.splitlines()[-1].strip()) == (0, "Nothing found.")


def test_how_inputs_were_found_is_told(check: Command) -> None:
    Path("beside.py").write_text(f"{MODELS}\ndef inputs(model):\n    return '12'\n")
    for name, how in (("models.py:sound", "guessed by its first layer"),
                      ("beside.py:sound", "made beside the model")):  # fmt: skip
        assert check(name, "--once").out.startswith(f"{name}, input 12 ({how})")
    assert check("beside.py:sound", "--input", "12", "--once").out.startswith(
        "beside.py:sound, input 12 (given)"
    )
    done = check("torchvision:squeezenet1_0", "--once")
    assert "input 3x224x224 (usual for it)" in " ".join(done.out.split())


def test_each_format(check: Command) -> None:
    asked = ("models.py:loud", "--input", "12", "--once")
    done = check(*asked, "--json", "--verbose")
    document = json.loads(done.out)
    jsonschema.validate(document, schema("check"))
    assert "I print" in done.err
    assert [each["parameter"] for each in document["provenance"]] == [
        "0.weight", "0.bias", "2.weight", "2.bias",
    ]  # fmt: skip
    first = document["provenance"][0]
    assert (first["law"], first["word"]) == (["ones"], "sure")
    assert first["writer"].startswith("ones_") and first["where"].startswith("models.py:")
    check(*asked, "--format", "sarif", "--output", "check.sarif")
    log = json.loads(Path("check.sarif").read_text())
    vendored = Path(__file__).parents[1] / "support" / "sarif-schema-2.1.0.json"
    jsonschema.Draft4Validator(json.loads(vendored.read_text())).validate(log)
    assert "I201" in [each["ruleId"] for each in log["runs"][0]["results"]]
    done = check(*asked, "--format", "github", "--fail-on", "never")
    assert done.code == 0
    assert all(line.startswith("::") for line in done.out.splitlines())
    assert "::error file=models.py,line=" in done.out


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("leaves", (), "SystemExit: 3"),
        ("none", (), "gave nothing; a torch.nn.Module is needed"),
        ("nowhere", (), "has no model 'nowhere'"),
        ("EXAMPLE", (), "is a model; name its class"),
        ("cuda", (), "cuda"),
        ("forever", ("--timeout", "0.5"), "took longer than 0.5 s; --timeout gives it more"),
        ("sound", ("--model-arg", "a=1"), "it takes: nothing"),
        ("sound", ("--who", "nope*"), "--who: no parameter matches 'nope*'"),
        ("sound", ("--exact",), "--exact says how --lock compares"),
    ],
)
def test_what_can_t_be_is_one_line(
    name: str, options: tuple[str, ...], said: str, check: Command
) -> None:
    began = time.monotonic()
    done = check(f"models.py:{name}", "--input", "12", "--once", *options)
    assert (done.code, done.out) == (2, "")
    assert said.lower() in done.err.lower()
    assert done.err.count("\n") == 1
    assert time.monotonic() - began < 60


def test_without_a_forward_pass_values_are_judged(check: Command) -> None:
    done = check("models.py:odd", "--input", "12", "--once")
    assert done.code == 3
    assert "ValueError: not with these" in " ".join(done.out.split())


def test_settings_of_pyproject(check: Command) -> None:
    table = '[tool.inittui.check]\nmodel = "models.py:alike"\ninput = "12"\n'
    Path("pyproject.toml").write_text(table)
    refused = check()
    assert refused.code == 2
    assert "add --trust" in refused.err
    assert "I201" in check("--trust", "--once").out
    Path("pyproject.toml").write_text(
        f'{table}select = ["I2"]\nallow = {{ I201 = ["*"], I202 = ["teacher.*"] }}\n'
    )
    done = check("--trust", "--once")
    assert done.code == 0
    assert "I201 symmetric" not in done.out
    assert "'I202=teacher.*'" in " ".join(done.out.split())
    assert "note I901 unused-allowance" in done.out


def test_a_lockfile_tells_drift(check: Command) -> None:
    model = ("models.py:sound", "--input", "12", "--once")
    assert check(*model, "--write-lock").code == 0
    assert check(*model, "--lock", "inittui.lock", "--exact").code == 0
    text = Path("models.py").read_text()
    # Longer: bytecode of the same second and size would be taken as it is.
    changed = text.replace('nonlinearity="relu"', 'a=0,  mode="fan_out"')
    Path("models.py").write_text(changed)
    done = check(*model, "--lock", "inittui.lock")
    assert done.code == 1
    assert "error I801 drifted" in done.out
    assert "0.weight" in done.out


def test_a_checkpoint_is_compared(check: Command) -> None:
    torch.manual_seed(5)
    other = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 4))
    torch.save({"module.0.weight": other[0].weight.detach()}, "other.pt")
    done = check("models.py:sound", "--input", "12", "--once", "--against", "other.pt")
    assert done.code == 1
    assert "error I701 differs" in done.out
    assert "warning I702 missing" in done.out


def test_a_proposal_is_measured_and_runs_by_itself(check: Command) -> None:
    done = check("models.py:alike", "--input", "12", "--once", "--fix", "--export", "start.py")
    assert "Found with these values: nothing." in " ".join(done.out.split())
    exported = runpy.run_path("start.py")
    models = runpy.run_path("models.py")
    torch.manual_seed(0)
    model = exported["init_weights"](models["alike"]())
    assert exported["STDS"]["0.weight"] == pytest.approx((2 / 12) ** 0.5, rel=1e-4)
    assert float(model[0].weight.detach().std()) == pytest.approx((2 / 12) ** 0.5, rel=0.2)
    assert inittui.check(model, "12").findings == ()


def test_python_has_it_in_one_line(check: Command) -> None:
    models = runpy.run_path("models.py")
    inittui.check(models["sound"], "12").raise_for()
    with pytest.raises(FindingsError, match="I202 clones"):
        inittui.check(models["Doubled"], "12").raise_for()
    result = inittui.check(models["Doubled"], torch.randn(16, 12), ignore=("I2",))
    assert "I202" not in [each.code for each in result.findings]
    assert result.facts.passed is not None
