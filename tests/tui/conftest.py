"""The app over recorded runs; nothing in it depends on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inittui.runs import RunDirectory
from inittui.tui.app import LabApp
from inittui.tui.key_queue import LONGEST_SECONDS
from inittui.tui.open_runs import OpenRuns
from inittui.tui.settings import Loaded, Settings
from inittui.tui.terminal import Terminal
from tests.support.tui_shelf import NOW, MakeApp, Shelf, Started


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Shelf(Path("runs"), stack)


@pytest.fixture
def make_app(shelf: Shelf) -> MakeApp:
    """Return what makes an app over the shelf; nothing in it depends on the machine."""

    def make(
        theme: str | None = "inittui-dark",
        attach: RunDirectory | None = None,
        settings: Settings | None = None,
        settings_path: Path | None = None,
        longest_seconds: float = LONGEST_SECONDS,
        **terminal: object,
    ) -> LabApp:
        settings = settings or Settings()
        return LabApp(
            open_runs=OpenRuns(shelf.root, settings.palette, shelf.launch),
            terminal=Terminal(**terminal),  # type: ignore[arg-type]
            loaded=Loaded(settings),
            settings_path=settings_path,
            theme=theme,
            attach=attach,
            clock=lambda: NOW,
            longest_seconds=longest_seconds,
        )

    return make


@pytest.fixture
def started(shelf: Shelf) -> Started:
    """Let runs be made, but no process be started."""
    found = Started()

    class Process:
        returncode = None

        def poll(self) -> None:
            return None

        def terminate(self) -> None:
            found.stopped += 1

    def start_worker(run: RunDirectory, *, trust: bool = False, **_: object) -> Process:
        found.runs.append(run)
        found.trusted.append(trust)
        return Process()

    shelf.launch = start_worker  # type: ignore[assignment]
    return found
