"""Chart and table share the height: both can be read, and the winner is seen at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from inittui.experiment.records import Experiment
from inittui.runs import LogWriter, create_run
from inittui.tui.widgets.curves_panel import CurvesPanel
from inittui.tui.widgets.leaderboard import Leaderboard
from tests.support.runs import Made, made_events
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle

MANY = [Made(f"normal:std=0.{n:02}", 0.5 + n / 100, losses=[2.0 - n / 20] * 20) for n in range(16)]
EXPERIMENT = Experiment(schemes=tuple(each.scheme for each in MANY))


def test_beside_many_contestants_the_chart_can_be_read(shelf: Shelf, make_app: MakeApp) -> None:
    directory = create_run(shelf.root, EXPERIMENT)
    with LogWriter(directory) as log:
        log.write_many(made_events(MANY, steps_per_epoch=20, experiment=EXPERIMENT))

    async def act(pilot: Pilot[None]) -> None:
        panel = pilot.app.screen.query_one(CurvesPanel)
        chart = panel.chart._chart
        assert chart is not None
        assert chart.rows >= 8
        assert panel.leaderboard.size.height >= 4

    drive(make_app(attach=directory), act)


def test_the_seven_are_all_seen_beside_their_chart(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        panel = pilot.app.screen.query_one(CurvesPanel)
        assert panel.leaderboard.size.height == 8

    drive(make_app(attach=shelf.put("classic")), act)


def test_the_best_is_seen_when_the_run_ends(shelf: Shelf, make_app: MakeApp) -> None:
    clear = [replace(each, seed=seed) for seed in range(5) for each in MANY[:-1]]
    clear += [replace(MANY[-1], accuracy=0.95, seed=seed) for seed in range(5)]
    experiment = Experiment(schemes=EXPERIMENT.schemes, seeds=tuple(range(5)))
    directory = create_run(shelf.root, experiment)
    events = made_events(clear, steps_per_epoch=20, experiment=experiment)
    with LogWriter(directory) as log:
        log.write_many(events[:-1])

        async def act(pilot: Pilot[None]) -> None:
            board = pilot.app.screen.query_one(Leaderboard)
            board.go_to(8)
            await settle(pilot)
            log.write(events[-1])
            while any(run.is_live for run in app.open_runs.shown):
                await pilot.pause(0.05)
            await pilot.pause(1 / app.terminal.fps)  # it may have been drawn just before
            await settle(pilot)
            assert board.chosen is not None
            assert board.is_seen(0)
            assert "0.15 1st" in board._lines[1].plain

        app = make_app(attach=directory)
        drive(app, act)


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_what_is_said_below_the_table_ends_with_the_key_to_the_rest(
    shelf: Shelf, make_app: MakeApp, width: int
) -> None:
    run = shelf.put("story")

    async def act(pilot: Pilot[None]) -> None:
        cause = pilot.app.screen.query_one("#cause", Static)
        for _ in range(3):
            said = str(cause.content).split("\n")
            assert len(said) <= cause.size.height
            assert max(map(len, said)) <= width - 2
            whole = " ".join(said)
            assert whole.endswith((" more (3)", "training)", "steps)", "training", "steps"))
            await pilot.press("down")
            await settle(pilot)

    drive(make_app(attach=run), act, (width, 24))


def test_what_is_said_below_the_table_uses_the_width_that_it_has_by_then(
    shelf: Shelf, make_app: MakeApp
) -> None:
    run = shelf.put("story")

    async def act(pilot: Pilot[None]) -> None:
        cause = pilot.app.screen.query_one("#cause", Static)
        for width in (40, 100):
            pilot.app.screen.query_one(CurvesPanel).styles.width = width
            await settle(pilot)
            lines = str(cause.content).split("\n")
            assert 0.6 * width < max(map(len, lines)) <= width - 2

    drive(make_app(attach=run), act, (120, 40))


def test_a_click_on_a_title_sorts_by_it(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        board = pilot.app.screen.query_one(Leaderboard)
        found = []
        for title in ("contestant", "loss", "accuracy"):
            place = board.heading(board.size.width).plain.index(title)
            await pilot.click(Leaderboard, offset=(board.gutter.left + place + 1, 0))
            await settle(pilot)
            found.append(board._options.sort)
        assert found == ["listed", "loss", "accuracy"]

    drive(make_app(attach=shelf.put("classic")), act)
