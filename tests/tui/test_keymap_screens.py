"""The keys of the screens that lie beside the first one, each pressed, with what it does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from inittui.experiment.records import Experiment
from inittui.runs import LogWriter, create_run, run_directories
from inittui.tui.app import LabApp
from inittui.tui.screens.dialogs import Dialog, Prompt
from inittui.tui.screens.layers import MeasuredList
from inittui.tui.screens.lessons import LessonList
from inittui.tui.screens.map import MapScreen
from inittui.tui.widgets.run_preview import RunPreview
from inittui.tui.widgets.runs_table import RunsTable
from inittui.tui.widgets.scroll_page import ScrollPage
from tests.support.key_scripts import compare, page, race, run_script, step
from tests.support.runs import made_events, scale_by_depth
from tests.support.tui_shelf import MakeApp, Shelf, Started, settle


def runs_table(app: LabApp) -> RunsTable:
    return app.screen.query_one(RunsTable)


RUNS = [
    step("runs.mark", "space", lambda app: len(runs_table(app).marked) == 1),
    step("runs.back", "escape", lambda app: not runs_table(app).marked),
    step("runs.sort", "s", lambda app: runs_table(app).order == "best"),
    step("runs.filter", "slash", lambda app: app.focused.id == "filter"),
    step("runs.back", "escape", lambda app: app.focused is runs_table(app)),
    step("runs.copy", "c", lambda app: app.clipboard.startswith("inittui compare")),
    step("runs.rename", "n", lambda app: isinstance(app.screen, Prompt)),
    step("prompt.cancel", "escape", lambda app: not isinstance(app.screen, Prompt)),
    step("runs.export", "x", lambda app: isinstance(app.screen, Dialog)),
    step("dialog.next", "right", lambda app: app.screen._marked == 1),
    step("dialog.previous", "left", lambda app: app.screen._marked == 0),
    step("dialog.take", "enter", lambda app: len(list(Path.cwd().glob("inittui-*.json"))) == 1),
    step("runs.full", "f", lambda app: not app.screen.query_one(RunPreview).size.height),
    step("runs.full", "f", lambda app: not runs_table(app).size.height),
    step("runs.full", "f", lambda app: runs_table(app).size.height > 3),
    step("runs.delete", "d", lambda app: isinstance(app.screen, Dialog)),
    step(
        "dialog.cancel", "escape", lambda app: len(list(run_directories(app.open_runs.root))) == 3
    ),
    step("runs.add", "a", lambda app: len(app.open_runs.shown) == 1),
]


def test_the_keys_of_the_runs(shelf: Shelf, make_app: MakeApp) -> None:
    shelf.put("classic", "seeds", "diverged")
    run_script(make_app(), RUNS, before=["4"])


def test_opening_repeating_and_editing_a_run(
    shelf: Shelf, make_app: MakeApp, started: Started
) -> None:
    shelf.put("diverged", "seeds")
    back = step("app.runs", "4", lambda app: app.current_mode == "runs")
    script = [
        step("runs.open", "enter", lambda app: compare(app).view == "run"),
        back,
        step("runs.edit", "e", lambda app: compare(app).view == "setup"),
        back,
        step("runs.repeat", "r", lambda app: len(started.runs) == 1),
    ]
    run_script(make_app(), script, before=["4"])


def test_renaming_and_deleting(shelf: Shelf, make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            await pilot.press("4")
            await settle(pilot)
            await pilot.press("n", *"mine", "enter")
            await settle(pilot)
            assert runs_table(app).chosen.name == "mine"
            await pilot.press("d")
            await settle(pilot)
            await pilot.press("d")
            await settle(pilot)
            assert list(run_directories(shelf.root)) == []

    shelf.put("classic")
    asyncio.run(run())


MAP = [
    step("app.map", "h", lambda app: isinstance(app.screen, MapScreen)),
    step("map.metric", "m", lambda app: app.screen.wanted(PAIRS).metric == "loss"),
    step("map.pair", "p", lambda app: app.screen.wanted(PAIRS).pair == PAIRS[1]),
    step("map.pair", "p", lambda app: app.screen.wanted(PAIRS).pair == PAIRS[0]),
    step("map.close", "escape", lambda app: not isinstance(app.screen, MapScreen)),
]
PAIRS = (("training.lr", "model.depth"), ("training.lr", "model.width"))


def test_the_keys_of_the_map(make_app: MakeApp) -> None:
    run_script(make_app(), MAP)


def chosen(app: LabApp) -> str:
    return str(app.screen.query_one("#map-cell").content).partition(": validation")[0]


CELLS = [
    step("app.map", "h", lambda app: chosen(app) == "scale of variance_scaling = 1, depth = 8"),
    step("map.right", "right", lambda app: chosen(app).endswith("= 2, depth = 8")),
    step("map.down", "down", lambda app: chosen(app).endswith("= 2, depth = 2")),
    step("map.left", "left", lambda app: chosen(app).endswith("= 1, depth = 2")),
    step("map.up", "up", lambda app: chosen(app).endswith("= 1, depth = 8")),
    step("map.open", "enter", lambda app: opened(app) == "variance_scaling:scale=1 depth=8"),
]


def opened(app: LabApp) -> str:
    """The contestant that stands out on the first screen, if the table has its cursor there."""
    board = race(app).leaderboard
    highlighted = app.open_runs.options.highlighted
    assert compare(app).view == "run"
    assert board.chosen.key == highlighted
    return highlighted[1]


def test_the_keys_of_the_map_s_cells(shelf: Shelf, make_app: MakeApp) -> None:
    cells = {(1.0, 2): 0.8, (2.0, 2): 0.7, (1.0, 8): 0.3, (2.0, 8): 0.6}
    run = create_run(shelf.root, Experiment())
    with LogWriter(run) as log:
        log.write_many(made_events(scale_by_depth(cells), run=run.id))
    run_script(make_app(attach=run), CELLS, before=["2"])


LAYERS = [
    step("layers.view", "v", lambda app: app.screen.view == "side by side"),
    step("layers.view", "v", lambda app: app.screen.view == "histograms"),
    step("layers.density", "d", lambda app: app.screen.density),
    step("layers.full", "f", lambda app: not app.screen.query_one(MeasuredList).size.width),
    step("layers.full", "f", lambda app: app.screen.query_one(MeasuredList).size.width > 10),
    step("layers.other", "tab", lambda app: isinstance(app.focused, ScrollPage)),
    step("page.down", "down", lambda app: page(app) == 1),
    step("page.up", "up", lambda app: page(app) == 0),
    step("page.page_down", "pagedown", lambda app: page(app) == 20),
    step("page.page_up", "pageup", lambda app: page(app) == 0),
    step("page.last", "end", lambda app: page(app) > 0),
    step("page.first", "home", lambda app: page(app) == 0),
    step("layers.view", "v", lambda app: app.screen.view == "numbers"),
    step("layers.view", "v", lambda app: app.screen.view == "variance"),
    step("layers.view", "v", lambda app: app.screen.view == "findings"),
    step("layers.layer", "l", lambda app: app.screen.view == "side by side"),
]


def test_the_keys_of_the_layers(shelf: Shelf, make_app: MakeApp) -> None:
    run_script(make_app(attach=shelf.put("inspected")), LAYERS, before=["3"])


def test_the_keys_of_the_lessons(make_app: MakeApp, started: Started) -> None:
    name = "zeros-and-ones"
    script = [
        step("lessons.run", "r", lambda app: app.running_lessons[name].size == "small"),
        step("lessons.other", "tab", lambda app: isinstance(app.focused, ScrollPage)),
        step("lessons.stop", "s", lambda app: started.stopped == 1),
        step("lessons.open", "o", lambda app: compare(app).view == "run"),
    ]
    run_script(make_app(), script, before=["5"])
    full = [
        step("lessons.full", "f", lambda app: not app.screen.query_one(LessonList).size.width),
        step("lessons.full", "f", lambda app: app.screen.query_one(LessonList).size.width > 10),
        step("lessons.full_size", "R", lambda app: app.running_lessons[name].size == "full"),
    ]
    run_script(make_app(), full, before=["5"])
