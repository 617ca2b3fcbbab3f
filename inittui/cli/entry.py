"""The `inittui` command: straight to the UI where nothing else is asked, else to the command line.

Loading the command line's options takes a third of the time to the UI's first screen.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as `inittui` has it

if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the UI or the command line, and exit with an `ExitCode`.

    Signals that ask to stop are held from the first line until there is who hears them, and heard
    until the process has no more to do: at no moment does one end in Python's own traceback or in
    a death by signal after the work was done.
    """
    import _signal  # type: ignore[import-not-found]  # 10 ms sooner than what `signal` adds to it

    _signal.pthread_sigmask(_signal.SIG_BLOCK, (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP))
    from inittui.cli.interrupt import (
        end_at_once,
        end_on_signals,
        last_of_all_end,
        raise_on_signals,
        was_asked,
    )

    try:
        last_of_all_end()
        raise_on_signals()
        try:
            _run()
        except SystemExit as end:
            end_on_signals(end.code)
            raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) or (
            was_asked() and not isinstance(error, SystemExit)
        ):
            end_at_once()
        raise


def _run() -> NoReturn:
    import sys

    from inittui.errors import InittuiError
    from inittui.tui.terminal import is_terminal

    if len(sys.argv) > 1 or not is_terminal():
        from inittui.cli.main import main as command_line

        command_line()
    from inittui.tui.start import start

    try:
        sys.exit(start())
    except InittuiError as error:
        print(f"inittui: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
