"""What theory expects of the highlighted scheme follows the scheme and the model."""

from __future__ import annotations

import asyncio

import pytest
from textual.pilot import Pilot

from inittui.experiment.records import DataConfig, Experiment, ModelConfig
from inittui.tui.app import LabApp
from inittui.tui.widgets.outlook_line import ExpectedHistogram, OutlookLine
from inittui.tui.widgets.picker import PickerList
from inittui.views.chart.layout import paragraph
from tests.support.tui_shelf import MakeApp, settle


def line(app: LabApp) -> str:
    return str(app.screen.query_one(OutlookLine).content)


async def highlight(pilot: Pilot[None], scheme: str) -> None:
    rows = pilot.app.screen.query_one(PickerList)
    rows.go_to([entry.scheme for entry in rows.matching].index(scheme))
    await settle(pilot)


def test_it_follows_scheme_and_model(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            assert line(app) == "theory  none: all weights are 0"
            deep = ModelConfig("deep_mlp", activation="tanh", depth=30, width=256)
            app.edit(Experiment(model=deep))
            await settle(pilot)
            await highlight(pilot, "kaiming_normal")
            assert line(app) == "theory  χ₁ 1.21, chaotic: ξ = 12 layers; this net has 30"
            await highlight(pilot, "xavier_normal")
            assert line(app) == "theory  χ₁ 1.00, critical: no limit; this net has 30 layers"
            app.edit(Experiment(model=ModelConfig("lenet")))
            await settle(pilot)
            await highlight(pilot, "xavier_normal")
            assert line(app) == "theory  none: for plain perceptrons only"
            await pilot.press("slash", *"nosuch")
            await settle(pilot)
            assert line(app) == ""

    asyncio.run(run())


def test_what_is_typed_into_the_form_counts_at_once(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            await highlight(pilot, "xavier_normal")
            assert line(app).startswith("theory  χ₁")
            await pilot.press("e", *"lenet", "down")
            await settle(pilot)
            assert line(app) == "theory  none: for plain perceptrons only"

    asyncio.run(run())


def test_the_values_of_the_first_layer_are_drawn_where_there_is_room(make_app: MakeApp) -> None:
    async def run(size: tuple[int, int]) -> list[str]:
        app = make_app()
        found = []
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await highlight(pilot, "kaiming_normal")
            drawn = app.screen.query_one(ExpectedHistogram)
            found.append(str(drawn.content) if drawn.display else "")
            app.edit(Experiment(model=ModelConfig(hidden=(32,))))
            await settle(pilot)
            await highlight(pilot, "kaiming_normal")
            found.append(str(drawn.content) if drawn.display else "")
            assert app.screen.query_one(PickerList).size.height > 8
        return found

    for size, lines in {(120, 40): 7, (100, 30): 6, (80, 24): 5}.items():
        first, second = asyncio.run(run(size))
        assert first.startswith("values of fc1, 256×784")
        assert second.startswith("values of fc1, 32×784")
        assert all("█" in text for text in (first, second))
        assert all(text.count("\n") + 1 == lines for text in (first, second))
    assert asyncio.run(run((60, 20))) == ["", ""]


def test_it_is_drawn_for_whatever_model_is_chosen(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            drawn = app.screen.query_one(ExpectedHistogram)
            rows = app.screen.query_one(PickerList)
            for model, data, title in (
                ("lenet", "fashion-mnist", "values of conv1, 32×1×5×5"),
                ("lenet", "cifar10", "values of conv1, 32×3×5×5"),
                ("mlp", "cifar10", "values of fc1, 256×3072"),
                ("mine.py:build", "fashion-mnist", "values of an example, 256×784"),
            ):
                app.edit(Experiment(model=ModelConfig(model), data=DataConfig(name=data)))
                await settle(pilot)
                height = rows.size.height
                await highlight(pilot, "kaiming_normal")
                assert str(drawn.content).startswith(title)
                assert "█" in str(drawn.content)
                await highlight(pilot, "dirac")
                assert rows.size.height == height  # the list doesn't jump

    asyncio.run(run())


@pytest.mark.parametrize("width", [60, 80])
def test_theory_is_told_whole_at_every_width(make_app: MakeApp, width: int) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(width, 24)) as pilot:
            await settle(pilot)
            shown = app.screen.query_one(OutlookLine)
            for model in (ModelConfig("lenet"), ModelConfig(depth=30)):
                app.edit(Experiment(model=model))
                await settle(pilot)
                for entry in app.screen.query_one(PickerList).matching:
                    await highlight(pilot, entry.scheme)
                    needed = paragraph(line(app), shown.size.width)
                    assert len(needed) <= shown.size.height

    asyncio.run(run())
