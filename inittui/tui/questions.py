"""The questions that are asked from everywhere: what becomes of live runs, whose code is run."""

from __future__ import annotations

from collections.abc import Sequence

from inittui.text import sanitize
from inittui.tui.open_run import OpenRun
from inittui.tui.screens.dialogs import Answer, Dialog


def about_leaving(live: Sequence[OpenRun]) -> Dialog:
    """Ask what becomes of live runs when the UI is left: "go", "stop" or "stay"."""
    names = " and ".join(run.title for run in live[:3])
    verb = "is" if len(live) == 1 else "are"
    answers = [
        Answer("g", "Let it go on", "go"),
        Answer("s", "Stop it", "stop"),
        Answer("c", "Stay here", "stay"),
    ]
    details = "inittui shows it live again when you come back; nothing that was measured is lost."
    return Dialog(f"{names} {verb} still training.", answers, details)


def about_code(code: Sequence[str]) -> Dialog:
    """Ask whether code that an experiment names may be run: "yes" or "no"."""
    names = ", ".join(sanitize(name, 60) for name in code[:3])
    answers = [Answer("n", "Don't", "no"), Answer("y", "Run it", "yes")]
    details = "It can do on this machine whatever you can."
    return Dialog(f"This imports and runs {names}. Do you trust it?", answers, details)
