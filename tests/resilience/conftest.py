"""Short forms of long trials; with ``INITTUI_TORTURE=1`` all of each, and a table at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from processes import Launcher, launcher

TORTURE = bool(os.environ.get("INITTUI_TORTURE"))

_rows: list[tuple[str, str]] = []


@pytest.fixture(scope="session")
def inittui(_places: None) -> Iterator[Launcher]:
    """Start `inittui` processes."""
    with launcher() as starts:
        yield starts


@pytest.fixture(scope="session")
def long_form() -> bool:
    """Whether to run the whole of a trial."""
    return TORTURE


@pytest.fixture(scope="session")
def tell() -> Callable[[str, str], None]:
    """Add a row to the table: what was tried, what came of it."""
    return lambda tried, found: _rows.append((tried, found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TORTURE:
        return
    width = max((len(tried) for tried, _ in _rows), default=0)
    terminalreporter.section("what was tried, and what came of it")
    for tried, found in _rows:
        terminalreporter.write_line(f"{tried:{width}}  {found}")
