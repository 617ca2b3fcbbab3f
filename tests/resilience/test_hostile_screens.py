"""Hostile text in the UI: no screen holds a character that a terminal would obey."""

from __future__ import annotations

import asyncio
import unicodedata
from pathlib import Path

import pytest

from inittui.runs import heartbeat
from inittui.tui.app import LabApp
from inittui.tui.open_runs import OpenRuns
from inittui.tui.terminal import Terminal
from tests.support.hostile import UNSEEN, hostile_strings, poisoned

SCREENS = ("1", "2", "3", "4", "5")


def _shown(app: LabApp) -> str:
    """Return all text that is drawn, but for the sequences that Textual itself makes."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def _look(root: Path, text: str) -> list[str]:
    run = poisoned(root, text)
    app = LabApp(open_runs=OpenRuns(root), terminal=Terminal(), attach=run)
    shown = []
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for screen in SCREENS:
            await pilot.press(screen)
            await pilot.pause(0.05)
            shown.append(_shown(app))
        await pilot.press("4", "x")  # a question about the run
        await pilot.pause()
        shown.append(_shown(app))
    return shown


@pytest.mark.timeout(3600)
def test_every_screen_shows_hostile_text_harmless(
    tmp_path: Path, long_form: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hostile host that holds each run is waited for so long when the app is left.
    monkeypatch.setattr(heartbeat, "LOOK_SECONDS", 0.2)
    for number, text in enumerate(hostile_strings(60 if long_form else 5)):
        shown = asyncio.run(_look(tmp_path / str(number), text))
        assert any("rule" in screen for screen in shown), text  # the run is open
        for screen in shown:
            found = {c for c in screen if c != "\n" and unicodedata.category(c) in UNSEEN}
            assert not found, (sorted(found), text[:200])
