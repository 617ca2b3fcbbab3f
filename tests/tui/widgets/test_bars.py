"""The lines on top and at the bottom, where there is little room."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from inittui.tui.widgets.bars import PLACES, KeyBar, TopBar
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle


@pytest.mark.parametrize("width", [60, 66, 72, 80, 120])
def test_the_help_is_always_there_and_no_entry_is_cut(make_app: MakeApp, width: int) -> None:
    async def act(pilot: Pilot[None]) -> None:
        for key in "12345":
            await pilot.press(key)
            await settle(pilot)
            line = pilot.app.screen.query_one(KeyBar).render()
            assert str(line).rstrip().endswith("? Help")
            assert line.cell_len <= width

    drive(make_app(), act, (width, 24))


def test_what_goes_on_is_said_in_the_words_that_fit(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        bar = pilot.app.screen.query_one(TopBar)
        said = ("training 37%, about 12 min left", "training 37%", "37%")
        bar.set_status(said)
        for width, expected in ((120, said[0]), (80, said[1]), (68, said[2]), (60, said[2])):
            await pilot.resize_terminal(width, 24)
            await settle(pilot)
            bar.set_status(said)
            line = bar.render()
            assert line.cell_len <= width
            assert next((each for each in said if str(line).endswith(each)), "") == expected

    drive(make_app(), act, (120, 24))


def test_a_click_on_a_name_goes_to_its_screen(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        for name, title in (*PLACES[1:], PLACES[0]):
            bar = pilot.app.screen.query_one(TopBar)
            await pilot.click(TopBar, offset=(str(bar.render()).index(title), 0))
            await settle(pilot)
            assert name == pilot.app.screen.PLACE

    drive(make_app(attach=shelf.put("classic")), act)
