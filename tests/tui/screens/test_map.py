"""The map of two sweeps in the UI: drawn anew as the run goes on."""

from __future__ import annotations

import asyncio

from rich.segment import Segment
from textual.pilot import Pilot

from inittui.events.records import Event, TrialEnded
from inittui.experiment.records import Experiment
from inittui.runs import LogWriter, create_run
from inittui.tui.widgets.scroll_page import ScrollPage
from tests.support.runs import made_events, scale_by_depth
from tests.support.tui_shelf import MakeApp, Shelf, settle

ACCURACIES = {(1.0, 2): 0.8, (2.0, 2): 0.7, (1.0, 8): 0.3, (2.0, 8): 0.6}


def drawn(pilot: Pilot[None]) -> str:
    page = pilot.app.screen.query_one(ScrollPage)
    lines = [page.render_line(y) for y in range(page.size.height)]
    return "\n".join("".join(segment.text for segment in Segment.simplify(line)) for line in lines)


def test_cells_appear_while_a_run_goes_on(shelf: Shelf, make_app: MakeApp) -> None:
    run = create_run(shelf.root, Experiment())
    events: list[Event] = made_events(scale_by_depth(ACCURACIES), run=run.id)
    middle = next(n for n, event in enumerate(events) if isinstance(event, TrialEnded)) + 1

    async def act(log: LogWriter) -> None:
        log.write_many(events[:middle])
        async with make_app(attach=run).run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("h")
            await settle(pilot)
            assert "2 │█80██   ·" in drawn(pilot)
            assert "not yet validated" in drawn(pilot)
            log.write_many(events[middle:])
            for _ in range(100):
                await asyncio.sleep(0.05)
                if "8 │░30░░ ▓60▓▓" in drawn(pilot):
                    break
            assert "2 │█80██ █70██" in drawn(pilot)
            assert "8 │░30░░ ▓60▓▓" in drawn(pilot)

    with LogWriter(run) as log:
        asyncio.run(act(log))


def test_it_says_how_to_get_one(shelf: Shelf, make_app: MakeApp) -> None:
    async def act() -> None:
        async with make_app(attach=shelf.put("classic")).run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("h")
            await settle(pilot)
            assert "No open run sweeps two things at once" in drawn(pilot)

    asyncio.run(act())
