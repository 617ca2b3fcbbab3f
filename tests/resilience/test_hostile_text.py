"""Hostile text through everything that prints: nothing reaches the terminal as control codes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Result
from tests.support.hostile import assert_harmless, hostile_strings, poisoned
from tests.support.processes import Launcher, Started

_MOST_SECONDS = 30.0
"""For one command with one hostile string, on a busy machine."""

_AT_ONCE = 12
"""Runs that are shown and exported at the same time."""


@pytest.fixture(scope="module")
def strings(long_form: bool) -> list[str]:
    return hostile_strings(500 if long_form else len(COMMANDS))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, long_form: bool) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "runs"
    for text in hostile_strings(500 if long_form else 12):
        poisoned(root, text)
    return root


def _check(result: Result) -> None:
    assert_harmless(result.out)
    assert_harmless(result.err)
    assert "Traceback" not in result.err, result.err
    assert result.code in (0, 2, 4), (result.code, result.err)


@pytest.mark.parametrize("colour", [False, True])
def test_lists_and_verdicts_of_hostile_runs(inittui: Launcher, runs: Path, colour: bool) -> None:
    forced = {"FORCE_COLOR": "1", "TERM": "xterm-256color"} if colour else {}
    for arguments in ((), ("list", "--json"), ("list", "--width", "200"), ("verify",)):
        _check(inittui.run("runs", *arguments, "--runs-dir", runs, **forced))


def test_reports_of_hostile_runs(
    inittui: Launcher, runs: Path, tmp_path: Path, tell: Callable[[str, str], None]
) -> None:
    ways = (
        (), ("--width", "60"), ("--json",), ("--csv",), ("--first", "all", "--marker", "ascii"),
    )  # fmt: skip
    forms = ("html", "svg", "json", "csv")
    names = sorted(path.name for path in runs.iterdir())
    slowest = 0.0

    def looked_at(number: int, name: str) -> tuple[Started, Started, float]:
        forced = {"FORCE_COLOR": "1"} if number % 2 else {}
        way, form = ways[number % len(ways)], forms[number % len(forms)]
        began = time.monotonic()
        shown = inittui.start("runs", "show", name, *way, "--runs-dir", runs, **forced)
        options = ("-f", form, "--runs-dir", runs)
        return shown, inittui.start("runs", "export", name, *options, cwd=tmp_path), began

    # Each waits 3.5 s for a sign of life of the hostile host that holds its run: some do at once.
    for batch in range(0, len(names), _AT_ONCE):
        numbered = list(enumerate(names))[batch : batch + _AT_ONCE]
        for shown, exported, began in [looked_at(*each) for each in numbered]:
            result = shown.wait()
            slowest = max(slowest, time.monotonic() - began)
            _check(result)
            assert result.code == 0, result.err
            _check(exported.wait())
    assert slowest < _MOST_SECONDS
    assert not list(tmp_path.rglob("owned*")), "something was executed"
    tell(
        "runs whose log, name and notes are hostile text",
        f"{len(names)} of {len(names)} shown and exported, no control code; "
        f"at most {slowest:.1f} s",
    )


COMMANDS: tuple[Callable[[str], tuple[str, ...]], ...] = (
    lambda text: ("compare", text),
    lambda text: ("compare", f"rule:scale={text}"),
    lambda text: ("compare", "rule", "--model", text),
    lambda text: ("compare", "rule", "--data", text),
    lambda text: ("compare", "rule", "--device", text),
    lambda text: ("compare", "rule", "--hidden", text),
    lambda text: ("compare", "rule", "--layer", text),
    lambda text: ("compare", "rule", "--sweep", text),
    lambda text: ("compare", "rule", "--config", f"{text[:200]}.toml"),
    lambda text: ("compare", "rule", "--optimizer", text),
    lambda text: ("compare", "rule", "--model-arg", text),
    lambda text: ("compare", "rule", "--batch-size", text),
    lambda text: ("compare", f"{text[:100]}.py:f"),
    lambda text: (text,),
    lambda text: ("compare", f"--{text}"),
    lambda text: ("runs", "show", text),
    lambda text: ("runs", "rm", text, "--yes"),
    lambda text: ("runs", "rename", text, text),
    lambda text: ("runs", "stop", text),
    lambda text: ("runs", "resume", text),
    lambda text: ("runs", "export", "-f", text),
    lambda text: ("inits", text),
    lambda text: ("model", text),
    lambda text: ("data", text),
    lambda text: ("schema", text),
)


def test_hostile_command_lines_are_refused_in_one_line(
    inittui: Launcher,
    strings: list[str],
    tmp_path: Path,
    tell: Callable[[str, str], None],
) -> None:
    root = tmp_path / "runs"
    poisoned(root, "\x1b]0;a name that none of them is\x07")
    tried = 0
    for number, text in enumerate(strings):
        typed = text.replace("\0", "")
        arguments = COMMANDS[number % len(COMMANDS)](typed)
        environment = {"INITTUI_RUNS_DIR": str(root)}
        result = inittui.run(*arguments, cwd=tmp_path, **environment)
        _check(result)
        assert result.err.count("\n") <= 1, (arguments, result.err)
        tried += 1
    assert not list(tmp_path.rglob("owned*")), "something was executed"
    tell("hostile command lines", f"{tried} of {tried} answered in one line, no control code")


def test_a_hostile_name_is_kept_and_shown_harmless(inittui: Launcher, tmp_path: Path) -> None:
    name = "\x1b]0;owned\x07\u202eeman\n\r[red]"
    options = ("--hidden", "8", "--limit", "400", "--epochs", "1", "--runs-dir", tmp_path / "runs")
    _check(inittui.run("compare", "rule", *options, "--name", name))
    for arguments in (
        ("list",),
        ("show",),
        ("show", "--json"),
        ("rename", "last", name),
        ("list",),
    ):
        _check(inittui.run("runs", *arguments, "--runs-dir", tmp_path / "runs"))


def test_a_hostile_directory_is_shown_harmless(inittui: Launcher, tmp_path: Path) -> None:
    root = tmp_path / "\x1b[2J\u202eruns\n"
    options = ("--hidden", "8", "--limit", "400", "--epochs", "1", "--runs-dir", root)
    _check(inittui.run("runs", "list", "--runs-dir", root))
    result = inittui.run("compare", "rule", *options)
    _check(result)
    assert result.code == 0, result.err
    for arguments in (("list",), ("show",), ("show", "--json"), ("verify",), ("resume",)):
        _check(inittui.run("runs", *arguments, "--runs-dir", root))


HOSTILE_TOML: dict[str, str | bytes] = {
    "a key of control codes": '"\\u001b[2J\\u202e" = 1',
    "a value of control codes": 'schemes = ["\\u001b]0;owned\\u0007"]',
    "a key in a table": '[model]\n"\\u001b[2J" = 1',
    "raw control codes": b"schemes = [\x1b[2J]",
    "not UTF-8": b"schemes = ['\xff\xfe']",
    "NUL": b"\0" * 1000,
    "deep arrays": "schemes = " + "[" * 50_000,
    "deep tables": "a" + ".a" * 50_000 + " = 1",
    "deep inline tables": "x = " + "{a=" * 10_000,
    "many keys": "\n".join(f"k{i} = {i}" for i in range(20_000)),
    "a huge number": f"seeds = [{'9' * 100_000}]",
    "a huge float": "training.lr = 1e999",
    "not a number": "training.lr = nan",
    "a negative seed": "seeds = [-99999999999999999999]",
    "many seeds": f"seeds = [{', '.join(map(str, range(100_000)))}]",
    "a million trials": f"seeds = [{', '.join(map(str, range(10_000)))}]\nschemes = "
    + json.dumps([f"normal:std={i / 1000}" for i in range(1, 400)]),
    "a model as large as memory": "[model]\nhidden = [1000000000, 1000000000]",
    "a deep model": "[model]\ndepth = 1000000000",
    "an endless training": "[training]\nepochs = 1000000000000",
    "code as a model": '[model]\nname = "owned.py:f"',
    "code as a scheme": 'schemes = ["owned.py:f"]',
    "code in a layer": '[layers]\n"fc*" = "owned.py:f"',
    "code in a sweep": 'sweeps = ["model.name=owned.py:f|mlp"]',
    "a link elsewhere as data": '[data]\nname = "../../../etc/passwd"',
}


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("owned")
    (folder / "owned.py").write_text("open('was-run', 'w').close()\ndef f(*a, **k): pass\n")
    return folder


@pytest.mark.parametrize("kind", HOSTILE_TOML)
def test_a_hostile_experiment_file_is_refused_in_one_line(
    inittui: Launcher, owned: Path, tmp_path: Path, kind: str
) -> None:
    content = HOSTILE_TOML[kind]
    file = tmp_path / "experiment.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.monotonic()
    result = inittui.run("compare", "--config", file, "--no-save", cwd=owned)
    assert time.monotonic() - began < _MOST_SECONDS
    _check(result)
    assert result.code in (2, 4)
    assert result.err.count("\n") == 1, result.err
    assert len(result.err) < 1000
    assert result.out == ""
    assert not (owned / "was-run").exists()
    if kind.startswith("code"):
        assert "--trust" in result.err


def test_a_device_as_experiment_file_is_not_read_for_ever(inittui: Launcher) -> None:
    result = inittui.run("compare", "--config", "/dev/zero")
    assert result.code == 2
    assert "larger than" in result.err
