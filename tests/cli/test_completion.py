"""Completion of schemes, as a function and through the shells that are installed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
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


def command_in(folder: Path) -> str:
    """Return a PATH whose first folder has the command."""
    command = folder / "inittui"
    code = f"import sys; sys.argv[0] = 'inittui'; {MAIN}"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    command.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def completion_script(shell: str, path: str) -> str:
    return subprocess.run(
        ["inittui", "--show-completion", shell],
        env={**os.environ, "PATH": path, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.pty
def test_a_real_bash_completes_a_parameter(tmp_path: Path) -> None:
    path = command_in(tmp_path)
    script = completion_script("bash", path)
    (tmp_path / "completion.bash").write_text(script)
    environment = {"PATH": path, "PS1": "$ ", "TERM": "dumb", "HOME": str(tmp_path)}
    with Terminal(["bash", "--norc", "--noprofile", "-i"], environment=environment) as terminal:
        terminal.press(f"source {tmp_path}/completion.bash\n")
        terminal.press("inittui compare kaiming_normal:nonlinearity=ge\t")
        seen, end = b"", time.monotonic() + 30
        while b"kaiming_normal:nonlinearity=gelu " not in seen:
            assert time.monotonic() < end, seen
            seen += terminal.read(0.2)


OFFERED_WHOLE = [
    (("compare", "zer"), ["zeros"]),
    (("compare", "normal:st"), ["normal:std=", "normal:std=0.05"]),
    (("compare", "rule@fc*=orth"), ["rule@fc*=orthogonal"]),
    (("compare", "--optimizer", "ad"), ["adam", "adamw"]),
    (("runs", "li"), ["list"]),
]


@pytest.mark.parametrize(("words", "offered"), OFFERED_WHOLE)
def test_zsh_gets_whole_words(words: tuple[str, ...], offered: list[str]) -> None:
    said = as_asked_by("complete_zsh", words)
    lines = said.removeprefix("_arguments '*: :((").splitlines()
    found = [match[1] for line in lines if (match := re.match(r'"((?:[^"\\]|\\.)*)"', line))]
    assert [re.sub(r"\\+(.)", r"\1", each) for each in found] == offered, said


@pytest.mark.parametrize(("words", "offered"), OFFERED_WHOLE)
def test_fish_gets_whole_words(words: tuple[str, ...], offered: list[str]) -> None:
    said = as_asked_by("complete_fish", words, _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert [line.partition("\t")[0] for line in said.splitlines()] == offered


def as_asked_by(shell: str, words: tuple[str, ...], **environment: str) -> str:
    code = f"import sys; sys.argv[0] = 'inittui'; {MAIN}"
    line = shlex.join(["inittui", *words])
    return python(code, _INITTUI_COMPLETE=shell, _TYPER_COMPLETE_ARGS=line, **environment).stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_shells_own_scripts_are_read_by_them(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = completion_script(shell, f"{tmp_path}:{os.environ['PATH']}")
    file = tmp_path / f"completion.{shell}"
    file.write_text(script)
    subprocess.run([shell, "-n", str(file)], check=True)


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_a_real_fish_completes_a_parameter(tmp_path: Path) -> None:
    path = command_in(tmp_path)
    (tmp_path / "completion.fish").write_text(completion_script("fish", path))
    asked = "complete --do-complete 'inittui compare kaiming_normal:nonlinearity=ge'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {tmp_path}/completion.fish; {asked}"],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "kaiming_normal:nonlinearity=gelu" in done.stdout
