"""The cursor of lists is seen without colours, on every screen."""

from __future__ import annotations

import pytest
from rich.color import Color
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot

from inittui.experiment.records import Experiment
from inittui.runs import LogWriter, create_run
from inittui.tui.terminal import Terminal
from inittui.tui.widgets.leaderboard import Leaderboard
from inittui.tui.widgets.row_list import RowList
from tests.support.runs import Made, made_events
from tests.support.tui_shelf import MakeApp, Shelf, drive, settle

PLAIN = {
    "no-colour": {"no_color": True},
    "sixteen-colours": {"few_colors": True},
    "ascii": {"ascii_only": True, "marker": "ascii"},
    "linux-console": {"few_colors": True, "ascii_only": True, "marker": "ascii"},
}

WAYS: dict[str, tuple[tuple[str, ...], str]] = {
    "compare-list": (("n",), "down"),
    "compare-form": (("n", "e"), "down"),
    "compare-run": ((), "down"),
    "curves": (("2",), "down"),
    "layers": (("3",), "down"),
    "runs": (("4",), "down"),
    "lessons": (("5",), "down"),
    "question": (("4", "d"), "right"),
    "help": (("question_mark",), "down"),
    "palette": (("ctrl+p",), "down"),
    "palette-line": (("ctrl+p", *"run"), "left"),
    "search-line": (("n", "slash", *"uni"), "left"),
    "search-line-start": (("n", "slash", *"uni"), "home"),
    "scheme-line": (("n", "down", "enter"), "left"),
    "setting-line": (("n", "e", "down", *"64"), "left"),
    "setting-line-of-a-choice": (("n", "e"), "home"),
    "setting-line-left-empty": (("n", "e", "down"), "down"),
    "filter-line": (("4", "slash", *"rule"), "left"),
    "name-line": (("4", "n", *"mine"), "left"),
}
"""The keys that lead to where a cursor is, and the one that moves it."""


def without_colour(app: App[None]) -> list[list[tuple[str, Style]]]:
    """Return what is seen where colours are not."""
    return [
        [(s.text, (s.style or Style()).without_color) for s in strip.simplify()]
        for strip in app.screen._compositor.render_strips()
    ]


@pytest.mark.parametrize("look", PLAIN)
def test_moving_the_cursor_is_seen_on_every_screen(
    look: str, shelf: Shelf, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    if look == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    shelf.put("classic", "seeds")
    opened = shelf.put("inspected")

    async def act(pilot: Pilot[None]) -> None:
        for way, (keys, move) in WAYS.items():
            await pilot.press(*keys)
            await settle(pilot)
            await pilot.pause(0.2 if "palette" in way else 0)  # what it finds comes bit by bit
            if look in ("sixteen-colours", "linux-console"):
                assert not on_other_colours(pilot.app), way
            before = without_colour(pilot.app)
            await pilot.press(move)
            await settle(pilot)
            after = without_colour(pilot.app)
            assert after != before, way
            if look in ("ascii", "linux-console"):
                assert "".join(text for line in after for text, _ in line).isascii(), way
            await pilot.press("escape", "escape", "1", "v")

    app = make_app(attach=opened, **PLAIN[look])
    drive(app, act)


def on_other_colours(app: App[None]) -> list[str]:
    """Return texts in the terminal's own colour on another: what it is nobody knows.

    It is light grey on a console, whose "white" is the same grey.
    """
    segments = (s for strip in app.screen._compositor.render_strips() for s in strip)
    styled = ((s.text.strip(), s.style) for s in segments if s.style)
    return [
        text for text, style in styled if text and is_own(style.color) and not is_own(style.bgcolor)
    ]


def is_own(color: Color | None) -> bool:
    return color is None or color.is_default


def test_what_is_reversed_has_no_colours_that_would_undo_it(make_app: MakeApp) -> None:
    async def act(pilot: Pilot[None]) -> None:
        for keys in ((), ("e", "down"), ("escape", "slash", *"uni", "home")):
            await pilot.press(*keys)
            await settle(pilot)
            strips = pilot.app.screen._compositor.render_strips()
            styles = [s.style or Style() for strip in strips for s in strip]
            reversed_ones = [style for style in styles if style.reverse]
            assert reversed_ones, keys
            for style in reversed_ones:
                assert style.bgcolor is None or style.bgcolor.is_default, (keys, style)

    drive(make_app(few_colors=True), act)


def test_each_kind_of_poor_terminal_gets_the_reversed_cursor() -> None:
    for kind in ({"no_color": True}, {"few_colors": True}, {"ascii_only": True}):
        assert Terminal(**kind).is_plain
    assert not Terminal().is_plain


def test_what_is_seen_of_a_long_list_is_told_in_words(make_app: MakeApp, shelf: Shelf) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await settle(pilot)
        board = pilot.app.screen.query_one(RowList)
        heading = board.render_line(0).text
        assert heading.rstrip().endswith(f" 1 to 3 of {board.count()}")

    drive(make_app(attach=shelf.put("classic")), act)


@pytest.mark.parametrize("sort", ["accuracy", "loss"])
def test_a_sort_shows_what_comes_first_and_its_sign(
    shelf: Shelf, make_app: MakeApp, sort: str
) -> None:
    many = [Made(f"normal:std=0.{n:02}", 0.5 + n / 100, losses=[2.0]) for n in range(1, 31)]
    experiment = Experiment(schemes=tuple(each.scheme for each in many))
    run = create_run(shelf.root, experiment)
    with LogWriter(run) as log:
        log.write_many(made_events(many, steps_per_epoch=20, experiment=experiment))

    async def act(pilot: Pilot[None]) -> None:
        board = pilot.app.screen.query_one(Leaderboard)
        await pilot.press("end")
        for _ in ("accuracy", "loss"):
            await pilot.press("o")
            await settle(pilot)
            if pilot.app.open_runs.options.sort == sort:
                break
        assert board.cursor == 0
        heading = board.render_line(0).text
        assert f"{sort}▾" in heading
        assert heading.rstrip().endswith(("of 30", "/30"))

    drive(make_app(attach=run), act, (72, 24))
