"""`inittui runs rm` and `inittui runs rename`: what they ask, refuse and leave."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.terminals import UI, Terminal
from inittui.runs import LogWriter
from tests.support.commands import Command
from tests.support.runs import EXPERIMENT, record_checked


def test_removing(inittui: Command, root: Path) -> None:
    runs = [record_checked(root, replace(EXPERIMENT, name=name)) for name in ("a", "b", "c")]
    refused = inittui("runs", "rm", "a")
    assert refused.code == 2
    assert "needs --yes" in refused.err
    assert all(run.path.exists() for run in runs)
    assert inittui("runs", "rm", "a", "nonsense", "--yes").code == 2
    assert runs[0].path.exists()  # nothing is removed where a name is wrong
    result = inittui("runs", "rm", "a", runs[0].id, "b", "--yes")
    assert (result.code, result.out, result.err) == (0, "", "inittui: removed 2 runs\n")
    assert [run.path.exists() for run in runs] == [False, False, True]


def test_a_run_that_is_being_written_is_not_removed(inittui: Command, root: Path) -> None:
    run = record_checked(root)
    with LogWriter(run):
        result = inittui("runs", "rm", "last", "-y")
    assert result.code == 2
    assert f"being written by pid {os.getpid()}" in result.err
    assert run.log.exists()


@pytest.mark.pty
@pytest.mark.parametrize(("answer", "expected", "kept"), [
    ("y\n", 0, False), ("n\n", 0, True), ("\n", 0, True), ("\x03", 130, True),
])  # fmt: skip
def test_removing_asks_on_a_terminal(root: Path, answer: str, expected: int, kept: bool) -> None:
    run = record_checked(root)
    with Terminal([*UI, "runs", "rm", "last"]) as terminal:
        terminal.wait_for("for good")
        assert run.id in terminal.text
        assert _answered(terminal, answer) == expected
    assert run.path.exists() == kept


def _answered(terminal: Terminal, answer: str) -> int:
    """Return the code that a command ends with, as often as it takes to be heard.

    Python loses a signal between its last look at signals and the reading of a line; a person
    presses Ctrl-C again.
    """
    for _ in range(10):
        terminal.press(answer)
        with suppress(TimeoutError):
            return terminal.wait_for_end(3)
    raise AssertionError("it didn't end")


def test_renaming(inittui: Command, root: Path) -> None:
    run = record_checked(root)
    told = inittui("runs", "rename", "last", "better")
    assert (told.code, told.out) == (0, "")
    assert told.err == f"inittui: run {run.id} is now called 'better'\n"
    assert json.loads(inittui("runs", "--json").out)["runs"][0]["name"] == "better"
    assert inittui("runs", "path", "better").out == f"{run.path}\n"
    assert inittui("runs", "rename", "better", "").code == 2
    assert "it was 'better'" in inittui("runs", "rename", "better", "best").err


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("last", "means the newest run"),
        ("LAST", "means the newest run"),
        ("first", "taken for the oldest run"),
        ("-x", "it would be an option"),
        ("   ", "can't be blank"),
        (" best", "no blanks around it"),
        ("best\t", "no blanks around it"),
        ("be\x1b[2Jst", "control characters"),
        ("be\nst", "control characters"),
        ("be\u202est", "control characters"),
        ("x" * 201, "not 201"),
        ("20260101-000000-000-abcdef", "the ID of another run"),
    ],
)
def test_what_can_t_be_a_name(inittui: Command, root: Path, name: str, why: str) -> None:
    run = record_checked(root)
    result = inittui("runs", "rename", "last", "--", name)
    assert (result.code, result.out) == (2, "")
    assert why in result.err
    assert result.err.count("\n") == 1
    assert result.err.rstrip("\n").isprintable()
    assert not run.name_file.exists()
