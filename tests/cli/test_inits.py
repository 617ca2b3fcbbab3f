"""`inittui inits` and `inittui inits show`, as text and as JSON."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from inittui.errors import UsageError
from inittui.initializers import CATALOGUE, names
from inittui.views.catalogue import catalogue_markdown
from tests.support import commands


def run(*arguments: str) -> str:
    return commands.run("inits", *arguments)


def document(*arguments: str) -> Any:
    return commands.document("inits", *arguments)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_catalogue_holds_everything_and_is_no_wider(width: int) -> None:
    printed = run("--width", str(width))
    assert max(cell_len(line) for line in printed.splitlines()) <= width
    # Words survive wrapping; blanks and line breaks don't matter.
    for description in CATALOGUE.values():
        assert description.name in printed
        for alias in description.aliases:
            assert f"({alias})" in printed
    if width < 100:
        squeezed = "".join(printed.split())
        for description in CATALOGUE.values():
            for text in (description.formula, description.source):
                for word in text.split():
                    assert word in squeezed


@pytest.mark.parametrize("width", [20, 33, 1000])
def test_odd_widths_are_kept(width: int) -> None:
    for arguments in ([], ["show", "rule", "--shape", "20x30"]):
        printed = run(*arguments, "--width", str(width))
        assert max(cell_len(line) for line in printed.splitlines()) <= width


def test_the_catalogue_as_json_is_complete() -> None:
    catalogue = document()
    assert catalogue["schema"] == "inittui.inits/1"
    by_name = {entry["name"]: entry for entry in catalogue["initializers"]}
    assert tuple(by_name) == names()
    assert by_name["rule"]["aliases"] == ["general_rule"]
    std = by_name["normal"]["parameters"][1]
    assert (std["name"], std["default"], std["default_text"]) == ("std", None, "1/√fan_in")
    assert std["constraint"] == "at least 0"
    assert by_name["kaiming_normal"]["parameters"][1]["choices"] == ["fan_in", "fan_out"]


def test_the_catalogue_as_markdown_has_a_row_for_each() -> None:
    rows = catalogue_markdown().splitlines()
    assert len(rows) == 2 + len(CATALOGUE)
    assert all(row.count("|") == 5 for row in rows)


@pytest.mark.parametrize("name", names())
def test_show_draws_every_initializer(name: str) -> None:
    shape = "64x3x3x3" if name == "dirac" else "64x100"
    printed = run("show", name, "--shape", shape, "--width", "70")
    assert max(cell_len(line) for line in printed.splitlines()) <= 70
    assert printed.startswith(name)
    assert "expected" in printed
    assert "measured" in printed
    assert "nan" not in printed


@pytest.mark.parametrize("name", names())
def test_expected_and_measured_agree(name: str) -> None:
    shape = (64, 32, 3, 3) if name == "dirac" else (128, 400)
    shown = document("show", name, "--shape", "x".join(map(str, shape)))
    n = math.prod(shape)
    expected, measured, histogram = shown["expected"], shown["measured"], shown["histogram"]
    std = expected["std"]
    # Five standard errors of mean and standard deviation, see the statistics of initializers;
    # constant values are rounded to float32.
    assert abs(measured["mean"] - expected["mean"]) <= 5 * std / math.sqrt(n) + 1e-9
    assert abs(measured["std"] - std) <= 5 * std / math.sqrt(2 * n) + 1e-9
    # The largest of n normal values has a standard deviation below 0.3 σ for these n.
    for end in ("min", "max"):
        assert abs(measured[end] - expected[end]) <= 1.5 * std + 1e-9
    assert sum(histogram["counts"]) == n
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    # What lies outside the measured range is missing; the orthogonal one has no chance error.
    assert sum(histogram["expected_counts"]) == pytest.approx(n, rel=5e-3)
    for seen, awaited in zip(histogram["counts"], histogram["expected_counts"], strict=True):
        # Binomial counts; bins at the ends are only partly covered.
        assert abs(seen - awaited) <= 6 * math.sqrt(awaited + 1) + 0.02 * awaited


def test_atoms_are_told_apart_from_the_density() -> None:
    atoms = document("show", "eye", "--shape", "10x40")["atoms"]
    assert atoms == [
        {"value": 0.0, "expected": pytest.approx(39 / 40), "measured": pytest.approx(39 / 40)},
        {"value": 1.0, "expected": pytest.approx(1 / 40), "measured": pytest.approx(1 / 40)},
    ]
    assert "2.5000%" in run("show", "eye", "--shape", "10x40")


def test_show_is_a_function_of_its_arguments() -> None:
    assert document("show", "rule") == document("show", "general-rule")
    assert document("show", "rule", "--seed", "1") != document("show", "rule")


def test_kaiming_follows_the_nonlinearity() -> None:
    relu = document("show", "kaiming_normal")["expected"]["std"]
    tanh = document("show", "kaiming_normal", "--nonlinearity", "tanh")["expected"]["std"]
    assert relu == pytest.approx(math.sqrt(2 / 784))
    assert tanh == pytest.approx(5 / 3 / 28)


def test_fans_of_a_convolution_are_shown() -> None:
    printed = run("show", "he_normal", "--shape", "64x3x5x5")
    assert "fan_in 75" in printed
    assert "fan_out 1,600" in printed


def test_own_functions_named_on_the_command_line_are_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def half(tensor): tensor.fill_(0.5)\n")
    shown = document("show", f"{file}:half", "--shape", "3x4")
    assert shown["measured"] == {"mean": 0.5, "std": 0.0, "min": 0.5, "max": 0.5}
    assert shown["expected"] is None
    printed = run("show", f"{file}:half", "--shape", "3x4")
    assert "measured" in printed
    assert "expected" not in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "ruel"], "did you mean 'rule'"),
        (["show", "rule/ones"], "leave out what follows"),
        (["show", "rule@fc1=ones"], "leave out what follows"),
        (["show", "rule", "--shape", "25x"], "not of the form 256x784"),
        (["show", "rule", "--shape", "256"], "a weight has 2 dimensions"),
        (["show", "rule", "--shape", "1x1x1x1x1x1"], "a weight has 2 dimensions"),
        (["show", "rule", "--shape", "0x5"], "there can be 1 to 50,000,000"),
        (["show", "rule", "--shape", "999999999x999999999"], "there can be 1 to 50,000,000"),
        (["show", "eye", "--shape", "4x4x3x3"], "eye fills weights of two dimensions"),
        (["show", "rule", "--nonlinearity", "rleu"], "did you mean 'relu'"),
        (["show", "rule", "--width", "5"], "--width must be from 20 to 1,000"),
        (["show", "nope.py:f"], "there is no file nope.py"),
    ],
)
def test_faults_are_one_clear_line(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(*arguments)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_catalogue_is_printed_without_torch_and_in_ascii() -> None:
    code = (
        "import sys; from inittui.cli.inits import app; app(standalone_mode=False);"
        "assert not {'torch', 'scipy', 'plotext'} & set(sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        check=True,
        capture_output=True,
    ).stdout
    assert "1/sqrt fan_in" in printed.decode("ascii")
    assert b"?" not in printed


def test_a_smooth_density_over_the_values() -> None:
    printed = run("show", "normal:std=1", "--density")
    assert "smooth density" in printed and "expected " in printed
    assert "smooth density" not in run("show", "normal:std=1")
