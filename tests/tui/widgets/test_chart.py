"""The chart under the mouse: what is pointed at is read off, in all charts at once."""

from __future__ import annotations

from textual import events
from textual.pilot import Pilot

from inittui.tui.widgets.chart import CurveChart
from inittui.tui.widgets.curves_panel import CurvesPanel
from inittui.tui.widgets.leaderboard import Leaderboard
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle

CURSOR = "│"


def panel_of(pilot: Pilot[None]) -> CurvesPanel:
    return pilot.app.screen.query_one(CurvesPanel)


def columns_of_cursor(chart: CurveChart) -> set[int]:
    """Return the columns, of the screen, that the cursor's line is in, the axis left out."""
    drawn = chart._chart
    assert drawn is not None
    lines = [chart.render_line(drawn.top + row).text for row in range(drawn.rows)]
    columns = range(drawn.left, drawn.left + drawn.columns)
    most = drawn.rows / 3
    return {
        chart.region.x + chart.gutter.left + x
        for x in columns
        if sum(line[x : x + 1] == CURSOR for line in lines) >= most
    }


async def drag(pilot: Pilot[None], chart: CurveChart, *columns: int) -> None:
    """Move the mouse over columns of the widget with its button held."""
    for column in columns:
        await pilot._post_mouse_events([events.MouseMove], chart, offset=(column, 5), button=1)
    await settle(pilot)


def test_a_click_reads_off_what_is_under_it(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        chart = panel_of(pilot).chart
        for column in (20, 41, 60):
            await pilot.click(chart, offset=(column, 5))
            await settle(pilot)
            [seen] = columns_of_cursor(chart)
            # A step is as wide as that of the axis, and between two steps there is none.
            assert abs(seen - (chart.region.x + column)) <= 1 / 2 * per_step(chart) + 0.5
            before = chart.cursor
        await drag(pilot, chart, 59, 50, 30)
        assert chart.cursor != before, "and follows the mouse"
        await pilot._post_mouse_events([events.MouseMove], chart, offset=(12, 5))
        await settle(pilot)
        [seen] = columns_of_cursor(chart)
        assert abs(seen - (chart.region.x + 30)) <= 1 / 2 * per_step(chart) + 0.5

    drive(make_app(attach=shelf.put("classic")), act, (80, 40))


def per_step(chart: CurveChart) -> float:
    drawn, window = chart._chart, chart.window
    assert drawn is not None
    assert window is not None
    return (drawn.columns - 1) / (window[1] - window[0])


def test_all_charts_have_one_cursor(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        panel = panel_of(pilot)
        beside = panel.query_one("#beside", CurveChart)
        await pilot.click(beside, offset=(30, 5))
        await settle(pilot)
        assert panel.chart.cursor == beside.cursor is not None
        assert columns_of_cursor(panel.chart)
        pilot.app.screen.draw()  # type: ignore[attr-defined]
        await settle(pilot)
        head = pilot.app.screen.query_one(Leaderboard).heading(100).plain
        assert f"at {beside.cursor}" in head, "the values stay in the table"
        await pilot.press("right")
        await settle(pilot)
        assert panel.chart.cursor == beside.cursor
        await pilot.press("0")
        await settle(pilot)
        assert beside.cursor is None

    drive(make_app(attach=shelf.put("classic")), act, (120, 40))


def test_the_wheel_zooms_around_the_mouse(shelf: Shelf, make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        chart = panel_of(pilot).chart
        await pilot.press("w")  # all steps, which the wheel comes back to
        await settle(pilot)
        whole = chart.window
        await pilot.click(chart, offset=(40, 5))
        await settle(pilot)
        [before], step = columns_of_cursor(chart), chart.cursor
        for turned in (events.MouseScrollUp, events.MouseScrollUp):
            await pilot._post_mouse_events([turned], chart, offset=(40, 5))
            await settle(pilot)
        assert chart.window is not None
        assert whole is not None
        assert chart.window[1] - chart.window[0] < 0.7 * (whole[1] - whole[0])
        [after] = columns_of_cursor(chart)
        assert abs(after - before) <= 1
        assert chart.cursor == step
        for _ in range(4):
            await pilot._post_mouse_events([events.MouseScrollDown], chart, offset=(40, 5))
            await settle(pilot)
        assert chart.window == whole

    drive(make_app(attach=shelf.put("classic")), act)
