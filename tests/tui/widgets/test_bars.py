"""The lines on top and at the bottom, where there is little room."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

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


def test_no_key_is_offered_that_does_nothing_where_there_is_nothing(make_app: MakeApp) -> None:
    """Neither a list of runs nor a page of layers is there: their keys aren't either."""

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await settle(pilot)
        assert footer(pilot) == "q Quit  ? Help"
        await pilot.press("4")
        await settle(pilot)
        assert footer(pilot) == "q Quit  ? Help"

    drive(make_app(), act)


def test_a_scale_is_offered_with_histograms_only(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        for has_scale in (False, False, True, False, False):
            await settle(pilot)
            assert ("d Density" in footer(pilot)) is has_scale
            await pilot.press("v")

    drive(make_app(attach=shelf.put("story")), act)


def test_every_line_to_type_in_says_how_it_is_left(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        for keys in (["1", "n", "slash"], ["escape", "enter"], ["escape", "e"],
                     ["escape", "4", "slash"]):  # fmt: skip
            await pilot.press(*keys)
            await settle(pilot)
            assert isinstance(pilot.app.focused, Input)
            assert "enter " in footer(pilot)
            assert "esc Leave" in footer(pilot)
        await pilot.press(*"nothing")  # matches the filter: no run is there to open
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "Open" not in footer(pilot)
        assert "Filter" in footer(pilot)

    drive(make_app(attach=shelf.put("classic")), act)


def footer(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(KeyBar).render()).strip()
