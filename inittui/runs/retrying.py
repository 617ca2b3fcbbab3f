"""A run's log on a disk that may be full for a time: what can't be written waits in memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from inittui.events.records import Event, RunEnded, encode
from inittui.runs.writer import LogWriteError, LogWriter

MOST_WAITING_BYTES = 32 * 2**20
"""Of encoded events that wait; what comes after them is lost. The loss of 100 trials takes 20
bytes a step each, so these are 16,000 steps."""

RETRY_SECONDS = 1.0

_AT_ONCE = 256
"""Events written in one piece: where there is a little room, a part of what waits goes there."""


class RetryingWriter:
    """Writes a log as far as the disk takes it; never raises for what it doesn't take."""

    def __init__(
        self,
        log: LogWriter,
        *,
        most: int = MOST_WAITING_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._most = most
        self._clock = clock
        self._waiting: deque[tuple[Event, int]] = deque()
        self._bytes = 0
        self._is_full = False
        self._tried = 0.0
        self._news: list[str] = []
        self._trouble: LogWriteError | None = None
        self.lost = 0
        """Events that are not in the log and never will be."""
        self.failure: LogWriteError | None = None
        """Why not all events are in the log; None where all are."""

    def write(self, event: Event) -> None:
        """Append an event, or keep it until there is room."""
        is_last = isinstance(event, RunEnded)
        if self._trouble and (is_last or self._clock() - self._tried >= RETRY_SECONDS):
            self.flush()
        if self._trouble or not self._try([event]):
            self._keep(event)
        if self._trouble and is_last:
            self._news.append(self._what_is_lost())

    def flush(self) -> bool:
        """Try to write what waits; return whether nothing waits any more."""
        if self._trouble is not None and self._trouble.may_pass:
            trouble = self._trouble
            while self._waiting:
                batch = [self._waiting[i] for i in range(min(len(self._waiting), _AT_ONCE))]
                if not self._try([event for event, _ in batch]):
                    return False
                for _, size in batch:
                    self._waiting.popleft()
                    self._bytes -= size
            self._trouble = None
            self._is_full = False
            if not self.lost:
                self.failure = None
            now = self._what_is_lost() if self.lost else "what was measured meanwhile is in it now"
            self._news.append(f"for a time the log couldn't be written ({trouble.reason}); {now}")
        return self._trouble is None

    def sync(self) -> bool:
        """Wait until the disk has all events; return whether it does."""
        if not self.flush() or self.lost:
            return False
        try:
            self._log.sync()
        except LogWriteError as error:
            # What the disk forgot of what it had taken can't be told: no later try helps.
            self._fail(LogWriteError(str(error), reason=error.reason))
        return self._trouble is None

    def lacks_room(self) -> int:
        """Return the bytes that wait for room on the disk; 0 where it takes more than room."""
        trouble = self._trouble
        is_all = trouble is not None and trouble.lacks_room and not self.lost
        return self._bytes if is_all else 0

    def news(self) -> list[str]:
        """Return what the person should be told, once."""
        news, self._news = self._news, []
        return news

    def _try(self, events: list[Event]) -> bool:
        self._tried = self._clock()
        try:
            self._log.write_many(events)
        except LogWriteError as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: LogWriteError) -> None:
        if self._trouble is None:
            kept = "is kept in memory until there is room" if error.may_pass else "is not kept"
            self._news.append(f"{error}; training goes on, what it measures {kept}")
        self._trouble = self.failure = error

    def _keep(self, event: Event) -> None:
        size = len(encode(event))
        may_pass = self._trouble is not None and self._trouble.may_pass
        # Once one is lost, so are those after it: one gap in the log rather than many.
        self._is_full = self._is_full or not may_pass or self._bytes + size > self._most
        if self._is_full:
            self.lost += 1
            return
        self._waiting.append((event, size))
        self._bytes += size

    def _what_is_lost(self) -> str:
        count = self.lost + len(self._waiting)
        events = "1 event is" if count == 1 else f"{count:,} events are"
        return f"{events} missing in the log"
