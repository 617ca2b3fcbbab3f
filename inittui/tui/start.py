"""From options and settings to a running UI."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from inittui.errors import UsageError, unknown
from inittui.runs import find_run, runs_root
from inittui.runs.directory import RUNS_VARIABLE
from inittui.text import sanitize
from inittui.tui.settings import Loaded, load_settings, settings_file
from inittui.tui.terminal import FASTEST, SLOWEST, drop_empty_no_color, here, is_dumb


def start(
    *,
    attach_to: str | None = None,
    fps: float | None = None,
    mouse: bool = True,
    theme: str | None = None,
    runs_dir: Path | None = None,
) -> int:
    """Run the UI until it is left; return the exit code.

    Raises:
        UsageError: the terminal can't show it, or there is no such run, theme or rate.
    """
    if is_dumb(os.environ):
        raise UsageError(_on_dumb(os.environ["TERM"], attach_to))
    if fps is not None and not SLOWEST <= fps <= FASTEST:
        raise UsageError(f"--fps must be from {SLOWEST:g} to {FASTEST:g}, not {fps:g}")
    drop_empty_no_color(os.environ)
    path = settings_file()
    loaded = load_settings(path)
    settings = loaded.settings
    root = _root(runs_dir, loaded)
    terminal = here(settings.marker, fps if fps is not None else settings.fps)
    attach = find_run(root, attach_to) if attach_to is not None else None

    from inittui.tui.app import LabApp
    from inittui.tui.open_runs import OpenRuns

    app = LabApp(
        open_runs=OpenRuns(root, settings.palette),
        terminal=terminal,
        loaded=loaded,
        settings_path=path,
        theme=theme,
        attach=attach,
    )
    if theme is not None and theme not in app.available_themes:
        raise unknown("theme", theme, app.available_themes)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        # With Python's own handler asyncio ends the app in order; others would raise in its midst.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    app.run(mouse=mouse and settings.mouse)
    return app.return_code or 0


def _on_dumb(term: str, attach_to: str | None) -> str:
    plain = "inittui compare" if attach_to is None else f"inittui runs show {attach_to}"
    return (
        f"this terminal can't show a screen, as TERM is '{sanitize(term, 40)}'; set it to what "
        f"the terminal is, such as xterm-256color, or use '{plain}', which prints plain text"
    )


def _root(option: Path | None, loaded: Loaded) -> Path:
    """Return where runs are kept: option, environment, settings, else the user's data."""
    kept = loaded.settings.runs_dir
    if option is None and kept and not os.environ.get(RUNS_VARIABLE):
        option = Path(kept)
    return runs_root(option)
