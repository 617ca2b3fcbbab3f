"""Every help has examples, which run; the cheat sheet and the man page come of the same table."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inittui.cli.examples import EXAMPLES
from inittui.cli.folding import USED_MOST
from inittui.cli.help import cheat_sheet, man_page, walk
from tests.support.commands import document, invoke, refused
from tests.support.runs import record

SMALL = "[compare]\nlimit = 300\nhidden = [8]\nepochs = 1\n"
SLOW = {
    "inittui lesson normal-distribution",
    "inittui lesson zeros-and-ones --fast",
    "inittui phase",
    "inittui widths",
}
"""Run by the tests of their commands."""
ASKS = ("inittui attach", "inittui runs stop", "inittui runs rm A", "EDITOR=", "cat ", "ls ")
"""What needs a terminal, a run that trains, or another program."""

COMMANDS = dict(walk())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("examples")
    (folder / "settings.toml").write_text(SMALL)
    yield folder


@pytest.mark.parametrize("words", COMMANDS)
def test_every_help_has_examples_at_its_top(words: str) -> None:
    assert 2 <= len(EXAMPLES[words]) <= 4
    shown = invoke(*words.split(), "--help").output
    above = " ".join(shown.partition("╭")[0].split())
    for example in EXAMPLES[words]:
        assert example in above


RUN = [
    example
    for words in COMMANDS
    for example in EXAMPLES[words]
    if example not in SLOW and (not example.startswith(ASKS) or example.endswith("--yes"))
]


@pytest.mark.parametrize("example", RUN)
def test_examples_run(example: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = place / "runs"
    monkeypatch.chdir(place)
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(root))
    monkeypatch.setenv("INITTUI_CONFIG_DIR", str(place))
    monkeypatch.setenv("EDITOR", "true")
    words = shlex.split(example)
    needs = [word for word in words if word in ("A", "B", "last")]
    runs = {word: record(root).id for word in needs}
    program, *words = [runs.get(word, word) if word != "last" else word for word in words]
    assert program == "inittui"
    done = invoke(*words)
    fails = "--fail-if" in words
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in ((0, 3) if fails else (0,)), done.output
    for file in place.glob("*.*"):
        if file.name != "settings.toml":
            file.unlink()


def test_a_help_is_found_by_name() -> None:
    assert "Usage: inittui runs list" in invoke("help", "runs", "list").output
    assert "did you mean 'compare'" in refused("help", "compar")


def test_the_cheat_sheet_is_one_page() -> None:
    sheet = cheat_sheet()
    assert invoke("help", "cheatsheet").output == sheet
    assert len(sheet.splitlines()) <= 100
    assert all(len(line) <= 100 for line in sheet.splitlines())


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_the_man_page_is_read_by_man(tmp_path: Path) -> None:
    file = tmp_path / "inittui.1"
    file.write_text(man_page())
    done = subprocess.run(["man", "-l", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "inittui runs diff" in done.stdout


def test_the_man_page_has_every_command_and_option() -> None:
    page = man_page()
    assert page.startswith(".TH INITTUI 1")
    for words, command in COMMANDS.items():
        assert f".B inittui {words}\n" in page
        for parameter in command.params:
            if parameter.param_type_name == "option" and getattr(parameter, "help", None):
                assert parameter.opts[0].replace("-", "\\-") in page


def test_the_version_has_a_short_option() -> None:
    assert invoke("-V").output == invoke("--version").output
    assert json.dumps(document("settings"))


@pytest.mark.parametrize("words", USED_MOST)
def test_a_long_help_explains_what_is_used_most_and_names_the_rest(words: str) -> None:
    options = {
        max(each.opts, key=len)
        for each in COMMANDS[words].params
        if each.param_type_name == "option"
    } | {"--help"}
    assert set(USED_MOST[words]) < options
    short, whole = invoke(words, "--help").output, invoke("help", *words.split()).output
    above, _, below = short.rpartition("╰")
    for name in USED_MOST[words]:
        assert f"│ {name} " in above
        assert f" {name} " not in f" {' '.join(below.split())} "
    for name in options - set(USED_MOST[words]):
        assert f"│ {name} " not in above
        assert f" {name} " in f" {' '.join(below.split())} "
    assert len(short.splitlines()) < len(whole.splitlines()) / 2
    assert all(f"│ {name[:18]}" in whole for name in options)
