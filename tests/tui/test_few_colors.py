"""Contestants are told apart by colour on a terminal of 16, too."""

from __future__ import annotations

from rich.color import ColorSystem
from textual.pilot import Pilot

from tests.support.tui_shelf import MakeApp, Shelf, drive


def test_seven_contestants_have_seven_colours(shelf: Shelf, make_app: MakeApp) -> None:
    found: dict[str, set[int | None]] = {}

    async def act(pilot: Pilot[None]) -> None:
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip:
                mark = segment.text.strip()
                if mark in tuple("●■▲◆▼★○") and segment.style and segment.style.color:
                    color = segment.style.color.downgrade(ColorSystem.STANDARD)
                    found.setdefault(mark, set()).add(color.number)

    drive(make_app(attach=shelf.put("classic"), few_colors=True), act, (120, 40))
    assert len(found) == 7
    assert all(len(colors) == 1 for colors in found.values()), "one on every place"
    assert len(set.union(*found.values())) == 7
