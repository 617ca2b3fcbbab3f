"""What names a key on the screen does what the key does where it is clicked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Static

from inittui.runs import LogWriter, create_run
from inittui.tui.app import LabApp
from inittui.tui.clickable import clickable_strip
from inittui.tui.screens.layers import LayersScreen
from inittui.tui.screens.map import MapScreen
from inittui.tui.settings import Settings
from inittui.tui.widgets.verdict_line import VerdictLine
from tests.support.key_scripts import compare
from tests.support.runs import made_events, scale_by_depth
from tests.support.tui_shelf import MakeApp, Shelf, Started, drive, settle


def seen(pilot: Pilot[None]) -> list[str]:
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


async def click(pilot: Pilot[None], words: str) -> None:
    """Click on the last letter of words that are seen."""
    lines = seen(pilot)
    y = next((n for n, line in enumerate(lines) if words in line), None)
    assert y is not None, (words, lines)
    await pilot.click(offset=(lines[y].index(words) + len(words) - 1, y))
    await settle(pilot)


Ways = tuple[tuple[str, ...], str, Callable[[LabApp], bool]]

WAYS: dict[str, Ways] = {
    "verdict": ((), "… (z)", lambda app: app.screen.query_one(VerdictLine).size.height > 1),
    "cause": (("down",), "more (3)", lambda app: app.current_mode == "layers"),
    "start of the cause": (("down",), "zeros: ", lambda app: app.current_mode == "layers"),
    "key of views": (("3",), " v:", lambda app: layers(app).view == "side by side"),
    "run": (("n", "u", "space"), "Press r", lambda app: compare(app).view == "run"),
    "run while typing": (("n", "slash"), "Press f5", lambda app: compare(app).view == "run"),
    "lesson": (("5",), "Press r", lambda app: bool(app.running_lessons)),
}


def layers(app: LabApp) -> LayersScreen:
    assert isinstance(app.screen, LayersScreen)
    return app.screen


@pytest.mark.parametrize("way", WAYS)
def test_a_click_on_words_that_name_a_key_presses_it(
    way: str, shelf: Shelf, make_app: MakeApp, started: Started
) -> None:
    keys, words, has_come = WAYS[way]
    app = make_app(attach=shelf.put("story" if way != "verdict" else "classic"))

    async def act(pilot: Pilot[None]) -> None:
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        if way == "lesson":
            await pilot.press("tab", "end")
            await settle(pilot)
        await click(pilot, words)
        assert has_come(app), seen(pilot)

    drive(app, act)


@pytest.mark.parametrize(
    ("start", "words", "end"),
    [("2", "4  Runs", "runs"), ("2", "1  Compare", "compare"), ("3", "1  Compare", "compare"),
     ("4", "1  Compare", "compare")],
)  # fmt: skip
def test_an_empty_screen_leads_on(start: str, words: str, end: str, make_app: MakeApp) -> None:
    app = make_app()

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press(start)
        await settle(pilot)
        await click(pilot, words)
        assert app.current_mode == end

    drive(app, act)


def test_a_key_of_ones_own_is_named_and_pressed(shelf: Shelf, make_app: MakeApp) -> None:
    settings = Settings(keymap={"app.layers": "f7,3", "compare.verdict": "f8"})
    app = make_app(attach=shelf.put("story"), settings=settings)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("down")
        await settle(pilot)
        await click(pilot, "more (f7)")
        assert app.current_mode == "layers"

    drive(app, act)


def test_the_title_of_a_map_presses_what_it_names_and_closes_beside_that(
    shelf: Shelf, make_app: MakeApp
) -> None:
    started, *_ = events = made_events(
        scale_by_depth({(1.0, 2): 0.8, (1.0, 4): 0.7, (2.0, 2): 0.6, (2.0, 4): None})
    )
    with LogWriter(run := create_run(shelf.root, started.experiment)) as log:
        log.write_many(events)
    app = make_app(attach=run)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("h")
        await settle(pilot)
        before = seen(pilot)
        await click(pilot, "m accuracy/loss")
        assert isinstance(app.screen, MapScreen)
        assert seen(pilot) != before
        assert str(app.screen.query_one("#map-title", Static).content).startswith("Map  (arrows")
        await click(pilot, "esc closes")
        assert not isinstance(app.screen, MapScreen)

    drive(app, act)


def test_words_of_a_line_are_found_by_the_columns_they_have() -> None:
    drawn = Strip([Segment("層 "), Segment("l shows", Style(bold=True)), Segment(" others, (R)")])
    strip = clickable_strip(drawn, {"l shows others": "l", "(R)": "R", "absent": "x"})
    keys = [
        (segment.style or Style()).meta.get("key", " ")
        for segment in strip
        for _ in range(cell_len(segment.text))
    ]
    assert strip.text == drawn.text
    assert "".join(keys) == "   " + "l" * 14 + "  " + "RRR"
