"""What opens above a screen is closed by a click beside it, as by Escape."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from inittui.tui.screens.base import LabScreen
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle


@pytest.mark.parametrize(
    ("keys", "inside"),
    [
        (("4", "d"), "#question"),
        (("4", "n"), "#details"),
        (("question_mark",), "#help ScrollPage"),
        (("h",), "#map ScrollPage"),
    ],
    ids=["question", "name", "help", "map"],
)
def test_a_click_beside_it_closes_it(
    keys: tuple[str, ...], inside: str, shelf: Shelf, make_app: MakeApp
) -> None:
    run = shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await settle(pilot)
        await pilot.click(inside)
        await settle(pilot)
        assert not isinstance(pilot.app.screen, LabScreen), "one within doesn't"
        await pilot.click(offset=(0, 0))
        await settle(pilot)
        assert isinstance(pilot.app.screen, LabScreen)
        assert run.path.exists()

    drive(make_app(), act)


@pytest.mark.parametrize("name", ["help", "map"])
def test_a_click_on_what_says_how_it_is_closed_closes_it(name: str, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press({"help": "question_mark", "map": "h"}[name])
        await settle(pilot)
        await pilot.click(f"#{name}-title")
        await settle(pilot)
        assert isinstance(pilot.app.screen, LabScreen)

    drive(make_app(), act)
