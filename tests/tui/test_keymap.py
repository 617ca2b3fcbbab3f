"""Every key that is declared is pressed here or in `test_keymap_screens.py`, and does what its
help says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from textual.command import CommandPalette
from textual.widgets import Input

from inittui.tui.app import LabApp
from inittui.tui.keymap import SECTIONS, all_bindings
from inittui.tui.screens.check import CheckScreen
from inittui.tui.screens.compare import CompareScreen
from inittui.tui.screens.dialogs import Letter
from inittui.tui.screens.help import HelpScreen
from inittui.tui.widgets.chart import CurveChart
from inittui.tui.widgets.form import Form
from inittui.tui.widgets.picker import PickerList
from inittui.tui.widgets.row_list import RowList
from tests.support.key_scripts import compare, page, race, run_script, step
from tests.support.tui_shelf import MakeApp, Shelf, Started, settle


def charts_seen(app: LabApp) -> int:
    return sum(chart.size.height > 2 for chart in race(app).query(CurveChart))


def rows(app: LabApp) -> RowList:
    return app.screen.query_one(RowList)


def focused_field(app: LabApp) -> str:
    form = app.screen.query_one(Form)
    return form.chosen.path if app.focused is form.input else ""


def norms(app: LabApp) -> str:
    return app.screen.query_one(Form).texts["model.batch_norm"]


CHART = [
    step("chart.log", "y", lambda app: app.open_runs.options.log_y is False),
    step("chart.log", "y", lambda app: app.open_runs.options.log_y is True),
    step("chart.steps", "w", lambda app: app.open_runs.options.steps == "all"),
    step("chart.steps", "w", lambda app: app.open_runs.options.steps == "last epoch"),
    step("chart.steps", "w", lambda app: app.open_runs.options.steps == "first"),
    step("chart.metric", "m", lambda app: app.open_runs.options.metric == "val_loss"),
    step("chart.metric", "m", lambda app: app.open_runs.options.metric == "val_accuracy"),
    step("chart.metric", "m", lambda app: app.open_runs.options.metric == "train_accuracy"),
    step("chart.metric", "m", lambda app: app.open_runs.options.metric == "least_gradient"),
    step("chart.metric", "m", lambda app: app.open_runs.options.metric == "train_loss"),
    step("chart.grid", "M", lambda app: charts_seen(app) == 4),
    step("chart.grid", "M", lambda app: charts_seen(app) == 1),
    step("chart.smooth", "x", lambda app: app.open_runs.options.smoothing == 0.6),
    step("chart.band", "b", lambda app: not app.open_runs.options.band),
    step("chart.right", "right", lambda app: race(app).chart.cursor == 1),
    step("chart.right", "right", lambda app: race(app).chart.cursor == 2),
    step("chart.left", "left", lambda app: race(app).chart.cursor == 1),
    step("chart.far_right", "right_square_bracket", lambda app: race(app).chart.cursor > 5),
    step("chart.far_left", "left_square_bracket", lambda app: race(app).chart.cursor == 1),
    step("chart.zoom_in", "plus", lambda app: app.open_runs.options.zoom == (1.0, 50.5)),
    step("chart.pan_right", "full_stop", lambda app: app.open_runs.options.zoom[0] > 10),
    step("chart.pan_left", "comma", lambda app: app.open_runs.options.zoom[0] == 1.0),
    step("chart.zoom_out", "minus", lambda app: app.open_runs.options.zoom == (1.0, 100.0)),
    step("board.hide", "space", lambda app: len(app.open_runs.options.hidden) == 1),
    step("board.hide", "space", lambda app: not app.open_runs.options.hidden),
    step("board.highlight", "enter", lambda app: app.open_runs.options.highlighted is not None),
    step("chart.clip", "u", lambda app: app.open_runs.options.clipped),
    step("chart.y_in", "ctrl+up", lambda app: app.open_runs.options.y_zoom == 1),
    step("chart.y_out", "ctrl+down", lambda app: app.open_runs.options.y_zoom == 0),
    step("board.sort", "o", lambda app: app.open_runs.options.sort == "accuracy"),
    step("chart.full", "f", lambda app: not race(app).leaderboard.size.height),
    step("chart.full", "f", lambda app: not race(app).chart.display),
    step("chart.full", "f", lambda app: race(app).leaderboard.size == race(app).size - (2, 0)),
    step("chart.full", "f", lambda app: race(app).chart.size.height > 10),
    step("chart.reset", "0", lambda app: race(app).chart.cursor is None),
    step("chart.reset", "0", lambda app: app.open_runs.options.highlighted is None),
]
LIST = [
    step("list.down", "down", lambda app: rows(app).cursor == 1),
    step("list.up", "up", lambda app: rows(app).cursor == 0),
    step("list.last", "G", lambda app: rows(app).cursor == rows(app).count() - 1),
    step("list.first", "home", lambda app: rows(app).cursor == 0),
    step("list.page_down", "pagedown", lambda app: rows(app).cursor > 1),
    step("list.page_up", "pageup", lambda app: rows(app).cursor == 0),
]


def test_the_chart_s_keys(shelf: Shelf, make_app: MakeApp) -> None:
    run_script(make_app(attach=shelf.put("classic")), CHART, before=["2"])


def test_the_keys_of_lists(shelf: Shelf, make_app: MakeApp) -> None:
    run_script(make_app(attach=shelf.put("classic")), LIST, before=["2"])


def picker(app: LabApp) -> PickerList:
    return app.screen.query_one(PickerList)


SETUP = [
    step("picker.tick", "space", lambda app: "zeros" not in picker(app).ticked),
    step("picker.none", "u", lambda app: picker(app).ticked == []),
    step("picker.classic", "7", lambda app: len(picker(app).ticked) == 7),
    step("compare.check", "c", lambda app: isinstance(app.screen, CheckScreen)),
    step("check.close", "escape", lambda app: isinstance(app.screen, CompareScreen)),
    step("picker.edit", "enter", lambda app: app.focused.id == "scheme"),
    step("compare.back", "escape", lambda app: app.focused is picker(app)),
    step("compare.search", "slash", lambda app: app.focused.id == "search"),
    step("words.take", "enter", lambda app: app.focused is picker(app)),
    step("compare.search", "slash", lambda app: app.focused.id == "search"),
    step("words.leave", "escape", lambda app: app.focused is picker(app)),
    step("compare.back", "escape", lambda app: app.focused is picker(app)),
    step("compare.settings", "e", lambda app: focused_field(app) == "model.name"),
    step("form.next", "down", lambda app: focused_field(app) == "model.hidden"),
    step("compare.jump", "ctrl+o", lambda app: isinstance(app.screen, Letter)),
    step("compare.jump", "b", lambda app: focused_field(app) == "model.hidden"),
    step("form.previous", "up", lambda app: focused_field(app) == "model.name"),
    step(
        "form.last", "pagedown", lambda app: focused_field(app) == "inspection.gradient_percentile"
    ),
    step("form.first", "pageup", lambda app: focused_field(app) == "model.name"),
    step("field.take", "enter", lambda app: focused_field(app) == "model.hidden"),
    step("field.leave", "escape", lambda app: app.focused is picker(app)),
    step("compare.settings", "e", lambda app: focused_field(app) == "model.hidden"),
    *[step("form.next", "down", lambda app: True)] * 5,
    step("field.switch", "space", lambda app: norms(app) == "yes"),
    step("field.switch", "space", lambda app: norms(app) == "no"),
    step("compare.back", "escape", lambda app: app.focused is picker(app)),
]


def test_the_keys_of_the_first_screen(make_app: MakeApp) -> None:
    run_script(make_app(), SETUP)


def test_typed_schemes_are_put_into_the_list_and_taken_out(make_app: MakeApp) -> None:
    async def run() -> None:
        app = make_app()
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            await pilot.press("slash", *"kaiming_n", "enter", "enter")
            editor = app.screen.query_one("#scheme", Input)
            assert editor.value == "kaiming_normal:a="
            await pilot.press(*"flat", "enter")
            await settle(pilot)
            assert editor.display, "a wrong scheme isn't taken"
            assert "flat" in str(app.screen.query_one("#scheme-error").content)
            editor.value = "kaiming_normal:mode=fan_out/ones"
            await pilot.press("enter")
            await settle(pilot)
            assert "kaiming_normal:mode=fan_out/ones" in picker(app).ticked
            await pilot.press("delete")
            await settle(pilot)
            assert "kaiming_normal:mode=fan_out/ones" not in picker(app).ticked

    asyncio.run(run())


def test_running_stopping_and_adding(make_app: MakeApp, started: Started) -> None:
    script = [
        step("compare.run", "r", lambda app: compare(app).view == "run" and len(started.runs) == 1),
        step("compare.stop", "s", lambda app: started.stopped == 1),
        step("compare.new", "n", lambda app: compare(app).view == "setup"),
        step("compare.view", "v", lambda app: compare(app).view == "run"),
        step("compare.new", "n", lambda app: compare(app).view == "setup"),
        step("compare.add", "a", lambda app: len(app.open_runs.shown) == 2),
        step("compare.back", "escape", lambda app: compare(app).view == "setup"),
        step(
            "compare.run",
            "f5",
            lambda app: len(app.open_runs.shown) == 1 and len(app.open_runs.behind) == 2,
        ),
    ]
    run_script(make_app(), script)


def test_a_run_that_was_left_goes_on(shelf: Shelf, make_app: MakeApp, started: Started) -> None:
    run = shelf.put("killed")
    script = [
        step("compare.verdict", "z", lambda app: compare(app).query_one("#verdict").display),
        step("compare.dismiss", "d", lambda app: not compare(app).query_one("#banner").display),
        step("compare.resume", "c", lambda app: app.open_runs.shown[0].is_live),
    ]
    run_script(make_app(attach=run), script)
    assert started.runs == [run]


EVERYWHERE = [
    step("app.curves", "2", lambda app: app.current_mode == "curves"),
    step("app.layers", "3", lambda app: app.current_mode == "layers"),
    step("app.runs", "4", lambda app: app.current_mode == "runs"),
    step("app.lessons", "5", lambda app: app.current_mode == "lessons"),
    step("app.compare", "1", lambda app: app.current_mode == "compare"),
    step("app.theme", "t", lambda app: app.theme == "inittui-light"),
    step("app.theme", "t", lambda app: app.theme == "inittui-dark"),
    step("app.help", "question_mark", lambda app: isinstance(app.screen, HelpScreen)),
]
HELP = [
    step("page.down", "down", lambda app: page(app) == 1),
    step("help.close", "escape", lambda app: not isinstance(app.screen, HelpScreen)),
    step("app.quit", "q", lambda app: app._exit),
]


def test_leaving_while_something_is_typed(make_app: MakeApp) -> None:
    found = [step("app.leave", "ctrl+q", lambda app: app._exit)]
    run_script(make_app(), found, before=["slash", "k"])


def test_the_palette_opens(make_app: MakeApp) -> None:
    found = [step("app.palette", "ctrl+p", lambda app: isinstance(app.screen, CommandPalette))]
    run_script(make_app(), found)


def test_the_keys_that_work_everywhere(make_app: MakeApp) -> None:
    run_script(make_app(), [*EVERYWHERE, *HELP])


def test_every_declared_key_is_tested_here() -> None:
    # Read from the texts: other tests may run in another process.
    files = Path(__file__).parent.glob("test_keymap*.py")
    texts = "".join(file.read_text(encoding="utf-8") for file in files)
    tested = set(re.findall(r'step\(\s*"([\w.]+)"', texts))
    assert {binding.id for _, binding in all_bindings()} - tested == {"picker.remove"}


def test_ids_and_help_are_complete_and_unique() -> None:
    bindings = [binding for _, binding in all_bindings()]
    ids = [binding.id for binding in bindings]
    assert len(ids) == len(set(ids))
    assert all(binding.tooltip.endswith(".") and binding.description for binding in bindings)


def test_every_class_with_keys_has_a_section_in_the_help() -> None:
    import importlib
    import pkgutil

    import inittui.tui

    declared = set()
    for module in pkgutil.walk_packages(inittui.tui.__path__, "inittui.tui."):
        for value in vars(importlib.import_module(module.name)).values():
            own = getattr(value, "__module__", "").startswith("inittui.tui.")
            if own and isinstance(value, type) and value.__dict__.get("BINDINGS"):
                declared.add(f"{value.__module__}:{value.__name__}")
    assert declared == {section.home for section in SECTIONS if section.bindings()}


def test_the_help_lists_every_key(make_app: MakeApp) -> None:
    async def run() -> str:
        app = make_app()
        async with app.run_test(size=(200, 60)) as pilot:
            await settle(pilot)
            await pilot.press("question_mark")
            await settle(pilot)
            assert isinstance(app.screen, HelpScreen)
            with app.console.capture() as captured:
                app.console.print(app.screen.page(200), width=200)
            return captured.get()

    text = asyncio.run(run())
    assert [b.id for _, b in all_bindings() if b.id not in text] == []
