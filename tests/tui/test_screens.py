"""Pictures of every screen, in every state that a person meets it in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from textual.pilot import Pilot

from tests.support.tui_shelf import MakeApp, Shelf, settle

SnapCompare = Callable[..., bool]

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}

STATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "compare-first-start": ((), ()),
    "compare-search": ((), ("slash", *"uniform")),
    "compare-parameters": ((), ("down", "down", "enter", *"x")),
    "compare-settings-wrong": ((), ("e", "down", "down", *"tanj", "down")),
    "compare-running": (("running",), ()),
    "compare-finished": (("classic",), ()),
    "compare-cause": (("story",), ("down",)),
    "compare-diverged": (("diverged",), ()),
    "compare-failed": (("failed",), ()),
    "compare-killed": (("killed",), ()),
    "curves-empty": ((), ("2",)),
    "curves-seeds": (("seeds",), ("2", "w", "right", "right_square_bracket")),
    "curves-smoothed": (("classic",), ("2", "x", "x", "down", "enter", "plus")),
    "curves-accuracy": (("seeds",), ("2", "m", "m")),
    "layers-empty": (("classic",), ("3",)),
    "layers-histograms": (("inspected",), ("3", "v", "v", "down")),
    "layers-findings": (("inspected",), ("3",)),
    "layers-side-by-side": (("inspected",), ("3", "l")),
    "layers-variance": (("inspected",), ("3", "v", "v", "v", "v")),
    "runs-empty": ((), ("4",)),
    "runs-filled": (("seeds", "diverged", "interrupted", "running", "failed"), ("4", "space")),
    "runs-delete": (("classic",), ("4", "d")),
    "lessons": ((), ("5",)),
    "lessons-other": ((), ("5", "end", "tab", "down")),
    "help": ((), ("question_mark",)),
    "quit-question": (("running",), ("q",)),
}


def steps(keys: Sequence[str]) -> Callable[[Pilot[None]], object]:
    """Return what presses the keys; a number goes to another screen, which takes a moment."""

    async def press(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            if key.isdigit():
                await settle(pilot)
        pilot.app.clear_notifications()  # they go by the real clock
        await settle(pilot)

    return press


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_screen(
    state: str, size: str, shelf: Shelf, make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    runs, keys = STATES[state]
    opened = shelf.put(*runs) if runs else None
    app = make_app(
        attach=opened if state.startswith(("compare", "curves", "layers-", "quit")) else None
    )
    assert snap_compare(app, terminal_size=SIZES[size], run_before=steps(keys))


LOOKS = {
    "light": {"theme": "inittui-light"},
    "no-colour": {"no_color": True},
    "ascii": {"ascii_only": True, "marker": "ascii"},
    "sixteen-colours": {"few_colors": True},
}


LOOKED_AT = (
    "compare-first-start", "compare-finished", "runs-filled", "curves-seeds", "layers-variance",
    "lessons",
)  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", LOOKED_AT)
def test_look(
    look: str,
    state: str,
    shelf: Shelf,
    make_app: MakeApp,
    snap_compare: SnapCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if look == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")  # Textual takes it from the environment itself
    runs, keys = STATES[state]
    opened = shelf.put(*runs) if runs else None
    app = make_app(attach=None if state == "runs-filled" else opened, **LOOKS[look])
    assert snap_compare(app, run_before=steps(keys))


def test_a_small_terminal_is_told_what_is_needed(
    make_app: MakeApp, snap_compare: SnapCompare
) -> None:
    assert snap_compare(make_app(), terminal_size=(59, 17), run_before=steps(()))
