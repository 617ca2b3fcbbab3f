"""The form under the mouse: what is typed goes where it is seen, and a click acts on its line."""

from __future__ import annotations

from textual import events
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from inittui.tui.fields import FIELDS
from inittui.tui.widgets.form import FieldLine, Form, SettingList
from tests.support.tui_shelf import MakeApp, drive, settle

PLACES = {field.path: place for place, field in enumerate(FIELDS)}


def form_of(pilot: Pilot[None]) -> Form:
    return pilot.app.screen.query_one(Form)


async def click(pilot: Pilot[None], path: str) -> None:
    """Click on a setting's name."""
    await pilot.click(SettingList, offset=(2, PLACES[path]))
    await settle(pilot)


async def roll(pilot: Pilot[None], over: type[Widget]) -> None:
    """Turn the wheel down by a notch."""
    widget = pilot.app.screen.query_one(over)
    await pilot._post_mouse_events([events.MouseScrollDown], widget, offset=(0, 0))
    await settle(pilot)


def test_the_wheel_takes_the_open_line_along(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        form = form_of(pilot)
        for over in (SettingList, FieldLine):
            await click(pilot, "training.epochs")
            await pilot.press("9", "9")
            await roll(pilot, over)
            assert form.chosen is FIELDS[PLACES["training.epochs"] + 3], over
            assert form.input.value == form.texts[form.chosen.path]
            line = form.settings.region.y + form.settings.line_of_cursor
            assert form.input.region.y == line, "what is typed is seen where it goes"
            assert form.texts["training.epochs"] == "99"

    drive(make_app(), act)


def test_what_a_click_leaves_is_judged(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await click(pilot, "training.epochs")
        await pilot.press("x")
        await click(pilot, "seeds")
        form = form_of(pilot)
        assert form.chosen.path == "seeds"
        assert form.settings.wrong == {"training.epochs"}
        said = pilot.app.screen.query_one("#explained", Static)
        assert str(said.content) == "epochs: 'x' is not a whole number"

    drive(make_app(), act)


def test_a_click_into_the_text_goes_to_the_place(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await click(pilot, "training.epochs")
        await pilot.press("1", "2", "3")
        await pilot.click(FieldLine, offset=(1, 0))
        await pilot.press("0")
        assert form_of(pilot).texts["training.epochs"] == "1023"

    drive(make_app(), act)


def test_a_second_click_switches_what_has_few_values(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        form = form_of(pilot)
        path = "model.batch_norm"
        await click(pilot, path)
        before = form.texts[path]
        await click(pilot, path)
        after = form.texts[path]
        assert {before, after} <= {"", "no", "yes"}
        assert after != before, "by a click on the name"
        await pilot.click(FieldLine, offset=(1, 0))
        await settle(pilot)
        assert form.texts[path] != after, "by a click on the value"
        assert form.settings.cursor == PLACES[path]

    drive(make_app(), act)
