"""The `inittui` command: straight to the UI where nothing else is asked, else to the command line.

Loading the command line's options takes a third of the time to the UI's first screen.
"""

from __future__ import annotations

import sys

from inittui.errors import InittuiError


def main() -> None:
    """Run the UI or the command line, and exit with an `ExitCode`."""
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
