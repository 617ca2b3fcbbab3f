"""Every test has a cache of its own, and no data directory from outside; tiny sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inittui.data import sets
from inittui.experiment import data_sets
from inittui.experiment.data_sets import DATA_SETS, SetDescription
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
        monkeypatch.setattr(data_sets, "DATA_SETS", known)
        monkeypatch.setattr(sets, "DATA_SETS", known)
        return description, arrays

    return announce


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Let nothing be fetched, and tell what was tried."""
    tried: list[str] = []

    def refuse(request: object, **_: object) -> object:
        tried.append(str(request))
        raise OSError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    return lambda: tried


@pytest.fixture
def given(
    tiny: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[SetDescription, object, Path]]:
    """Publish a tiny set below the directory that INITTUI_DATA_DIR names."""

    def publish(name: str) -> tuple[SetDescription, object, Path]:
        description, arrays = tiny(name, tmp_path / "root")
        monkeypatch.setenv("INITTUI_DATA_DIR", str(tmp_path / "root"))
        return description, arrays, tmp_path / "root" / description.folder

    return publish
