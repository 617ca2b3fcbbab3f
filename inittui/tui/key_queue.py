"""Keys typed ahead: each is given out when what the one before it did has been done.

Textual gives a key to the widget that has the focus when the key arrives. On a slow line several
keys arrive at once, and those behind one that opens a dialog or moves the focus would go to the
widget that was left.

Textual has no interface for this: `KeyQueue` overrides `App.on_event`, and counts on messages to a
widget being dealt with in their order. Tested with Textual 8.2.0 and 8.2.8.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

_ROUNDS = 4
"""Times that a message follows a key's way, each behind what the time before has set off: the key
posts a message, whose handler asks for the focus, which the app then sets."""

_MOST_ROUNDS = 12

LONGEST_SECONDS = 1.0
"""After that without a round a key is taken to be lost, with the widget that it went to."""

_LOOKS = 4
"""Times that is looked for a round in that time: a busy machine may stop the whole process for as
long, and only then is all that waits in it dealt with."""


@dataclass(eq=False)
class _Given:
    target: MessagePump
    seen: tuple[object, object]
    """The screen and the focus, when they were looked at last."""
    rounds: int = 0
    quiet: int = 0
    """Rounds since they changed."""


class Done(Message):
    """Follows a key from the widget it was given to up to the app, so it comes after the key."""

    def __init__(self, given: _Given) -> None:
        super().__init__()
        self.given = given


class KeyQueue(App[None]):
    """An app in which keys, pasted text and clicks keep their order, whatever they do."""

    _given: _Given | None = None

    def __init__(self, *, longest_seconds: float = LONGEST_SECONDS, **options: Any) -> None:
        super().__init__(**options)
        self._waiting: deque[events.Event] = deque()
        self._longest_seconds = longest_seconds

    async def on_event(self, event: events.Event) -> None:
        """Hold what is typed or clicked while the key before it is being dealt with."""
        is_key = isinstance(event, (events.Key, events.Paste))
        is_held = is_key or (isinstance(event, events.InputEvent) and self._given is not None)
        if not is_held or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if self._given is None:
            await self._give()
        elif len(self._waiting) == 1:
            self._look_later(self._given, 1)

    async def _give(self) -> None:
        """Give out what waits, up to the first key."""
        self._given = None
        while self._waiting and self._given is None:
            event = self._waiting.popleft()
            if isinstance(event, (events.Key, events.Paste)):
                self._given = _Given(self.focused or self.screen, (self.screen, self.focused))
            await super().on_event(event)
        if self._given is not None:
            self._follow(self._given)

    def _follow(self, given: _Given) -> None:
        """Go the key's way once more; at last that of the next key."""
        now = self.focused or self.screen
        target = given.target if given.rounds < _ROUNDS - 1 else now
        if not target.post_message(Done(given)) and not now.post_message(Done(given)):
            self.call_later(self._look, given)

    def on_done(self, message: Done) -> None:
        """Look what has come of the key, once the focus that it asked for has been set."""
        message.stop()
        self.call_later(self._look, message.given)

    async def _look(self, given: _Given) -> None:
        if given is not self._given:
            return
        now = (self.screen, self.focused)
        given.rounds += 1
        given.quiet = given.quiet + 1 if now == given.seen else 0
        given.seen = now
        if given.rounds >= _MOST_ROUNDS or (given.rounds >= _ROUNDS and given.quiet > 1):
            await self._give()
        else:
            self._follow(given)

    def _look_later(self, given: _Given, times: int) -> None:
        look = partial(self._give_lost, given, given.rounds, times)
        self.set_timer(self._longest_seconds / _LOOKS, look)

    async def _give_lost(self, given: _Given, rounds: int, times: int) -> None:
        """Go on where the last key took everything with it, the widget it was given to included."""
        if given is self._given and given.rounds == rounds and times >= _LOOKS:
            await self._give()
        if self._waiting and self._given is not None:
            is_quiet = given is self._given and given.rounds == rounds
            self._look_later(self._given, times + 1 if is_quiet else 1)
