"""A terminal that is too small for a while."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.tui_shelf import MakeApp, drive, settle


@pytest.mark.parametrize("size", [(59, 24), (80, 17)])
def test_keys_do_nothing_meanwhile_and_go_on_where_they_were(
    make_app: MakeApp, size: tuple[int, int]
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"xav")
        search = pilot.app.screen.query_one("#search", Input)
        assert search.has_focus
        here = pilot.app.screen
        await pilot.resize_terminal(*size)
        await settle(pilot)
        assert f"this terminal has {size[0]} and {size[1]}" in str(
            here.query_one("#too-small").render()
        )
        await pilot.press("i", "r")
        await settle(pilot)
        assert (search.value, search.has_focus, pilot.app.screen) == ("xav", False, here)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        await pilot.press("i")
        assert (search.value, search.has_focus) == ("xavi", True)

    drive(make_app(), act)
