"""What is done with the runs of the list."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

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
