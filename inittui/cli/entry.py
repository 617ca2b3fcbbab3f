"""The `inittui` command: straight to the UI where nothing else is asked, else to the command line.

Loading the command line's options takes a third of the time to the UI's first screen.
"""

from __future__ import annotations


def main() -> None:
    """Run the UI or the command line, and exit with an `ExitCode`."""
    from inittui.cli.interrupt import end_at_once, raise_on_signals, was_asked

    try:
        raise_on_signals()  # before anything that takes long to import
        _run()
    except BaseException as error:
        if was_asked() and not isinstance(error, SystemExit):
            end_at_once()
        raise


def _run() -> None:
    import sys

    from inittui.errors import InittuiError
    from inittui.tui.terminal import is_terminal

    if len(sys.argv) > 1 or not is_terminal():
        from inittui.cli.main import main as command_line

        command_line()
        return
    from inittui.tui.start import start

    try:
        sys.exit(start())
    except InittuiError as error:
        print(f"inittui: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
