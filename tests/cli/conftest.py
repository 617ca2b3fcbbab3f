"""Commands in this process, and the place of their runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Command, command_of


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def inittui(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command_of(monkeypatch, capsys)
