"""A drawing may come at any moment: while widgets are made, while they are taken down."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.message import Message
from textual.message_pump import MessagePump
from textual.messages import Prune

from inittui.tui.app import LabApp
from tests.support.tui_shelf import MakeApp, Shelf, settle

MADE_OR_TAKEN_DOWN = (
    events.Compose,
    events.Mount,
    events.Ready,
    events.Resize,
    events.ScreenResume,
    events.ScreenSuspend,
    events.Unmount,
    Prune,
)


@pytest.fixture
def draws_before_every_message(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let every app draw before each message that one of its widgets is handed."""
    drawn: list[int] = []
    dispatch = MessagePump._dispatch_message

    async def draw_first(self: MessagePump, message: Message) -> None:
        if isinstance(app := self.app, LabApp) and isinstance(message, MADE_OR_TAKEN_DOWN):
            drawn.append(len(app.screen_stack))
            app.draw()
        await dispatch(self, message)

    monkeypatch.setattr(MessagePump, "_dispatch_message", draw_first)
    return drawn


def test_what_is_made_or_taken_down_can_be_drawn(
    shelf: Shelf, make_app: MakeApp, draws_before_every_message: list[int]
) -> None:
    shelf.put("classic", "seeds", "diverged")
    opened = shelf.put("inspected")

    async def run() -> None:
        for attached in (opened, None):
            app = make_app(attach=attached)
            async with app.run_test(size=(160, 45)) as pilot:
                for key in ("2", "3", "4", "enter", "5", "6", "1", "v", "v", "M", "t", "2", "f1"):
                    await pilot.press(key)
                await settle(pilot)
            assert app._exception is None

    asyncio.run(run())
    assert len(draws_before_every_message) > 100
