"""Keys that arrive at once, as they do on a slow line: each finds what the one before it left."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from inittui.experiment.records import DataConfig
from inittui.runs import read_name, run_directories
from inittui.tui.app import LabApp
from inittui.tui.fields import FIELDS, FIRST
from inittui.tui.key_queue import Done, _Given
from inittui.tui.widgets.form import Form
from inittui.tui.widgets.picker import PickerList
from tests.support.tui_shelf import MakeApp, Shelf, Started, settle

LIMIT = [field.path for field in FIELDS].index("data.limit")
"""How many settings lie above it in the form."""


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
            await burst(pilot, "u", "space", "e", *["down"] * LIMIT, *"600", "f5")
            assert started.experiments == [
                with_fields(FIRST, schemes=("zeros",), data=DataConfig(limit=600))
            ]

    asyncio.run(run())


def seen(app: LabApp, root: Path) -> tuple[object, ...]:
    """What the keys below can change."""
    if not app.is_running:
        return ("left",)
    screen = app.screen
    picker = screen.query(PickerList)
    return (
        type(screen),
        [field.value for field in screen.query(Input)],
        picker.first().ticked if picker else None,
        [(read_name(run), run.id) for run in run_directories(root)],
        app.open_runs.options,
        app.focused and (type(app.focused), app.focused.id),
    )


BURSTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "rename, then filter": (("classic",), ("4",), ("n", *"xyz", "enter", "slash", *"cla")),
    "delete": (("classic",), ("4",), ("d", "d")),
    "not delete, filter": (("classic",), ("4",), ("d", "escape", "slash", "x")),
    "leave a live run": (("running",), ("4",), ("q", "g")),
    "through the screens": (("classic",), (), ("4", "5", "down", "1", "slash", *"xav")),
    "search and tick": ((), ("u",), ("slash", *"xavier_n", "enter", "space")),
    "change a scheme": ((), ("u", "down", "down"), ("enter", "5", "enter", "u")),
    "filter and open": (("classic", "seeds"), ("4",), ("slash", *"zer", "enter", "enter", "m")),
    "help, then search": ((), (), ("question_mark", "escape", "slash", "x")),
    "a command by its name": ((), (), ("ctrl+p", *"search", "enter", "q")),
    "metric, then axis": (("classic",), ("4", "enter"), ("m", "m", "m", "y")),
}


@pytest.mark.parametrize("name", BURSTS)
def test_at_once_or_one_by_one_comes_to_the_same(
    name: str, make_app: MakeApp, shelf: Shelf, started: Started
) -> None:
    runs, first, keys = BURSTS[name]
    found = []

    async def run(at_once: bool) -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            for key in first:
                await burst(pilot, key)
            for some in [keys] if at_once else [(key,) for key in keys]:
                await burst(pilot, *some)
            found.append(seen(app, shelf.root))

    for at_once in (False, True):
        shutil.rmtree(shelf.root, ignore_errors=True)
        for each in runs:
            shelf.put(each)
        asyncio.run(run(at_once))
    assert found[0] == found[1]


def test_a_click_waits_for_the_keys_before_it(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            for key in ("slash", *"xav"):
                app.post_message(events.Key(key, key if len(key) == 1 else "/"))
            place = app.screen.query_one(Form).region
            x, y = place.x + 2, place.y + 2
            for kind in (events.MouseDown, events.MouseUp):
                app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
            await settle(pilot)
            await settle(pilot)
            assert searched(app) == "xav"
            assert app.focused is app.screen.query_one(Form).input

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

    async def run() -> None:
        app = make_app(longest_seconds=0.2)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            monkeypatch.setattr(Done, "bubble", False)
            await burst(pilot, "slash", "x", "a")
            await asyncio.sleep(1.0)
            assert searched(app) == "xa"

    asyncio.run(run())


def test_a_key_that_takes_long_is_not_lost_as_long_as_it_goes_on(make_app: MakeApp) -> None:
    """As where a busy machine stops the process: what the key has set off is dealt with later."""

    async def run() -> None:
        app = make_app(longest_seconds=0.4)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            given = _Given(app.screen, (app.screen, app.focused))
            app._given = given
            app.post_message(events.Key("slash", "/"))
            for _ in range(15):
                await asyncio.sleep(0.08)
                given.rounds += 1
                assert len(app._waiting) == 1
            await asyncio.sleep(1.0)
            assert not app._waiting
            assert app.focused is app.screen.query_one("#search")

    asyncio.run(run())
