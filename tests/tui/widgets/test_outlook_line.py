"""What theory expects of the highlighted scheme follows the scheme and the model."""

from __future__ import annotations

import asyncio

from textual.pilot import Pilot

from inittui.experiment.records import Experiment, ModelConfig
from inittui.tui.app import LabApp
from inittui.tui.widgets.outlook_line import ExpectedHistogram, OutlookLine
from inittui.tui.widgets.picker import PickerList
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

    first, second = asyncio.run(run((120, 40)))
    assert first.startswith("values of fc1, 256×784")
    assert second.startswith("values of fc1, 32×784")
    assert all("█" in text for text in (first, second))
    assert asyncio.run(run((80, 24))) == ["", ""]
