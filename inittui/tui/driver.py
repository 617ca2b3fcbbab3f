"""The terminal driver, made to bear that the terminal goes away under it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver


class _Lenient:
    """A stream whose reader may have gone.

    Textual's writer thread would end at the first error, and the UI then wait for it for ever.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def fileno(self) -> int:
        number: int = self._stream.fileno()
        return number


class LabDriver(LinuxDriver):
    """Ends the app, without a word, when its terminal can't be read or written any more."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = _Lenient(self._file)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:  # the terminal was closed: reading from it fails with EIO
            self._app.call_later(self._app.exit)


def driver_class() -> type[Driver] | None:
    """Return the driver for this system; None: Textual's own choice."""
    if os.name != "posix" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    return LabDriver
