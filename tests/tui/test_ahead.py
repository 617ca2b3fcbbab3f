"""Keys that arrive at once, as they do on a slow line: each finds what the one before it left."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input
from tui_shelf import MakeApp, Shelf, Started, settle

from inittui.experiment import DataConfig, Experiment
from inittui.tui.ahead import Done
from inittui.tui.app import LabApp
from inittui.tui.screens.dialogs import Dialog


async def burst(pilot: Pilot[None], *keys: str) -> None:
    """Type keys, and wait only after the last."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await settle(pilot)


def searched(app: LabApp) -> str:
    return app.screen.query_one("#search", Input).value


def test_choose_settings_and_run(make_app: MakeApp, started: Started) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await burst(pilot, "u", "space", "e", *["down"] * 8, *"600", "f5")
            assert started.experiments == [Experiment(("zeros",), data=DataConfig(limit=600))]

    asyncio.run(run())


def test_through_dialogs_and_screens(make_app: MakeApp, shelf: Shelf) -> None:
    shelf.put("classic")

    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await burst(pilot, "4", "d", "escape", "5", "down", "1", "slash", *"xav")
            assert not isinstance(app.screen, Dialog)
            assert searched(app) == "xav"
            await burst(pilot, "escape", "q")
            assert not app.is_running

    asyncio.run(run())


def test_pasted_text_keeps_its_place(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            app.post_message(events.Key("slash", "/"))
            app.post_message(events.Paste("xav"))
            await burst(pilot, "i")
            assert searched(app) == "xavi"

    asyncio.run(run())


def test_keys_go_on_where_one_took_its_widget_away(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message that follows a key is lost with the widget: the next key must not wait for it."""
    monkeypatch.setattr("inittui.tui.ahead._LONGEST_SECONDS", 0.2)

    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            monkeypatch.setattr(Done, "bubble", False)
            await burst(pilot, "slash", "x", "a")
            await asyncio.sleep(1.0)
            assert searched(app) == "xa"

    asyncio.run(run())
