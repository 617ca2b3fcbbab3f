"""Every test has a cache of its own, and no data directory from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from inittui.data import descriptions, sets
from inittui.data.descriptions import DATA_SETS
from tests.support.tiny_sets import Publish, Published, publish


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INITTUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("INITTUI_DATA_DIR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publish a tiny set below a root, and make inittui believe that it is the real one."""

    def announce(name: str, root: Path) -> Published:
        description, arrays = publish(name, root)
        known = {**DATA_SETS, name: description}
        monkeypatch.setattr(descriptions, "DATA_SETS", known)
        monkeypatch.setattr(sets, "DATA_SETS", known)
        return description, arrays

    return announce
