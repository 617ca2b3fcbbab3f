"""Ctrl-C: once ends the run in order, twice ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from inittui.cli.console import note


@contextmanager
def orderly_stop() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether the person asked to stop (SIGINT or SIGTERM).

    A second signal raises KeyboardInterrupt. Outside the main thread signals are left alone.
    """
    asked = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        if number == signal.SIGINT:
            note("stopping; press Ctrl-C again to end at once")

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
