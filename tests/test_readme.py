"""The README is true: its commands run, its catalogue is the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from inittui.errors import ExitCode
from inittui.views.catalogue import catalogue_markdown
from tests.support.commands import command_of, inittui
from tests.support.pictures import PICTURES, SCREENS, screen
from tests.support.write_readme import (
    GUIDE,
    PART,
    RULES_PART,
    rules_guide,
    rules_markdown,
    settings_markdown,
)

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- run -->\n```console\n(.*?)```", README, re.DOTALL)


def test_there_are_commands_to_run() -> None:
    assert sum(len(block.splitlines()) for block in BLOCKS) >= 9


@pytest.mark.slow
def test_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All in this process, where torch is loaded once; but the first of each block."""
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    within = command_of(monkeypatch, capsys)
    for block in BLOCKS:
        for number, line in enumerate(block.splitlines()):
            program, *arguments = shlex.split(line)
            assert program == "inittui"
            if number:
                shown = within(*arguments)
                code, out, err = shown.code, shown.out, shown.err
            else:
                done = inittui(*arguments)
                code, out, err = done.returncode, done.stdout, done.stderr
            assert code == 0, (line, err)
            assert out, line


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_each_promise_has_tests_that_hold_it() -> None:
    promises = README.partition("## What it promises")[2].partition("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 5
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row)
        assert named, row
        for path, test in named:
            source = (ROOT / "tests" / path).read_text(encoding="utf-8")
            assert f"\ndef {test}(" in source, (path, test)


def test_catalogue_is_the_code_s() -> None:
    found = re.search(r"<!-- catalogue -->\n(.*?)<!-- /catalogue -->", README, re.DOTALL)
    assert found is not None
    assert found.group(1).strip() == catalogue_markdown().strip()


def test_the_settings_are_those_of_the_table() -> None:
    """After a change of the table: python -m tests.support.write_readme."""
    assert PART.findall(README) == [settings_markdown()]


def test_the_rules_are_those_of_the_catalogue() -> None:
    """After a change of a rule: python -m tests.support.write_readme."""
    assert RULES_PART.findall(README) == [rules_markdown()]
    assert RULES_PART.findall(GUIDE.read_text(encoding="utf-8")) == [rules_guide()]


def test_exit_codes_are_all_documented() -> None:
    for code in ExitCode:
        assert re.search(rf"^\| {int(code)} \|", README, re.MULTILINE), code


@pytest.mark.parametrize("name", SCREENS)
def test_the_screens_are_those_of_today(name: str) -> None:
    assert (PICTURES / f"{name}.svg").read_text(encoding="utf-8") == screen(name)


def test_pictures_and_files_exist() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"`((?:benchmarks|data)/[\w./]*)`", README):
        assert (ROOT / path).exists(), path
