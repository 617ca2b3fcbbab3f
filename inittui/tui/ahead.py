"""Keys typed ahead: each is given out when what the one before it did has been done.

Textual gives a key to the widget that has the focus when the key arrives. On a slow line several
keys arrive at once, and those behind one that opens a dialog or moves the focus would go to the
widget that was left.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen

_LONGEST_SECONDS = 1.0
"""After that a key is taken to be lost, with the widget that it went to."""


class Done(Message):
    """Follows a key from the widget it was given to up to the app, so it comes after the key."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.screen = screen


class TypedAhead(App[None]):
    """An app in which typed and pasted text keeps its order, whatever it does to the focus."""

    _given_at: float | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._waiting: deque[events.Key | events.Paste] = deque()

    async def on_event(self, event: events.Event) -> None:
        """Hold what is typed while the key before it is being dealt with."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._given_at is not None and time.monotonic() - self._given_at < _LONGEST_SECONDS:
            self._waiting.append(event)
            if len(self._waiting) == 1:
                self.set_timer(_LONGEST_SECONDS, self._give_lost)
        else:
            self._waiting.append(event)
            await self._give()

    async def _give(self) -> None:
        if not self._waiting:
            self._given_at = None
            return
        self._given_at = time.monotonic()
        screen = self.screen
        target = self.focused or screen
        await super().on_event(self._waiting.popleft())
        if not target.post_message(Done(screen)):
            self.call_later(self._after, screen)

    def on_done(self, message: Done) -> None:
        """Go on, once the focus that the key asked for has been set."""
        message.stop()
        self.call_later(self._after, message.screen)

    async def _after(self, screen: Screen[Any]) -> None:
        opened = self.screen
        if opened is not screen and opened.call_later(self.call_later, self._give):
            return  # it chooses who gets the keys first
        await self._give()

    async def _give_lost(self) -> None:
        """Go on where the last key took everything with it, the widget it was given to included."""
        if not self._waiting or self._given_at is None:
            return
        if time.monotonic() - self._given_at >= _LONGEST_SECONDS:
            await self._give()
        self.set_timer(_LONGEST_SECONDS, self._give_lost)
