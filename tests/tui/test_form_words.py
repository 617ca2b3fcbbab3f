"""What the UI advises names settings as its form does: no option of a command line is left."""

from __future__ import annotations

import asyncio

import pytest
from rich.text import Text

from inittui.experiment.records import Experiment, TrainingConfig
from inittui.tui.fields import FIELDS, experiment_from, texts_of
from inittui.tui.form_words import in_form_words
from inittui.tui.open_run import OpenRun, Phase
from inittui.tui.run_banner import banner_of
from inittui.tui.status_styles import StatusStyle
from inittui.views.frame import Frame
from tests.support.tui_shelf import MakeApp, Shelf, settle


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("together: use --seeds 3 or more.", "together: set 'seeds' to 3 or more."),
        ("can use; use --device cpu", "can use; set 'device' to cpu"),
        ("give either --hidden or --depth and --layer-width, not both",
         "give either 'hidden' or 'depth' and 'width', not both"),
        ("'x'; leave out --devices", "'x'; leave 'devices' empty"),
        ("--on ray takes the cluster's devices: leave out --device",
         "'on' ray takes the cluster's devices: leave 'device' empty"),
        ("see --limit and --batch-size", "see 'limit' and 'batch size'"),
        ("takes arguments: --model-arg width=…", "takes arguments: 'model args' width=…"),
        ("--force goes on, as --seedsman does", "--force goes on, as --seedsman does"),
        ("see 'inittui inspect --model conv1d'", "see 'inittui inspect --model conv1d'"),
    ],
)  # fmt: skip
def test_options_are_named_as_settings(said: str, told: str) -> None:
    assert in_form_words(said) == told


def test_every_option_of_a_field_has_its_label() -> None:
    for field in FIELDS:
        for option in field.options[0].split("/"):
            assert in_form_words(f"see {option}.") == f"see '{field.label}'."


def test_the_form_speaks_of_its_own_settings() -> None:
    texts = texts_of(Experiment()) | {"training.device": "cpu", "training.devices": "all"}
    told = experiment_from(texts, Experiment(), ["rule"]).problem
    assert told == "choose 'device' or 'devices', not both"


def test_why_a_run_has_failed_names_settings(shelf: Shelf) -> None:
    run = OpenRun(shelf.put("failed"))
    run.open()
    run.phase, run.trouble = Phase.ENDED, ("no CUDA device; use --device cpu",)
    told = banner_of([run], StatusStyle(), Frame(80))
    assert isinstance(told, Text)
    assert "set 'device' to cpu" in told.plain
    assert "--" not in told.plain


def test_verdict_and_preview_name_settings(shelf: Shelf, make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app(attach=shelf.put("classic"))
        async with app.run_test(size=(120, 60)) as pilot:
            await settle(pilot)
            for keys in (["1"], ["4"]):
                await pilot.press(*keys)
                await settle(pilot)
                shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
                assert "--seeds" not in shown
                assert "set 'seeds' to 3" in " ".join(shown.split())

    asyncio.run(run())


def test_what_is_wrong_with_a_run_taken_over_names_settings(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            app.edit(Experiment(("rule",), training=TrainingConfig(devices="cpu:2")))
            await settle(pilot)
            await pilot.press("e")
            await settle(pilot)
            assert "--" not in str(app.screen.query_one("#explained").content)

    asyncio.run(run())
