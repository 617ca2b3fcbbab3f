"""Somebody's own code: what it sees while it is imported, and whose fault an error is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from inittui.errors import UsageError
from inittui.inspection.recorder import LayerRecorder
from inittui.user_code import blamed, find, is_raised_here, remember_place, theirs

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
