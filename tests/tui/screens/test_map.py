"""The map of two sweeps in the UI: drawn anew as the run goes on."""

from __future__ import annotations

import asyncio

import pytest
from rich.segment import Segment
from textual.pilot import Pilot
from textual.widgets import Static

from inittui.events.records import Event, TrialEnded
from inittui.experiment.records import Experiment
from inittui.runs import LogWriter, RunDirectory, create_run
from inittui.tui.chart_options import ChartOptions
from inittui.tui.screens.map import MapScreen
from inittui.tui.widgets.scroll_page import ScrollPage
from tests.support.runs import made_events, scale_by_depth
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle

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
            assert "8 [  ·  ]  ·" in drawn(pilot)
            assert "2 │█80██   ·" in drawn(pilot)
            assert "not yet validated" in drawn(pilot)
            log.write_many(events[middle:])
            for _ in range(100):
                await asyncio.sleep(0.05)
                if "8 [░30░░]▓60▓▓" in drawn(pilot):
                    break
            assert "2 │█80██ █70██" in drawn(pilot)
            assert "8 [░30░░]▓60▓▓" in drawn(pilot)

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


def put(shelf: Shelf, accuracies: dict[tuple[float, int], float]) -> RunDirectory:
    run = create_run(shelf.root, Experiment())
    with LogWriter(run) as log:
        log.write_many(made_events(scale_by_depth(accuracies), run=run.id))
    return run


def said(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#map-cell", Static).content)


@pytest.mark.parametrize("looks", [{}, {"ascii_only": True, "marker": "ascii"}], ids=str)
def test_the_cursor_needs_neither_colour_nor_unicode(
    looks: dict[str, object], shelf: Shelf, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = put(shelf, ACCURACIES)

    async def act() -> None:
        app = make_app(attach=run, no_color=True, **looks)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("h", "right", "down")
            await settle(pilot)
            text = drawn(pilot)
            assert ("[#70##]" if looks else "[█70██]") in text
            assert text.isascii() or not looks
            assert said(pilot) == (
                "scale of variance_scaling = 2, depth = 2: validation accuracy 70.00 %, loss 1.25, "
                "1 seed"
            )

    asyncio.run(act())


def test_a_cell_that_isn_t_in_the_run_opens_nothing(shelf: Shelf, make_app: MakeApp) -> None:
    run = put(shelf, {place: each for place, each in ACCURACIES.items() if place != (1.0, 8)})

    async def act() -> None:
        app = make_app(attach=run)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("h", "enter")
            await settle(pilot)
            assert isinstance(app.screen, MapScreen)
            assert said(pilot).endswith("= 1, depth = 8: not in this run")
            assert app.open_runs.options.highlighted is None

    asyncio.run(act())


def test_what_is_opened_is_shown_hidden_or_not(shelf: Shelf, make_app: MakeApp) -> None:
    run = put(shelf, ACCURACIES)
    key = (run.id, "variance_scaling:scale=1 depth=8")

    async def act() -> None:
        app = make_app(attach=run)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            app.open_runs.set_options(ChartOptions(hidden=frozenset([key])))
            for _ in range(2):  # unlike the table's key, it never takes the highlight away
                await pilot.press("h", "enter")
                await settle(pilot)
                assert app.open_runs.options == ChartOptions(highlighted=key)

    asyncio.run(act())


def test_the_page_follows_the_cursor_and_nothing_else(shelf: Shelf, make_app: MakeApp) -> None:
    run = put(shelf, {(scale, depth): 0.5 for scale in (1.0, 2.0) for depth in range(1, 41)})

    async def act() -> None:
        async with make_app(attach=run).run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("h", *["down"] * 39)
            await settle(pilot)
            assert " 1 [" in drawn(pilot)
            await pilot.press("home")
            await asyncio.sleep(1.2)  # it is drawn anew twice
            await settle(pilot)
            assert "40 │" in drawn(pilot)
            await pilot.press("up")
            await settle(pilot)
            assert " 2 [" in drawn(pilot)

    asyncio.run(act())


def test_a_click_chooses_a_cell_and_a_second_one_opens_it(shelf: Shelf, make_app: MakeApp) -> None:
    """Of two runs, as of one: the maps are told apart though their cells are the same."""
    runs = []
    for scheme in ("first", "second"):
        events = made_events(scale_by_depth(ACCURACIES))
        runs.append(create_run(shelf.root, Experiment(name=scheme)))
        with LogWriter(runs[-1]) as log:
            log.write_many(events)
    app = make_app(attach=runs[0])
    app.open_runs.show(runs[1], add=True)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("h")
        await settle(pilot)
        page = app.screen.query_one(ScrollPage)
        lines = drawn(pilot).split("\n")
        rows = [y for y, line in enumerate(lines) if "60" in line and "30" in line]
        assert len(rows) == 2, lines
        at = (lines[rows[1]].index("60"), rows[1])
        await pilot.click(ScrollPage, offset=(page.gutter.left + at[0], page.gutter.top + at[1]))
        await settle(pilot)
        lines = drawn(pilot).split("\n")
        assert "[▓60▓▓]" in lines[rows[1]]
        assert "[" not in lines[rows[0]]
        await pilot.click(ScrollPage, offset=(page.gutter.left + at[0], page.gutter.top + at[1]))
        await settle(pilot)
        assert not isinstance(app.screen, MapScreen)
        assert app.open_runs.options.highlighted is not None
        assert app.open_runs.options.highlighted[0] == runs[1].id
        assert "depth=8" in app.open_runs.options.highlighted[1]

    drive(app, act, (80, 40))
