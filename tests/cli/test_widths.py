"""`inittui widths` as a person and as a script use it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len

import inittui.training.widths
from inittui.cli.widths import parse_widths, time_left
from inittui.documents.json_documents import schema
from inittui.errors import UsageError
from tests.support.commands import document, invoke, refused

SMALL = ("--widths", "16..256:5", "--steps", "2", "--limit", "300", "--batch-size", "32",
         "--depth", "1", "--seeds", "2", "--quiet")  # fmt: skip


def test_the_table_and_what_it_comes_to() -> None:
    lines = invoke("widths", *SMALL, "--width", "80").stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert [line for line in lines if line in ("standard", "mup")] == ["standard", "mup"]
    start = next(line for line in lines if line.startswith("fc2    start"))
    assert start.endswith("stays")
    grows = [line for line in lines if line.startswith("fc2    after 1")]
    assert grows[0].endswith("grows")
    assert not grows[1].endswith("grows")
    assert "under μP that is meant" in " ".join(lines)


def test_the_document_follows_its_schema() -> None:
    found = document("widths", *SMALL)
    jsonschema.validate(found, schema("widths"))
    assert found["widths"] == [16, 32, 64, 128, 256]
    assert len(found["points"]) == 2 * 2 * 5 * 2 * 3
    assert found["grows"] is True
    assert {each["step"] for each in found["slopes"]} == {0, 1, 2}


def test_check_tells_by_its_exit_code() -> None:
    assert invoke("widths", "standard", *SMALL).return_value == 0
    assert invoke("widths", "standard", *SMALL, "--check").return_value == 1
    assert invoke("widths", "mup:base=16", *SMALL, "--check").return_value == 0


def test_what_check_lets_pass_unjudged_is_said() -> None:
    two = ("--widths", "16|32", "--steps", "1", "--limit", "300", "--batch-size", "32",
           "--depth", "1", "--seeds", "1", "--check")  # fmt: skip
    done = invoke("widths", "standard", *two, "--json")
    assert done.return_value == 0
    assert "standard passes unjudged: These widths and seeds can't tell" in done.stderr
    assert json.loads(done.stdout)["undecided"] is True
    assert "Changes stay" not in " ".join(invoke("widths", "standard", *two).stdout.split())


def test_nothing_that_is_finite_is_an_exit_code_of_its_own() -> None:
    done = invoke("widths", "normal:std=1e30", *SMALL)
    assert done.return_value == 3
    said = " ".join(done.stdout.split())
    # No learning rate helps a network whose outputs are infinite before the first step.
    assert "not finite at the start, and so fc1 after a step; take smaller start values" in said


def test_one_s_own_model(tmp_path: Path) -> None:
    path = tmp_path / "cli_widths.py"
    path.write_text(
        "from torch import nn\n"
        "def make(width=8):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.ReLU(),\n"
        "                         nn.Linear(width, 10))\n"
        "def fixed():\n    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    small = tuple(word for word in SMALL if word not in ("--depth", "1"))
    found = document("widths", "--model", f"{path}:make", *small)
    assert {each["scheme"] for each in found["slopes"]} == {"built"}
    assert "give its function an argument 'width'" in refused(
        "widths", "--model", f"{path}:fixed", *small
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--widths", "64"), "several values are LOW..HIGH:COUNT"),
        (("--widths", "a|b"), "--widths must be whole numbers, not 'a|b'"),
        (("--widths", "0.2|3"), "two or more from 1 to 1,000,000"),
        (("mup", "--optimizer", "rmsprop"), "mup has learning rates for adam and sgd"),
        (("--model", "conv1d"), "has no width to grow by"),
        (("rul",), "did you mean 'rule'"),
    ],
)
def test_what_can_t_be_meant(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("widths", *arguments)


def test_parse_widths() -> None:
    assert parse_widths("64..2048:6") == [64, 128, 256, 512, 1024, 2048]
    assert parse_widths("512|64") == [64, 512]
    with pytest.raises(UsageError):
        parse_widths("1e400|3")


def test_the_schema_is_printed() -> None:
    assert json.loads(invoke("schema", "widths").stdout)["$ref"].endswith("WidthsDocument")


def test_it_says_what_it_does_and_how_long_the_rest_takes() -> None:
    loud = tuple(word for word in SMALL if word != "--quiet")
    done = invoke("widths", *loud, "--json")
    first, *others = done.stderr.splitlines()
    assert first == (
        "inittui: 2 steps at each of 5 widths, 16 to 256; from the second on the time that is left "
        "is told"
    )
    assert others[0] == "inittui: width 16: 2 steps of 4 networks"
    for line, width in zip(others[1:], (32, 64, 128, 256), strict=True):
        assert line.startswith(f"inittui: width {width}: 2 steps of 4 networks, ")
        assert line.endswith(" left")
    quiet = invoke("widths", *SMALL, "--json")
    assert quiet.stderr == ""
    assert quiet.stdout == done.stdout  # what is timed changes no result


def test_it_says_what_it_does_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise UsageError("nothing is made ready here")

    monkeypatch.setattr(inittui.training.widths, "prepare_widths", never)
    done = invoke("widths", "--steps", "1")
    assert done.stderr.startswith("inittui: 1 step at each of 6 widths, 64 to 2,048; ")
    assert str(done.exception) == "nothing is made ready here"


def test_what_is_left_goes_by_the_operations_on_a_cpu() -> None:
    assert time_left(2.0, [10, 30, 70], "cpu") == ", about 20 s left"
    assert time_left(0.05, [10, 30], "cpu") == ", less than a second left"
    assert time_left(2.0, [0, 30], "cpu") == ""  # a model without products
    assert time_left(2.0, [10, 30, 70], "cuda") == ", at least about 4 s left"
    assert time_left(0.1, [10, 30, 70], "cuda") == ""
