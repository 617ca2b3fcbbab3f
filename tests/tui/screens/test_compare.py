"""The first screen takes a command line that is pasted into it, wherever the keys go."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from inittui.experiment.records import DataConfig, Experiment, ModelConfig, TrainingConfig
from inittui.tui.fields import FIRST
from tests.support.tui_shelf import MakeApp, Shelf, Started, drive, settle

LINE = "$ inittui compare rule normal:std=0.1 \\\n  --hidden 32,16 -e 1 --limit 600 --seeds 2\n"
MEANT = replace(
    FIRST,
    schemes=("rule", "normal:std=0.1"),
    seeds=(0, 1),
    model=ModelConfig(hidden=(32, 16)),
    data=DataConfig(limit=600),
    training=TrainingConfig(epochs=1),
)


@pytest.mark.parametrize("before", [(), ("e",), ("slash",), ("enter",)])
def test_a_pasted_command_line_fills_list_and_form(
    make_app: MakeApp, started: Started, before: tuple[str, ...]
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(*before)
        await settle(pilot)
        pilot.app.post_message(events.Paste(LINE))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert started.experiments == [MEANT]


def test_a_line_that_is_wrong_says_what_and_changes_nothing(
    make_app: MakeApp, started: Started
) -> None:
    seen = []

    async def act(pilot: Pilot[None]) -> None:
        pilot.app.post_message(events.Paste("inittui compare ones --epoch 1"))
        await settle(pilot)
        seen.append(str(pilot.app.screen.query_one("#explained").render()))
        await pilot.press("r")
        await settle(pilot)

    drive(make_app(), act)
    assert "'--epoch' is no setting of an experiment" in seen[0]
    assert "did you mean '--epochs'?" in seen[0]
    assert started.experiments == [replace(FIRST, schemes=Experiment().schemes)]


def test_another_text_is_typed_as_ever(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("e", "down")
        pilot.app.post_message(events.Paste("64,32"))
        await settle(pilot)
        assert pilot.app.focused.value == "64,32"  # type: ignore[union-attr]

    drive(make_app(), act)


def test_a_chart_without_values_says_which_metric_was_not_measured(
    shelf: Shelf, make_app: MakeApp
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("2", "M")
        await settle(pilot)
        strips = pilot.app.screen._compositor.render_strips()
        shown = "\n".join(strip.text for strip in strips)
        assert "no training loss was measured" not in shown
        assert "no gradient times weights of the weakest layer" in shown

    drive(make_app(attach=shelf.put("classic")), act, (140, 40))
