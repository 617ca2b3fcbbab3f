"""Draw the README's pictures from recorded logs: `python -m tests.support.pictures`."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from inittui.views.frame import Frame
from inittui.views.report import compare_report
from tests.support.runs import run_state

PICTURES = Path(__file__).resolve().parents[2] / "snapshots/pictures"
WIDTH = 100

SCREENS = {
    "screen-compare": "compare-finished-120x40",
    "screen-cause": "compare-cause-120x40",
    "screen-layers": "layers-side-by-side-120x40",
    "screen-runs": "runs-filled-120x40",
    "screen-lessons": "lessons-120x40",
}
"""Snapshots of the UI that the README shows, under a name that needs no quoting."""


def draw(name: str) -> str:
    """Return the report of a recorded run as SVG."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor",
        highlight=False, legacy_windows=False,
    )  # fmt: skip
    console.print("$ inittui compare", style="bold", markup=False)
    console.print(compare_report(run_state(name), Frame(width=WIDTH)))
    return console.export_svg(title="inittui", theme=MONOKAI, unique_id="inittui")


def screen(name: str) -> str:
    """Return a snapshot of the UI."""
    folder = PICTURES.parent / "tui" / "test_screens"
    return (folder / f"test_screen[{SCREENS[name]}].svg").read_text(encoding="utf-8")


def main() -> None:
    """Write every picture; the UI's snapshots come first."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in SCREENS:
        (PICTURES / f"{name}.svg").write_text(screen(name), encoding="utf-8")
    (PICTURES / "compare.svg").write_text(draw("classic"), encoding="utf-8")


if __name__ == "__main__":
    main()
