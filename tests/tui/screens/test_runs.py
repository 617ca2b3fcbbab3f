"""What is done with the runs of the list."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from inittui.runs import RunListing, list_runs, load_settled
from inittui.tui.screens import runs
from inittui.tui.widgets import run_preview
from inittui.tui.widgets.run_preview import RunPreview
from inittui.tui.widgets.runs_table import RunsTable
from inittui.views.export_formats import FORMATS
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_format_of_the_command_is_offered_and_none_is_broken(
    shelf: Shelf, make_app: MakeApp, width: int
) -> None:
    shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        answers = pilot.app.screen.query_one("#answers", Static)
        lines = str(answers.content).split("\n")
        offered = [f"{title[0].lower()} {title}" for title in FORMATS.values()]
        assert all(any(each in line for line in lines) for each in offered)
        assert max(map(len, lines)) <= answers.size.width
        assert answers.size.height == len(lines)

    drive(make_app(), act, (width, 24))


def test_the_rows_are_written_as_parquet(shelf: Shelf, make_app: MakeApp) -> None:
    pytest.importorskip("pyarrow")
    run = shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("x", "p")
        await settle(pilot)
        assert Path(f"inittui-{run.id}.parquet").read_bytes()[:4] == b"PAR1"

    drive(make_app(), act)


def test_the_first_letters_of_the_formats_differ() -> None:
    assert len({title[0] for title in FORMATS.values()}) == len(FORMATS)


def seen(pilot: Pilot[None]) -> list[str]:
    preview = pilot.app.screen.query_one(RunPreview)
    lines = (preview.render_line(y).text.rstrip() for y in range(preview.size.height))
    return [line for line in lines if line]


def test_a_list_that_comes_late_is_dropped(
    shelf: Shelf, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("classic")
    reading, go_on = threading.Event(), threading.Event()

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        table = pilot.app.screen.query_one(RunsTable)
        assert table.count() == 1

        def slowly(root: Path) -> list[RunListing]:
            found = list_runs(root)
            if not reading.is_set():
                reading.set()
                assert go_on.wait(10)
            return found

        monkeypatch.setattr(runs, "list_runs", slowly)
        screen = pilot.app.screen
        assert isinstance(screen, runs.RunsScreen)
        screen.load()
        while not reading.is_set():
            await pilot.pause()
        shelf.put("seeds")
        screen.load()
        await settle(pilot)
        assert table.count() == 2
        go_on.set()
        for _ in range(20):
            await pilot.pause(0.01)
        assert table.count() == 2

    drive(make_app(), act)


def test_a_preview_that_comes_late_is_dropped(
    shelf: Shelf, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("classic", "diverged")
    reading, go_on = threading.Event(), threading.Event()

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        first = seen(pilot)
        await pilot.press("down")
        await settle(pilot)
        second = seen(pilot)
        assert first != second

        def slowly(run: Any, **options: Any) -> Any:
            if not reading.is_set():
                reading.set()
                assert go_on.wait(10)
            return load_settled(run, **options)

        monkeypatch.setattr(run_preview, "load_settled", slowly)
        await pilot.press("up")
        while not reading.is_set():
            await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        assert seen(pilot) == second
        go_on.set()
        for _ in range(20):
            await pilot.pause(0.01)
        assert seen(pilot) == second

    drive(make_app(), act)


def test_the_preview_follows_the_room_that_it_has(shelf: Shelf, make_app: MakeApp) -> None:
    shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        preview = pilot.app.screen.query_one(RunPreview)
        whole = seen(pilot)
        preview.styles.height = len(whole) - 3
        await settle(pilot)
        assert len(seen(pilot)) < len(whole)
        assert seen(pilot)[-1] == whole[-1]

    drive(make_app(), act)


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [60, 66, 80, 120])
def test_what_a_filter_can_be_is_never_cut_without_a_sign(
    shelf: Shelf, make_app: MakeApp, width: int, ascii_only: bool
) -> None:
    shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        line = pilot.app.screen.query_one("#filter", Input)
        assert len(line.placeholder) < line.size.width
        assert line.placeholder.endswith(("data:mnist", "..." if ascii_only else "…"))

    drive(make_app(ascii_only=ascii_only), act, (width, 24))


@pytest.mark.parametrize("height", [18, 20, 24, 30])
def test_a_preview_says_what_its_chart_shows(shelf: Shelf, make_app: MakeApp, height: int) -> None:
    shelf.put("seeds", "diverged", "classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        for _ in range(3):
            lines = [each.text for each in pilot.app.screen.query_one(RunPreview)._strips]
            assert not any("┤" in line for line in lines) or "training loss" in lines[0]
            await pilot.press("down")
            await settle(pilot)

    drive(make_app(), act, (60, height))
