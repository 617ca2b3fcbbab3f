"""Processes for the tests of resilience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.processes import Interrupted, Launcher, launcher


@pytest.fixture(scope="session")
def inittui(_places: None) -> Iterator[Launcher]:
    """Start `inittui` processes."""
    with launcher() as starts:
        yield starts


@pytest.fixture(scope="session")
def interrupted(inittui: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """One run that was killed; each test gets copies."""
    return Interrupted(inittui, tmp_path_factory.mktemp("interrupted"))
