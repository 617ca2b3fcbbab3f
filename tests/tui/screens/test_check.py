"""The UI checks the chosen model in a process of its own, and shows what that found."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from textual.pilot import Pilot

from inittui.experiment.records import Experiment, ModelConfig
from inittui.tui.app import LabApp
from inittui.tui.check_process import CheckProcess, check_words
from inittui.tui.screens.check import CheckScreen
from inittui.tui.screens.dialogs import Dialog
from inittui.tui.widgets.form import Form
from inittui.tui.widgets.scroll_page import ScrollPage
from tests.support.tui_shelf import MakeApp, Shelf, settle

MODEL = """
import torch
from torch import nn

def build():
    print("noise")
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10))
    nn.init.constant_(model[1].weight, float("nan"))
    return model
"""


def shown(app: LabApp) -> str:
    page = app.screen.query_one(ScrollPage)
    return "\n".join(strip.text.rstrip() for strip in page._lines)


async def over(pilot: Pilot[None]) -> CheckScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CheckScreen)
    end = time.monotonic() + 100
    while not screen.is_over:
        assert time.monotonic() < end
        await asyncio.sleep(0.1)
    screen._draw()
    await settle(pilot)
    return screen


def test_the_chosen_model_is_checked(shelf: Shelf, make_app: MakeApp) -> None:
    Path("mine.py").write_text(MODEL)

    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            app.screen.query_one(Form).load(
                Experiment(model=ModelConfig(name="mine.py:build", input=("1x28x28",)))
            )
            await pilot.press("c")
            await settle(pilot)
            assert isinstance(app.screen, Dialog), "its code runs with leave only"
            await pilot.press("y")
            await settle(pilot)
            assert "Checking mine.py:build" in shown(app)
            await over(pilot)
            told = shown(app)
            assert "I001 not-finite" in told
            assert "noise" not in told
            assert told.rstrip().splitlines()[-1].startswith("1 error")
            await pilot.press("escape")
            await settle(pilot)
            assert not isinstance(app.screen, CheckScreen)

    asyncio.run(run())


def test_what_fails_is_one_line(shelf: Shelf, make_app: MakeApp) -> None:
    check = CheckProcess(Experiment(model=ModelConfig(name="none.py:build")))
    end = time.monotonic() + 100
    while not check.is_over:
        assert time.monotonic() < end
        time.sleep(0.1)
        check.poll()
    assert check.failure == "there is no file none.py"
    check.close()


def test_a_check_that_is_closed_ends(tmp_path: Path) -> None:
    check = CheckProcess(Experiment())
    check.close()
    assert check._process.returncode is not None


def test_the_command_names_what_the_form_says() -> None:
    model = ModelConfig(name="mlp", depth=30, activation="tanh", arguments={"a": 1})
    words = check_words(Experiment(model=model))
    assert words[:2] == ["check", "mlp"]
    assert "--depth 30" in " ".join(words)
    assert "--activation tanh" in " ".join(words)
    assert "--model-arg a=1" in " ".join(words)
