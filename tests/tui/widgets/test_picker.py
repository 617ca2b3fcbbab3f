"""Choosing what is trained: what is shown is what is run, and no key is lost on the way."""

from __future__ import annotations

import asyncio

import pytest

from inittui.experiment.records import Experiment, ModelConfig, TrainingConfig
from inittui.tui.app import LabApp
from inittui.tui.fields import FIELDS
from inittui.tui.screens.dialogs import Dialog
from inittui.tui.widgets.form import Form
from tests.support.tui_shelf import MakeApp, Started, settle


def explained(app: LabApp) -> str:
    return str(app.screen.query_one("#explained").content)


def test_what_a_taken_over_run_has_besides_is_shown_and_can_be_dropped(
    make_app: MakeApp, started: Started
) -> None:
    taken = Experiment(
        schemes=(),
        sweeps=("normal:std=0.1|1",),
        layers={"fc1": "ones"},
        training=TrainingConfig(eval_every=3),
    )

    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            app.edit(taken)
            await settle(pilot)
            assert "the sweep normal:std=0.1|1 with the layers fc1=ones" in explained(app)
            form = app.screen.query_one(Form)
            shown = [form.texts[path] for path in ("sweeps", "layers", "training.eval_every")]
            assert shown == ["normal:std=0.1|1", "fc1=ones", "3"]
            await pilot.press("r")  # nothing is ticked: the sweep is enough
            await settle(pilot)
            assert started.experiments == [taken]
            await pilot.press("n", "7", "e")
            for path in ("sweeps", "layers", "training.eval_every"):
                form.edit([field.path for field in FIELDS].index(path))
                await pilot.press("ctrl+u")
            await pilot.press("f5")
            await settle(pilot)
            assert started.experiments == [taken, Experiment()]

    asyncio.run(run())


def test_code_runs_only_after_a_question(make_app: MakeApp, started: Started) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            app.edit(Experiment(("rule",), model=ModelConfig(name="mine.py:build")))
            await settle(pilot)
            for answer in ("n", "escape", "y"):
                await pilot.press("r")
                await settle(pilot)
                assert isinstance(app.screen, Dialog)
                assert started.trusted == []
                await pilot.press(answer)
                await settle(pilot)
            assert started.trusted == [True]
            assert app.screen.query_one("#run").display

    asyncio.run(run())


@pytest.mark.parametrize("keys", ["", "e"])
def test_a_moment_without_room_takes_no_key_away(make_app: MakeApp, keys: str) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press(*keys)
            await settle(pilot)
            focused = app.focused
            await pilot.resize_terminal(50, 24)
            await settle(pilot)
            await pilot.press("q", "r")
            await settle(pilot)
            assert not app._exit
            await pilot.resize_terminal(80, 24)
            await settle(pilot)
            assert app.focused is focused
            assert app.focused is not None

    asyncio.run(run())


def test_nothing_runs_while_a_setting_is_wrong(make_app: MakeApp, started: Started) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            await pilot.press("e", "down", *"wide", "f5")
            await settle(pilot)
            assert "'wide' is not of the form 256,128" in explained(app)
            form = app.screen.query_one(Form)
            form.settings.texts |= {"model.hidden": "", "training.batch_size": "0"}
            await pilot.press("f5")
            await settle(pilot)
            assert "batch size must be from 1" in explained(app)
        assert started.runs == []

    asyncio.run(run())
