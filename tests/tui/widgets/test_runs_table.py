"""The table of runs: columns, filter, ticks by mouse, names that differ."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from inittui.runs import RunDirectory, list_runs, rename_run
from inittui.tui.widgets.run_preview import RunPreview
from inittui.tui.widgets.runs_table import RunsTable
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle


def table(pilot: Pilot[None]) -> RunsTable:
    return pilot.app.screen.query_one(RunsTable)


def lines(pilot: Pilot[None]) -> list[str]:
    strips = pilot.app.screen._compositor.render_strips()
    return [strip.text.rstrip() for strip in strips]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("status:lost", 1), ("scheme:uniform", 2), ("model:mlp", 3), ("model:lenet", 0),
     ("status:finished scheme:centered", 1), ("mlp lost", 1), ("status:seeds", 0)],
)  # fmt: skip
def test_the_filter(shelf: Shelf, make_app: MakeApp, typed: str, expected: int) -> None:
    shelf.put("classic", "seeds", "killed")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        pilot.app.screen.query_one("#filter", Input).value = typed
        await settle(pilot)
        assert table(pilot).count() == expected

    drive(make_app(), act)


def test_model_data_epochs_duration_and_the_best_scheme_are_told(
    shelf: Shelf, make_app: MakeApp
) -> None:
    run = shelf.put("seeds")
    (listing,) = list_runs(shelf.root)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        (line,) = (line for line in lines(pilot) if run.id in line)
        for told in ("mlp", "fashion-mnist", " 2 ", "1:13", "normal", "80.9%", "finished"):
            assert told in line
        assert listing.best == "normal"

    drive(make_app(), act, (190, 40))


def test_a_click_on_a_tick_ticks(shelf: Shelf, make_app: MakeApp) -> None:
    shelf.put("classic", "seeds")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.click(RunsTable, offset=(1, 2))
        await settle(pilot)
        assert (table(pilot).cursor, len(table(pilot).marked)) == (1, 1)
        await pilot.click(RunsTable, offset=(20, 1))
        await settle(pilot)
        assert (table(pilot).cursor, len(table(pilot).marked)) == (0, 1)

    drive(make_app(), act)


def test_names_are_told_apart_where_there_is_little_room(shelf: Shelf, make_app: MakeApp) -> None:
    names = [f"the same long beginning of a name, {end}" for end in ("one", "two")]
    for name, known in zip(names, ("classic", "seeds"), strict=True):
        rename_run(shelf.put(known), name)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        text = "\n".join(lines(pilot))
        assert " one " in text
        assert " two " in text

    drive(make_app(), act, (100, 24))


def test_the_run_at_the_cursor_is_previewed(shelf: Shelf, make_app: MakeApp) -> None:
    shelf.put("seeds", "diverged")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        page = "\n".join(lines(pilot))
        assert "training loss" in page
        assert "normal:std=1e+30 diverged" in page
        await pilot.press("down")
        await settle(pilot)
        assert "normal" in "\n".join(lines(pilot)[-5:])

    drive(make_app(), act, (100, 40))


def test_a_damaged_run_is_no_error(shelf: Shelf, make_app: MakeApp) -> None:
    run = shelf.put("classic")
    run.log.write_bytes(b"\xff" * 100)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        assert pilot.app.screen.query_one(RunPreview).display

    drive(make_app(), act)


def test_opening_at_once_waits_for_the_list(shelf: Shelf, make_app: MakeApp) -> None:
    run = shelf.put("classic")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4", "enter")
        await settle(pilot)
        await settle(pilot)
        assert pilot.app.current_mode == "compare"
        assert [each.id for each in pilot.app.open_runs.shown] == [RunDirectory(run.path).id]

    drive(make_app(), act)


def test_a_filter_without_a_match_says_so_and_shows_no_other_run(
    shelf: Shelf, make_app: MakeApp
) -> None:
    shelf.put("seeds")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        for typed in ("", "nosuch", ""):
            pilot.app.screen.query_one("#filter", Input).value = typed
            await settle(pilot)
            shown = "\n".join(lines(pilot))
            assert ("no run matches the filter" in shown) is bool(typed)
            assert ("normal is lowest" in shown) is not bool(typed)

    drive(make_app(), act, (120, 40))


def test_nothing_is_cut_while_there_is_room_and_no_sign_stands_twice(
    shelf: Shelf, make_app: MakeApp
) -> None:
    for name in ("seeds", "killed"):
        shelf.put(name)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        shown = "\n".join(lines(pilot))
        assert "highest mean" in shown
        assert "fashion-mnist" in shown
        assert "……" not in shown
        (lost,) = (line for line in lines(pilot) if line.rstrip().endswith("lost"))
        assert " s " in lost, "what its log tells of its time"

    drive(make_app(), act, (120, 40))


def test_who_deletes_a_run_is_asked_by_its_name_and_id(shelf: Shelf, make_app: MakeApp) -> None:
    run = shelf.put("seeds")
    rename_run(run, "the good one")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("d")
        await settle(pilot)
        shown = " ".join("\n".join(lines(pilot)).split())
        assert "Delete run the good one" in shown
        assert run.id in shown

    drive(make_app(), act, (120, 40))


def test_a_click_on_a_title_sorts_by_it(shelf: Shelf, make_app: MakeApp) -> None:
    shelf.put("classic", "seeds")

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settle(pilot)
        for title in ("status", "when"):
            place = table(pilot).heading(table(pilot).size.width).plain.index(title)
            await pilot.click(RunsTable, offset=(place + 1, 0))
            await settle(pilot)
            assert table(pilot).order == title
        await pilot.click(RunsTable, offset=(0, 0))
        await settle(pilot)
        assert table(pilot).order == "when"

    drive(make_app(), act)
