"""The form shows every setting, also where not all have room, and text of others harmless."""

from __future__ import annotations

import asyncio
import unicodedata
from dataclasses import dataclass

from textual.pilot import Pilot
from textual.widgets import Static

from inittui.experiment.records import DataConfig, Experiment
from inittui.tui.app import LabApp
from inittui.tui.fields import FIELDS
from inittui.tui.widgets.form import Form
from tests.support.tui_shelf import MakeApp, Started, drive, settle


def drawn(app: LabApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


def test_every_setting_is_reached_at_80_columns(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            assert sum(line.rstrip().endswith(" more") for line in drawn(app)) == 1
            await pilot.press("e")
            for field in FIELDS:
                await settle(pilot)
                form = app.screen.query_one(Form)
                assert form.chosen is field
                line = drawn(app)[form.input.region.y]
                assert f" {field.label} " in line
                assert form.region.contains_region(form.input.region)
                assert field.help.split()[-1] in " ".join(drawn(app)), field.path
                await pilot.press("down")
            assert not any(line.rstrip().endswith(" more") for line in drawn(app))

    asyncio.run(run())


def test_text_of_others_is_shown_harmless_and_not_changed(make_app: MakeApp) -> None:
    hostile = "a\x1b[31m\u202eb"
    taken = Experiment(("rule",), {hostile: "ones"}, name=hostile, data=DataConfig(name=hostile))

    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            app.edit(taken)
            await pilot.press("e")
            for _ in FIELDS:
                await settle(pilot)
                seen = "".join(drawn(app))
                assert not {c for c in seen if unicodedata.category(c) in ("Cc", "Cf")}
                await pilot.press("down")
            form = app.screen.query_one(Form)
            assert form.experiment(taken.schemes).experiment == taken

    asyncio.run(run())


@dataclass(frozen=True)
class Typed:
    texts: dict[str, str]
    wrong: frozenset[str]
    said: str
    """The line below the form."""


def typing(make_app: MakeApp, *keys: str) -> Typed:
    """Press keys in a fresh form; return what is in it."""
    found = []

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await settle(pilot)
        form = pilot.app.screen.query_one(Form)
        said = str(pilot.app.screen.query_one("#explained", Static).content)
        found.append(Typed(dict(form.texts), form.settings.wrong, said))

    drive(make_app(), act)
    return found[0]


EPOCHS = ("e", *["down"] * [field.path for field in FIELDS].index("training.epochs"))
NAME = ("e", *["down"] * [field.path for field in FIELDS].index("name"))


def test_what_is_typed_replaces_a_number(make_app: MakeApp) -> None:
    assert typing(make_app, *EPOCHS, "3", "0").texts["training.epochs"] == "30"
    assert typing(make_app, *EPOCHS, "end", "5").texts["training.epochs"] == "25"


def test_what_is_wrong_is_told_once_the_setting_was_left(make_app: MakeApp) -> None:
    typed = typing(make_app, *EPOCHS, "x")
    assert "Times that every image is seen" in typed.said
    assert not typed.wrong
    left = typing(make_app, *EPOCHS, "x", "enter")
    assert left.said == "epochs: 'x' is not a whole number"
    assert left.wrong == {"training.epochs"}
    assert not typing(make_app, *EPOCHS, "x", "enter", "up", "7").wrong


def test_a_name_is_for_one_run(make_app: MakeApp, started: Started) -> None:
    after = typing(make_app, *NAME, *"mine", "escape", "r")
    assert [experiment.name for experiment in started.experiments] == ["mine"]
    assert after.texts["name"] == ""


def test_a_field_says_how_to_leave_it(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("e")
            await settle(pilot)
            assert "enter Next  esc Leave" in drawn(app)[-1]

    asyncio.run(run())
