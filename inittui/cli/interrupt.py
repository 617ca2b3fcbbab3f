"""Signals that ask to stop: Ctrl-C, `kill`, a terminal that is closed.

Once ends a command in order, twice at once. Whoever started it is told by an exit code of 128 plus
the signal's number, as shells count.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

TYPE_CHECKING = False  # as `inittui` has it

if TYPE_CHECKING:
    from typing import NoReturn

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_AGAIN_SECONDS = 0.01

_received: list[int] = []
"""The first signal that asked this process to stop, as signals are a process's."""

_ends_with: list[int] = []
"""The exit code of a process whose work is done, once it is known."""


def stop_code() -> int:
    """Return the exit code of a process that was asked to stop, or was and doesn't know how."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def was_asked() -> bool:
    """Whether a signal asked this process to stop."""
    return bool(_received)


def end_at_once(code: int | None = None) -> NoReturn:
    """End without waiting for threads that are in the middle of a step."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            stream.flush()
    os._exit(stop_code() if code is None else code)


def raise_on_signals() -> None:
    """Let the signals raise `KeyboardInterrupt`, so that what is open is closed.

    What was to be ignored, as `nohup` and shells want it for jobs behind, stays so.
    """
    for number in _STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _raise)
    sys.unraisablehook = _raise_again
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)  # whoever started us may have held them


def end_on_signals(code: object) -> None:
    """Let the signals end a process whose work is done, and its code known, as it would end."""
    status = code if isinstance(code, int) else 0
    if not isinstance(code, str):  # which Python has yet to print
        _ends_with.append(status)
    for number in _STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: end_at_once(status))


def last_of_all_end() -> None:
    """Let no signal kill the process while Python takes itself apart, without handlers of its own.

    Nor let it do so where torch is loaded: that takes a third of a second, of every command, and
    what it frees the system takes back by itself. To be called first: what is registered first is
    done last, after all threads have ended and temporary files are gone.
    """
    atexit.register(_end)


def _end() -> None:
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)
    if _ends_with and "torch" in sys.modules:
        end_at_once(_ends_with[-1])


def _raise(number: int, _frame: FrameType | None) -> None:
    if _is_first(number):
        _raise_once_loaded()


def _raise_once_loaded() -> None:
    """Raise as soon as torch is loaded, if it is being loaded.

    It calls Python from C++ meanwhile, and what is raised there aborts the process.
    """
    if not _is_loading_torch():
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, lambda _number, _frame: _raise_once_loaded())
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


def _is_loading_torch() -> bool:
    loaded = [module for name, module in list(sys.modules.items()) if name.startswith("torch")]
    specs = [getattr(module, "__spec__", None) for module in loaded]
    return any(getattr(spec, "_initializing", False) for spec in specs)


def _is_first(number: int) -> bool:
    """Note a signal; a second one ends the process.

    But a terminal that is closed sends SIGHUP twice, once by itself and once by its shell.
    """
    if not _received:
        _received.append(number)
        return True
    if number != signal.SIGHUP:
        os._exit(stop_code())
    return False


def _raise_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Raise once more what came in a callback, of imports above all, where it is dropped."""
    if not (_received and isinstance(unraisable.exc_value, KeyboardInterrupt)):
        sys.__unraisablehook__(unraisable)
        return
    number = _received.pop()
    signal.signal(signal.SIGALRM, lambda _number, frame: _raise(number, frame))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


@contextmanager
def orderly_stop(*, saves: bool = False) -> Iterator[Callable[[], bool]]:
    """Give a function that says whether the process was asked to stop.

    That it was heard is told at once: where it ``saves`` first, the checkpoint of many trials takes
    minutes. A second signal ends the process. Outside the main thread signals are left alone.
    """
    import threading

    from inittui.cli.console import note

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if _is_first(number):
            first = ", a checkpoint is written first" if saves else ""
            again = "; press Ctrl-C again to end at once" if number == signal.SIGINT else ""
            with suppress(RuntimeError):  # it has come in the middle of another line
                note(f"stopping{first}{again}")

    if threading.current_thread() is not threading.main_thread():
        yield was_asked
        return
    before = {
        number: signal.signal(number, on_signal)
        for number in _STOPPING
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield was_asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
