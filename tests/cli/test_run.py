"""One run from the command line."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from inittui.runs import RunDirectory, load_settled
from tests.support.commands import command_of


def test_the_start_of_the_process_is_told_to_a_tenth_of_a_second() -> None:
    code = (
        "import time; time.sleep(0.3); from inittui.cli.run import process_start as f; print(f())"
    )
    before = time.time()
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert abs(float(process.stdout) - before) < 0.1


LATE = """
import sys
import torch
from torch import nn

class Late(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.steps = nn.Linear(784, 10), 0

    def forward(self, x):
        self.steps += self.training
        if self.steps > 6:
            END
        return self.inner(x.flatten(1))
"""


@pytest.mark.parametrize(
    ("end", "said"),
    [("raise ValueError('late')", "ValueError: late"), ("sys.exit(0)", "SystemExit: 0")],
)
@pytest.mark.parametrize("devices", [(), ("--devices", "cpu:2")])
def test_a_run_that_cannot_go_on_says_why_in_its_log_too(
    end: str,
    said: str,
    devices: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "late.py"
    file.write_text(LATE.replace("END", end))
    command = command_of(monkeypatch, capsys)
    found = command(
        "compare", "built", "rule", "--model", f"{file}:Late", "-n", 400, "-e", 1, "-b", 50,
        "--stack", "off", "--quiet", *devices,
    )  # fmt: skip
    assert found.code == 2 and found.out == ""
    # The step that fails is the seventh: forward passes before training are a twin's.
    line = next(i for i, text in enumerate(file.read_text().splitlines(), 1) if end in text)
    # How long processes took to begin is said before, where that was long.
    last = found.err.splitlines()[-1]
    assert last == f"inittui: {file}:Late: {said} ({file}, line {line})"
    assert "Traceback" not in found.err
    (run,) = (tmp_path / "runs").iterdir()
    ended = load_settled(RunDirectory(run))[0].ended
    assert ended is not None and ended.status == "failed"
    assert ended.reason == last.removeprefix("inittui: ")
