"""The same command comes to the same numbers, bit by bit, also where others use the cores."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Launcher, essence, the_run

_NEIGHBOURS = 3

_QUICK = ("--limit", "1300", "--epochs", "1", "--seeds", "2", "-q")

SETTINGS: dict[str, tuple[str, ...]] = {
    "batch norm, two seeds": ("rule", "default", "--batch-norm", "--hidden", "32"),
    "one seed's shared batch": ("zeros", "rule", "--hidden", "256,128", "--seeds", "1"),
    "convolutions": ("rule", "default", "--model", "lenet", "--layer-width", "32"),
}


@contextmanager
def _neighbours(count: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_command_repeats_itself_beside_busy_neighbours(
    inittui: Launcher,
    tmp_path: Path,
    setting: str,
    long_form: bool,
    tell: Callable[[str, str], None],
) -> None:
    repeats = 200 if long_form else 2
    first: list[dict[str, Any]] = []
    for number in range(repeats):
        root = tmp_path / str(number)
        with _neighbours(_NEIGHBOURS if number else 0):
            result = inittui.run("compare", *_QUICK, *SETTINGS[setting], "--runs-dir", root)
        assert result.code == 0, result.err
        found = essence(the_run(root))
        first = first or found
        assert found == first, f"run {number}"
    tell(
        f"{repeats} runs of one command beside {_NEIGHBOURS} busy processes, {setting}",
        "all bitwise equal",
    )
