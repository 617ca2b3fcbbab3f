"""Keys that are pressed one after another, with what is true after each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from textual.pilot import Pilot

from inittui.tui.app import LabApp
from inittui.tui.screens.compare import CompareScreen
from inittui.tui.widgets.curves_panel import CurvesPanel
from inittui.tui.widgets.scroll_page import ScrollPage
from tests.support.tui_shelf import settle

Check = Callable[[LabApp], Any]


@dataclass(frozen=True)
class Step:
    """One key of a binding, and what is true after it."""

    binding: str
    key: str
    check: Check


def step(binding: str, key: str, check: Check) -> Step:
    return Step(binding, key, check)


async def play(pilot: Pilot[None], script: Iterable[Step]) -> None:
    """Press each key in turn, and check what is true then."""
    app = pilot.app
    assert isinstance(app, LabApp)
    for number, one in enumerate(script):
        await pilot.press(one.key)
        await settle(pilot)
        assert one.check(app), f"step {number}: {one.binding} by {one.key}"


def run_script(app: LabApp, script: Iterable[Step], before: Iterable[str] = ()) -> None:
    """Play a script on an app of its own, after some keys that lead there."""

    async def run() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            for key in before:
                await pilot.press(key)
                await settle(pilot)
            await play(pilot, script)

    asyncio.run(run())


def race(app: LabApp) -> CurvesPanel:
    """Return the curves on the screen, with their table."""
    return app.screen.query_one(CurvesPanel)


def compare(app: LabApp) -> CompareScreen:
    """Return the screen, which is the first one."""
    assert isinstance(app.screen, CompareScreen)
    return app.screen


def page(app: LabApp) -> float:
    """Return how many lines a page is scrolled by."""
    return app.screen.query_one(ScrollPage).scroll_offset.y
