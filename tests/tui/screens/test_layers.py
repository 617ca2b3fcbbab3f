"""Layers tells what Compare tells: the newest probe, under the marks and names of the list."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from inittui.events.records import RunStarted
from inittui.runs import LogWriter, RunDirectory, create_run
from inittui.tui.app import LabApp
from inittui.tui.screens.layers import LayersScreen, ViewLine
from inittui.views import inspection
from tests.support.runs import log_events, under_seeds
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle

EVENTS = log_events("story")
WITHIN = 40
"""Lines of the log before the first probe that is after the training."""


def cut_short(root: Path) -> RunDirectory:
    """Return a run that lost its process after two epochs."""
    started = EVENTS[0]
    assert isinstance(started, RunStarted)
    directory = create_run(root, started.experiment)
    with LogWriter(directory) as log:
        log.write_many(EVENTS[:WITHIN])
    return directory


def seen(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def test_both_screens_tell_the_newest_probe(shelf: Shelf, make_app: MakeApp) -> None:
    told = {}

    async def act(pilot: Pilot[None]) -> None:
        told["compare"] = seen(pilot)
        await pilot.press("3")
        for view in ("findings", "side by side", "histograms", "numbers", "variance"):
            await settle(pilot)
            told[view] = seen(pilot)
            await pilot.press("v")

    drive(make_app(attach=cut_short(shelf.root)), act, (120, 60))
    assert "(after 104 steps)" in told["compare"]
    assert "zeros, after 104 steps:" in told["findings"]
    assert "step 104, below" in told["side by side"]
    assert "● step 104" in told["histograms"]
    assert "after 104 steps: loss" in told["numbers"]
    assert "by layer, after 104 steps" in told["variance"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_each_view_says_which_of_several_seeds_it_is_of(
    seeds: int, shelf: Shelf, make_app: MakeApp
) -> None:
    told = {}
    found = under_seeds(EVENTS, seeds)
    assert isinstance(found[0], RunStarted)
    directory = create_run(shelf.root, found[0].experiment)
    with LogWriter(directory) as log:
        log.write_many(found)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("3", "v")
        for view in ("side by side", "histograms", "numbers", "variance"):
            await settle(pilot)
            told[view] = seen(pilot)
            await pilot.press("v")

    drive(make_app(attach=directory), act, (120, 60))
    several = seeds > 1
    for view in ("side by side", "histograms", "numbers"):
        assert ("seed 0, one of 3" in told[view].split("nonlinearity;")[0]) is several, view
    assert ("by layer, before training, mean and range of 3 seeds" in told["variance"]) is several


def test_contestants_of_several_runs_have_their_seeds_told(shelf: Shelf, make_app: MakeApp) -> None:
    told = []
    found = under_seeds(EVENTS, 3)
    assert isinstance(found[0], RunStarted)
    directory = create_run(shelf.root, found[0].experiment)
    with LogWriter(directory) as log:
        log.write_many(found)
    other = shelf.put("inspected")

    async def act(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        app.open_runs.show(other, add=True)
        await pilot.press("3", "v")
        await settle(pilot)
        told.append((seen(pilot), app.open_runs.contestants()))

    drive(make_app(attach=directory), act, (120, 60))
    [(text, contestants)] = told
    marks = [c.style.shape for c in contestants if len(c.trials) > 1]
    assert "; ".join(f"{mark} seed 0, one of 3" for mark in marks) in text


def test_both_screens_call_a_lost_run_lost(shelf: Shelf, make_app: MakeApp) -> None:
    told = {}

    async def act(pilot: Pilot[None]) -> None:
        told["compare"] = seen(pilot)
        await pilot.press("3")
        await settle(pilot)
        told["layers"] = seen(pilot)

    drive(make_app(attach=cut_short(shelf.root)), act, (120, 40))
    assert all("lost" in text for text in told.values())
    assert all("interrupted" not in text for text in told.values())


def test_the_key_to_all_findings_is_that_of_the_keymap(shelf: Shelf, make_app: MakeApp) -> None:
    told = []

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("down")
        await settle(pilot)
        told.append(seen(pilot))

    app = make_app(attach=shelf.put("story"))
    assert isinstance(app, LabApp)
    app.lab_keymap = {"app.layers": "f9"}
    app.settings.keymap["app.layers"] = "f9"
    drive(app, act, (120, 40))
    assert "more (f9)" in told[0]


def marks_and_names(app: LabApp) -> list[tuple[str, str, str]]:
    shown = app.open_runs.contestants()
    return [(one.style.mark(False), one.scheme, one.run.id) for one in shown]


@pytest.mark.parametrize("view", [(), ("l",)])
def test_a_page_has_the_marks_of_the_list(
    view: tuple[str, ...], shelf: Shelf, make_app: MakeApp
) -> None:
    told = []

    async def act(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        await pilot.press("3", *view)
        await settle(pilot)
        app.open_runs.show(other, add=True)
        app.screen.draw()  # type: ignore[attr-defined]
        await settle(pilot)
        told.append((seen(pilot), marks_and_names(app)))
        app.open_runs.hide(app.open_runs.shown[0])
        app.screen.draw()  # type: ignore[attr-defined]
        await settle(pilot)
        told.append((seen(pilot), marks_and_names(app)))

    other = shelf.put("inspected")
    drive(make_app(attach=shelf.put("story")), act, (200, 60))
    for text, shown in told:
        page = [line[25:] for line in text.splitlines()]
        for mark, scheme, run in shown:
            if view:
                assert any(f"{mark} {scheme}" in line for line in page)
            elif run == shown[0][-1]:
                assert any(f"{mark} {scheme}, before training" in line for line in page)


def test_the_view_that_is_seen_is_marked_where_room_is_short(
    shelf: Shelf, make_app: MakeApp
) -> None:
    told = []

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        for _ in range(5):
            await settle(pilot)
            told.append(next(line for line in seen(pilot).splitlines() if "v: " in line))
            await pilot.press("v")

    drive(make_app(attach=shelf.put("story")), act)
    views = ("findings", "side by side", "histograms", "numbers", "variance")
    for view, line in zip(views, told, strict=True):
        assert f"[{view}]" in line
        assert "…" in line or all(each in line for each in views)


def test_the_key_that_shows_other_layers_is_told_and_no_option_of_a_command(
    shelf: Shelf, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_MOST_LAYERS", 2)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("3", "v", "v")
        await settle(pilot)
        assert "histograms of 2 of 3 layers; l shows others" in seen(pilot)
        assert "--" not in seen(pilot)

    drive(make_app(attach=shelf.put("story")), act, (120, 40))


@pytest.mark.parametrize("width", [80, 120])
def test_a_click_on_the_name_of_a_view_shows_it(
    width: int, shelf: Shelf, make_app: MakeApp
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await settle(pilot)
        screen = pilot.app.screen
        line = screen.query_one(ViewLine)
        assert isinstance(screen, LayersScreen)
        for view in ("histograms", "side by side", "histograms", "numbers", "variance", "numbers"):
            place = line.render().plain.index(view)
            await pilot.click(ViewLine, offset=(line.gutter.left + place, 0))
            await settle(pilot)
            assert screen.view == line.view == view

    drive(make_app(attach=shelf.put("inspected")), act, (width, 24))
