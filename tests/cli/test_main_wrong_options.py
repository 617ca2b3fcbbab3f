"""Every option of every command, with values that it can't have: nothing is begun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer

import inittui.cli.detached
import inittui.cli.main
import inittui.cli.tui
import inittui.recording.untrained
import inittui.training.prepared
from inittui.cli.main import app
from inittui.cli.registry import COMMANDS, load
from inittui.runs import run_directories
from inittui.tui.app import LabApp
from tests.support.commands import Command, command_of
from tests.support.runs import record

NUMBERS = ("x", "-1", "1.5x", "nan", "1e99")
SIZES = ("x", "0", "-8", "9" * 12)
NAMES = ("nope", "", "\x1b[2J")

WRONG = {
    "--bias": ("x", "-1", "nan", "1e99"),
    "--scales": ("x", "", "1", "0|1", "1..2", "a|b"),
    "--steps": SIZES,
    "--upwards": ("x", "", "1", "0|1", "1..2", "a|b"),
    "--widths": ("x", "64", "0|1", "1..2", "a|b", "1e99|2"),
    "--activation": NAMES,
    "--batch-size": SIZES,
    "--checkpoint-every": ("x", "-1", "nan"),
    "--class": ("nope",),
    "--config": ("nowhere.toml", ".", "/dev/null/x"),
    "--count": ("x", "0", "-1", "1001"),
    "--data": NAMES,
    "--depth": (*SIZES, "10001"),
    "--device": ("tpu", "cuda:x", ""),
    "--on": ("mars", "ray:", "ray://host:1", "local:1", ""),
    "--devices": (
        "cpu",
        "cpu:0",
        "cpu:9999",
        "cpu:100000000000",
        "cuda:0,cuda:0",
        "cuda:0,cpu:1",
        "",
    ),
    "--dropout": ("x", "-0.1", "1", "nan", "inf"),
    "--dtype": ("float8", ""),
    "--epochs": SIZES,
    "--eval-every": SIZES,
    "--evaluate-on": ("train", ""),
    "--fail-if": ("rule", "rule < x", "nope < 0.5", "rule < 80", "rule worse-than rule"),
    "--first": ("x", "0", "-1", "some"),
    "--format": ("pdf", ""),
    "--fps": ("x", "0", "-1", "1000", "nan"),
    "--gradient-percentile": ("x", "0", "101", "nan"),
    "--hidden": ("x", "0", "-8", "8,,8", "9" * 12),
    "--images": SIZES,
    "--input": ("x", "0x0", "1x-28x28"),
    "--inspect-every": SIZES,
    "--layer": ("fc1", "fc1=nope", "=he_uniform", "fc1="),
    "--layer-width": SIZES,
    "--limit": SIZES,
    "--lr": ("x", "0", "-1", "nan", "inf"),
    "--map": ("nope", "training.lr", "a,b"),
    "--map-of": ("nope", ""),
    "--marker": ("stars", "", "BRAILLE"),
    "--most": ("x", "0", "-1"),
    "--model": ("nope", "", "own.py", ":", "x:", ":x", ".:x", "a..b:x", "/dev/zero:x"),
    "--model-arg": ("x", "=1", "a b=1"),
    "--name": ("last", "first", "", " ", "-x", "20260101-000000-000-abcdef", "x" * 201, "\x1b[2J"),
    "--nonlinearity": NAMES,
    "--normalize": ("x", "1", "0,0", "0,nan", "0,1,2"),
    "--optimizer": NAMES,
    "--output": ("/dev/null/x",),
    "--percentile": ("x", "0", "50", "101", "nan"),
    "--run": ("nope",),
    "--runs-dir": ("/dev/null/x",),
    "--scheme": ("nope", "rule:std=", ""),
    "--seed": ("x", "-1", "9" * 30),
    "--seeds": SIZES,
    "--shape": ("x", "", "8", "0x8", "9" * 12 + "x1"),
    "--since": ("x", "3y", "2026-13-01"),
    "--sort": ("name", ""),
    "--split": ("nope", "torch:", "torch:x", "torch:" + "9" * 30),
    "--stack": ("x", "0", "-1", ""),
    "--status": ("done", ""),
    "--sweep": (
        "training.lr",
        "training.lr=x",
        "nope=1|2",
        "model.depth=1..2:x",
        "model.depth=2..2e6:3",
    ),
    "--theme": NAMES,
    "--validation": ("x", "-1", "0", "1.5", "nan"),
    "--when": ("never", ""),
    "--width": ("x", "19", "1001", "-1"),
    "--against": ("nowhere.pt", "."),
    "--allow": ("I202", "I202=", "x=fc1"),
    "--batch": ("nowhere.pt", "."),
    "--explain": ("nope", "", "I9"),
    "--export": ("/dev/null/x",),
    "--fail-on": ("all", "", "errors"),
    "--ignore": ("x", "", "I1,x"),
    "--lock": ("nowhere.lock", "."),
    "--select": ("x", "", "I1,x"),
    "--timeout": ("x", "0", "-1", "nan"),
}
"""What each option can't be. Options that take any text have no line here, but one in `ANY`."""

ANY: dict[str, str] = {
    "--only": "a pattern is compared with the layers that the prepared model has",
    "--values": "as --only",
    "--who": "as --only",
}

BESIDE = {
    ("inittui", "compare"): ("rule",),
    ("inittui", "inspect"): ("rule",),
    ("inittui", "lesson"): ("sigma",),
    ("inittui", "check"): ("mlp",),
    ("inittui", "model"): ("mlp",),
    ("inittui", "models"): ("mlp",),
    ("inittui", "inits", "show"): ("rule",),
    ("inittui", "runs", "rename"): ("last", "new name"),
    ("inittui", "runs", "diff"): ("last", "last"),
    ("inittui", "runs", "rm"): ("last", "--yes"),
}
"""What a command needs beside its options."""

WITH = {"--epochs", "--batch-size", "--optimizer", "--lr", "--stack"}
"""Options that 'inspect' takes where it trains."""

AS_MACHINE = {(option, "/dev/null/x") for option in ("--runs-dir", "--output", "--export")}
"""What isn't wrong as such: this machine has no such place."""


LATER = {
    **{
        (path, option): "any text: it is compared with what the runs have"
        for path in (("inittui", "runs"), ("inittui", "runs", "list"))
        for option in ("--scheme", "--model", "--data")
    },
    (("inittui",), "--runs-dir"): "the UI opens, and says what it can't read or keep",
    **dict.fromkeys(
        (
            (("inittui", name), "--output")
            for name in ("compare", "inspect", "model", "models", "widths")
        ),
        "the parts of a model's outputs are known once it is built",
    ),
    (("inittui", "lesson"), "--runs-dir"): "its first run is made when a size was chosen",
}
"""What is found wrong later, though before any training."""


def walk() -> Iterator[tuple[tuple[str, ...], Any]]:
    root = typer.main.get_command(app)
    yield ("inittui",), root
    for place in COMMANDS:
        command = load(place.name)
        yield ("inittui", place.name), command
        for name, child in getattr(command, "commands", {}).items():
            yield ("inittui", place.name, name), child


OPTIONS = [
    (path, max(parameter.opts, key=len))
    for path, command in walk()
    for parameter in command.params
    if parameter.param_type_name == "option" and not parameter.is_flag
    if (path, max(parameter.opts, key=len)) not in LATER
]


@pytest.fixture
def inittui_(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run commands on what looks like a terminal; fail where one begins what takes long."""

    def begun(*_: object, **__: object) -> NoReturn:
        pytest.fail("a wrong option was taken")

    monkeypatch.setattr(inittui.training.prepared, "prepare", begun)
    monkeypatch.setattr(inittui.training.prepared, "prepare_on_noise", begun)
    monkeypatch.setattr(inittui.recording.untrained, "drawn", begun)
    monkeypatch.setattr(inittui.cli.detached, "start_worker", begun)
    monkeypatch.setattr(LabApp, "run", begun)
    for module in (inittui.cli.main, inittui.cli.tui):
        monkeypatch.setattr(module, "is_terminal", lambda: True)
    return command_of(monkeypatch, capsys)


def test_every_option_is_tried() -> None:
    names = {option for _, option in OPTIONS}
    assert len(OPTIONS) > 100
    assert names == {*WRONG, *ANY}


@pytest.mark.parametrize(
    ("path", "option"), OPTIONS, ids=[f"{path[-1]} {o}" for path, o in OPTIONS]
)
def test_a_wrong_value_is_told_before_anything_is_begun(
    path: tuple[str, ...],
    option: str,
    inittui_: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    root = Path(os.environ["INITTUI_RUNS_DIR"])
    root.mkdir()
    runs = [record(root)]
    beside = list(BESIDE.get(path, ()))
    if path[-1] == "inspect":
        beside += ["--when", "both"] if option in WITH else []
        beside += ["--run", "last"] if option == "--runs-dir" else []
    taken = []
    for value in WRONG.get(option, ()):
        try:
            done = inittui_(*path[1:], *beside, option, value)
        except pytest.fail.Exception:
            taken.append(f"{value!r} is taken")
            continue
        shown = f"{value!r}: {done}"
        if done.code != (4 if (option, value) in AS_MACHINE else 2) or done.out:
            taken.append(shown)
            continue
        assert done.err.startswith("inittui: "), shown
        assert done.err.count("\n") == 1, shown
        assert "\x1b" not in done.err, shown
    assert taken == []
    assert list(run_directories(root)) == runs
