"""Random keys on every screen, two thousand in the long form: nothing crashes, nothing hangs."""

from __future__ import annotations

import asyncio
import random

import pytest

from inittui.tui.app import LabApp
from inittui.tui.keymap import all_bindings
from tests.support.torture import examples
from tests.support.tui_shelf import MakeApp, Shelf, settle

KEYS_EACH = examples(200)
BATCH = 40
"""Keys between two waits for the screen."""

NEVER = {"q", "ctrl+q", "o", "t"}
"""What leaves the screen under test for good; and the other theme, which comes now and then."""

SECONDS = 30.0


def keys() -> list[str]:
    """Return every key that is declared, and some that are typed."""
    declared = {
        key.strip()
        for _, binding in all_bindings()
        for key in binding.key.split(",")
        if key.strip()
    }
    typed = [*"abcxyz079.,:=/", "backspace", "tab", "shift+tab", "ctrl+p", "escape", "enter"]
    return sorted((declared | set(typed)) - NEVER)


@pytest.mark.parametrize("place", ["1", "2", "3", "4", "5"])
def test_random_keys(
    place: str, shelf: Shelf, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process(*_: object, **__: object) -> None:
        raise OSError("no process is started in this test")

    shelf.launch = no_process  # type: ignore[assignment]
    # The palette offers to leave, too: the keys that follow would find no screen.
    monkeypatch.setattr(LabApp, "exit", lambda *_, **__: None)
    shelf.put("classic", "seeds", "diverged")
    opened = shelf.put("inspected")
    source = random.Random(f"monkey {place}")
    pool = [key for key in keys() if not (key.isdigit() and key != place)]

    async def run() -> None:
        app = make_app(attach=opened)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press(place)
            for batch in range(KEYS_EACH // BATCH):
                if batch % 5 == 4:
                    app.simulate_key("t")
                for _ in range(BATCH):
                    app.simulate_key(source.choice(pool))
                    await asyncio.sleep(0)
                await pilot.pause()
            assert app._exception is None
            assert app.is_running

    asyncio.run(asyncio.wait_for(run(), SECONDS * 4))
