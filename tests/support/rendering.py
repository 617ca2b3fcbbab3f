"""Views as text, drawn the same way on every machine."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def render(view: RenderableType, width: int, *, color: bool = False) -> str:
    """Return what a terminal of this width gets, with escape codes or without.

    All tests use true colour: rich keeps the codes that a style got the first time.
    """
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        height=24,
        force_terminal=color,
        color_system="truecolor" if color else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.print(view, soft_wrap=True)
    return file.getvalue()
