"""The form shows every setting, also where not all have room, and text of others harmless."""

from __future__ import annotations

import asyncio
import unicodedata

from inittui.experiment.records import DataConfig, Experiment
from inittui.tui.app import LabApp
from inittui.tui.fields import FIELDS
from inittui.tui.widgets.form import Form
from tests.support.tui_shelf import MakeApp, settle


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
