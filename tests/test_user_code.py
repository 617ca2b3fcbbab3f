"""Somebody's own code: what it sees while it is imported, and whose fault an error is."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import torch

from inittui.errors import UsageError
from inittui.inspection.recorder import LayerRecorder
from inittui.user_code import (
    blamed,
    each_printing_aside,
    find,
    is_raised_here,
    remember_place,
    theirs,
)

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=7)
settings = parser.parse_args()

def build():
    return settings.width
"""

BY_HAND = """
import sys
seen = list(sys.argv)
if len(sys.argv) > 1:
    sys.exit("usage: train.py")

def build():
    return seen
"""

CLICK = """
import click

@click.command()
@click.option("--width", default=9)
def main(width):
    global chosen
    chosen = width

main(standalone_mode=False)

def build():
    return chosen
"""


@pytest.mark.parametrize(("code", "gives"), [(ARGPARSE, 7), (BY_HAND, None), (CLICK, 9)])
def test_a_script_sees_its_own_name_and_no_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, gives: object
) -> None:
    if "click" in code:
        pytest.importorskip("click")
    ours = ["inittui", "compare", "--model", "x.py:build", "--epochs", "2"]
    monkeypatch.setattr(sys, "argv", ours)
    script = tmp_path / "train.py"
    script.write_text(code)
    assert find(f"{script}:build")() == ([str(script)] if gives is None else gives)
    assert sys.argv is ours


def test_a_failing_import_puts_the_arguments_back(tmp_path: Path) -> None:
    before = sys.argv
    script = tmp_path / "broken.py"
    script.write_text("import sys\nsys.exit(sys.argv[1])\n")
    with pytest.raises(UsageError, match=r"IndexError.*broken.py, line 2"):
        find(f"{script}:build")
    assert sys.argv is before


@pytest.mark.parametrize("is_package", [True, False])
def test_relative_imports_are_told_how_to_be_named(tmp_path: Path, is_package: bool) -> None:
    folder = tmp_path / "zoo" / "nets"
    folder.mkdir(parents=True)
    if is_package:
        for place in (folder, folder.parent):
            (place / "__init__.py").touch()
    (folder / "blocks.py").touch()
    (folder / "vit.py").write_text("from . import blocks\n\ndef build(): ...\n")
    with pytest.raises(UsageError) as caught:
        find(f"{folder / 'vit.py'}:build")
    name, place = ("zoo.nets.vit", tmp_path) if is_package else ("nets.vit", folder.parent)
    assert str(caught.value) == (
        "vit.py has relative imports, which work within a package only: name it "
        f"PACKAGE.MODULE:NAME, here {name}:build, from the folder {place}"
    )


def test_our_fault_within_their_code_is_not_told_as_theirs(tmp_path: Path) -> None:
    own = tmp_path / "calls.py"
    own.write_text("def run(f):\n    return f()\n\ndef fail(f):\n    return 1 / 0\n")
    run, fail = find(f"{own}:run"), find(f"{own}:fail")

    def ours() -> object:
        from inittui.inspection.statistics import measure

        return measure("no tensor", 99.0)  # type: ignore[arg-type]

    for blame in (theirs("calls.py:run"), blamed("calls.py:run", lambda error: False)):
        with pytest.raises(AttributeError), blame:
            run(ours)
    for blame in (theirs("calls.py:fail"), blamed("calls.py:fail", lambda error: False)):
        with pytest.raises(UsageError, match=r"ZeroDivisionError.*calls.py, line 5"), blame:
            fail(ours)


def test_what_torch_raises_is_the_fault_of_its_caller(tmp_path: Path) -> None:
    own = tmp_path / "shapes.py"
    own.write_text("import torch\n\ndef run():\n    return torch.ones(2) @ torch.ones(3)\n")
    run = find(f"{own}:run")
    with (
        pytest.raises(UsageError, match=r"shapes.py, line 4"),
        blamed("shapes.py:run", lambda e: False),
    ):
        run()


def test_a_module_of_a_run_is_found_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "there" / "resumed_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    file = package / "made.py"
    file.write_text("def build(): return 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(UsageError, match="No module named 'resumed_package'"):
        find("resumed_package.made:build")
    remember_place("resumed_package.made", str(file))
    assert find("resumed_package.made:build")() == 3
    remember_place("moved_package.made", str(tmp_path / "gone" / "moved_package" / "made.py"))
    with pytest.raises(UsageError, match=r"no module moved_package\.made; it was .*gone.* when"):
        find("moved_package.made:build")


def test_an_error_is_raised_here_where_a_line_of_ours_raised_it() -> None:
    try:
        find("no_name")
    except UsageError as error:
        assert is_raised_here(error)
    try:
        int("x")
    except ValueError as error:
        assert not is_raised_here(error)


def test_what_comes_by_way_of_our_modes_is_the_fault_of_its_caller(tmp_path: Path) -> None:
    file = tmp_path / "mismatched.py"
    file.write_text(
        "import torch\ndef forward(x): return torch.nn.functional.relu(x) @ torch.ones(7, 7)\n"
    )
    forward = find(f"{file}:forward")
    with (
        pytest.raises(UsageError, match=r"mismatched\.py, line 2"),
        blamed(f"{file}:forward", lambda _: False),
        LayerRecorder(99.9),
    ):
        forward(torch.ones(2, 3))


def test_a_file_runs_once_and_anew_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "once.py"
    path.write_text("import os\nruns = []\nruns.append(0)\nos.chdir('/')\ndef build(): return 1\n")
    monkeypatch.chdir(tmp_path)
    first = find("once.py:build")
    assert Path.cwd() == Path("/")
    assert find("once.py:build") is first  # though it isn't to be found from here
    assert find(f"{path}:build") is first
    path.write_text("def build(): return 22\n")
    assert find(f"{path}:build")() == 22


@pytest.mark.parametrize("is_module", [False, True])
def test_what_a_file_seeds_or_switches_off_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_module: bool
) -> None:
    name = f"seeds_{tmp_path.name}"
    path = tmp_path / f"{name}.py"
    path.write_text(
        "import random\nimport numpy\nimport torch\ntorch.manual_seed(42)\nrandom.seed(42)\n"
        "numpy.random.seed(42)\ntorch.set_grad_enabled(False)\ndrawn = float(torch.rand(()))\n"
        "def build(): return drawn\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    torch.manual_seed(7)
    expected = torch.rand(2)
    torch.manual_seed(7)
    find(f"{name if is_module else path}:build")
    assert torch.equal(torch.rand(2), expected)
    assert torch.is_grad_enabled()


def test_a_leaving_forward_is_told_as_theirs(tmp_path: Path) -> None:
    path = tmp_path / "leaves.py"
    path.write_text("import sys\ndef forward():\n    sys.exit('bye')\n")
    forward = find(f"{path}:forward")
    with (
        pytest.raises(UsageError, match=r"SystemExit: bye \(.*leaves.py, line 3\)"),
        blamed("leaves.py:forward", lambda _: False),
    ):
        forward()


def test_the_place_of_an_error_is_theirs_not_a_packages(tmp_path: Path) -> None:
    path = tmp_path / "parses.py"
    path.write_text("import json\ndef build():\n    return json.loads('{')\n")
    said = r"JSONDecodeError: .* \(.*parses.py, line 3\)"
    with pytest.raises(UsageError, match=said), theirs(f"{path}:build"):
        find(f"{path}:build")()


def test_what_is_printed_while_a_generator_works_goes_aside(
    capsys: pytest.CaptureFixture[str],
) -> None:
    closed = []

    @each_printing_aside
    def numbers() -> Iterator[int]:
        try:
            for each in range(3):
                print("theirs", each)
                yield each
        finally:
            closed.append(True)

    for each in numbers():
        print("ours", each)
    assert capsys.readouterr() == ("ours 0\nours 1\nours 2\n", "theirs 0\ntheirs 1\ntheirs 2\n")
    steps = numbers()
    next(steps)
    assert isinstance(steps, Generator)
    steps.close()
    assert closed == [True, True]
