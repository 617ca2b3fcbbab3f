"""The lessons' screen beside the runs of its lesson."""

from __future__ import annotations

from textual.pilot import Pilot

from inittui.lessons import lessons
from inittui.tui.lesson_process import RunningLesson
from inittui.tui.open_run import OpenRun
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle


def test_an_end_that_is_seen_on_the_page_is_not_told_over_it(
    shelf: Shelf, make_app: MakeApp
) -> None:
    run = OpenRun(shelf.put("classic"))
    run.open()
    first = lessons()[0]
    app = make_app()
    app.running_lessons[first.name] = RunningLesson(first, "small", [run], stopped=True)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await settle(pilot)
        app._tell_end(run)
        assert not app._notifications
        await pilot.press("down")
        await settle(pilot)
        app._tell_end(run)
        await settle(pilot)
        [told] = [notice.message for notice in app._notifications]
        assert told.endswith("has finished.")

    drive(app, act)
