"""stdout and stderr that are closed, that nobody reads, or that carry ASCII only."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.style import Style
from rich.text import Text

from inittui.cli.console import console_for
from inittui.views.chart.palette import COLORS
from tests.support.commands import INITTUI, Completed
from tests.support.runs import record

QUICK = ("--limit", "300", "--epochs", "1", "--no-save")


def shell(command: str, **environment: str) -> Completed:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False,
        env={**os.environ, "I": INITTUI, "INITTUI_RUNS_DIR": "/nonexistent/runs", **environment},
    )  # fmt: skip


@pytest.mark.parametrize("arguments", ["--help", "--version", "inits", "schema compare", "runs"])
def test_a_reader_that_has_gone_is_no_error(arguments: str) -> None:
    done = shell(f'"$I" {arguments} | true')
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


ONES = """
import torch

def build():
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
    for values in model.parameters():
        torch.nn.init.ones_(values)
    return model
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (f"compare zeros --fail-if 'zeros < 0.9' {' '.join(QUICK)} --json", 3),
        ("check ones.py:build --input 8 --once", 1),
        ("runs verify --runs-dir runs", 4),
    ],
)
def test_who_reads_changes_no_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ones.py").write_text(ONES)
    record(tmp_path / "runs").log.write_text("not an event\n")
    done = shell(f'"$I" {arguments} | true')
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_progress_that_nobody_reads_stops_nothing() -> None:
    compare = f'"$I" compare zeros rule --epochs 2 {" ".join(QUICK)}'
    done = shell(f"{{ {compare} --json 2>&3 | grep -c inittui.compare/1; }} 3> >(head -n 1 >&2)")
    assert (done.returncode, done.stdout) == (0, "1\n")


@pytest.mark.parametrize("arguments", ["inits", "runs", "model mlp", "lessons", "data"])
def test_a_closed_stdout_drops_what_is_written(arguments: str) -> None:
    done = shell(f'"$I" {arguments} >&-')
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_stderr_takes_nothing_from_the_result() -> None:
    done = shell(f'"$I" compare zeros {" ".join(QUICK)} --csv 2>&-')
    assert done.returncode == 0
    assert done.stdout.startswith("scheme,")
    assert shell('"$I" compare zeross 2>&-').returncode == 2


@pytest.mark.parametrize("command", ["compare", "inspect", "model", "inits show"])
def test_the_help_is_spelled_in_ascii_where_nothing_else_can_be(command: str) -> None:
    done = shell(f'"$I" {command} --help', LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "Usage: inittui" in done.stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_the_bare_command_without_all_streams_is_a_usage_error(closed: str) -> None:
    done = shell(f'"$I" {closed}')
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["inits", "models", "--help", "lessons variance"])
@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "1"}, {"LANG": "C"}])
def test_an_ascii_locale_is_kept_where_python_takes_another(
    command: str, locale: dict[str, str]
) -> None:
    done = shell(f'"$I" {command}', **locale)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert len(done.stdout) > 200


@pytest.fixture
def own_styles() -> Iterator[None]:
    """Forget styles afterwards: a style keeps the codes of the first terminal that it is for."""
    yield
    Style.parse.cache_clear()
    Style._add.cache_clear()


@pytest.mark.usefixtures("own_styles")
def test_series_differ_on_a_terminal_of_16_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    console = console_for(stream := Stream(), 80)
    console.print(Text.assemble(*((".", color) for color in COLORS)))
    codes = re.findall(r"\x1b\[(\d+)m\.", stream.getvalue())
    assert len(codes) == len(set(codes)) == len(COLORS)
    monkeypatch.setenv("TERM", "xterm-256color")
    console = console_for(stream := Stream(), 80)
    console.print(Text(".", COLORS[0]))
    assert "[38;5;178m." in stream.getvalue()
