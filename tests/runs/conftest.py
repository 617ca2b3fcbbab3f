"""A run of which nothing is written yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.runs import RunDirectory, create_run
from tests.support.runs import EXPERIMENT


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path / "runs", EXPERIMENT)
