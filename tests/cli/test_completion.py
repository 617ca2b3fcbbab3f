"""Completion of schemes, as a function and through a real bash."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.terminals import Terminal
from inittui.cli.completion import complete_scheme
from inittui.initializers import CATALOGUE, names, parse_scheme
from tests.support.commands import MAIN, python


def completed(text: str) -> list[str]:
    return [value for value, _ in complete_scheme(text)]


def test_nothing_typed_gives_all_names() -> None:
    assert completed("") == list(names())


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("xav", ["xavier_uniform", "xavier_normal"]),
        ("zero", ["zeros"]),
        ("glor", ["glorot_uniform", "glorot_normal"]),
        ("normal:s", ["normal:std=", "normal:std=0.05"]),
        ("normal:std=1,", ["normal:std=1,mean=", "normal:std=1,mean=0"]),
        ("kaiming_uniform:mo", ["kaiming_uniform:mode=fan_in", "kaiming_uniform:mode=fan_out"]),
        ("kaiming_normal:mode=fan_o", ["kaiming_normal:mode=fan_out"]),
        ("zeros/con", ["zeros/constant"]),
        ("normal:std=1/constant:v", [f"normal:std=1/constant:value={v}" for v in ("", "0.005")]),
        ("zeros/xavier", []),
        ("rule@fc*=orth", ["rule@fc*=orthogonal"]),
        ("rule/ones@a=zeros@b=ones/ru", ["rule/ones@a=zeros@b=ones/rule"]),
        ("rule@fc", []),
        ("nothing:", []),
        ("module:fun", []),
    ],
)
def test_what_is_offered(typed: str, offered: list[str]) -> None:
    assert completed(typed) == offered


def test_everything_offered_begins_with_what_was_typed_and_has_help() -> None:
    for description in CATALOGUE.values():
        for typed in (description.name, f"{description.name}:", f"rule@x={description.name}:"):
            for value, meaning in complete_scheme(typed):
                assert value.startswith(typed)
                assert meaning
                if not value.endswith("=") and "a=" not in value:
                    parse_scheme(value)


def in_bash(words: list[str]) -> list[str]:
    """Ask as bash does: words broken at ':', '=' and '@', joined by line breaks."""
    done = python(
        f"import sys; sys.argv[0] = 'inittui'; {MAIN}", _INITTUI_COMPLETE="complete_bash",
        COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1),
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["compare", "zer"], ["zeros"]),
        (["compare", "normal", ":", "st"], ["std=", "std=0.05"]),
        (["compare", "zeros", "normal", ":", "std", "=", "1,m"], ["1,mean=", "1,mean=0"]),
        (["compare", "kaiming_normal", ":", "mode", "="], ["fan_in", "fan_out"]),
        (["compare", "rule", "@", "fc*", "=", "orth"], ["orthogonal"]),
        (["inits", "show", "normal", ":"], ["mean=", "mean=0", "std=", "std=0.05"]),
        (["inits", "sh"], ["show"]),
        (["compare", "--optimizer", "ad"], ["adam", "adamw"]),
        (["compare", "--evaluate-on", ""], ["validation", "test"]),
        (["inspect", "--model", "le"], ["lenet"]),
        (["model", "--data", "fashion"], ["fashion-mnist"]),
        (["compare", "--sweep", "normal", ":", "st"], ["std=", "std=0.05"]),
    ],
)
def test_bash_gets_the_last_piece_of_the_word(words: list[str], offered: list[str]) -> None:
    assert in_bash(["inittui", *words]) == offered


@pytest.mark.pty
def test_a_real_bash_completes_a_parameter(tmp_path: Path) -> None:
    command = tmp_path / "inittui"
    code = f"import sys; sys.argv[0] = 'inittui'; {MAIN}"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    script = subprocess.run(
        ["inittui", "--show-completion", "bash"],
        env={**os.environ, "PATH": path, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "completion.bash").write_text(script)
    environment = {"PATH": path, "PS1": "$ ", "TERM": "dumb", "HOME": str(tmp_path)}
    with Terminal(["bash", "--norc", "--noprofile", "-i"], environment=environment) as terminal:
        terminal.press(f"source {tmp_path}/completion.bash\n")
        terminal.press("inittui compare kaiming_normal:nonlinearity=ge\t")
        seen, end = b"", time.monotonic() + 30
        while b"kaiming_normal:nonlinearity=gelu " not in seen:
            assert time.monotonic() < end, seen
            seen += terminal.read(0.2)
