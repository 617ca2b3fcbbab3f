"""Processes for the tests of resilience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.processes import Launcher, launcher


@pytest.fixture(scope="session")
def inittui(_places: None) -> Iterator[Launcher]:
    """Start `inittui` processes."""
    with launcher() as starts:
        yield starts
