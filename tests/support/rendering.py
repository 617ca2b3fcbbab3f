"""Views as text, drawn the same way on every machine."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def render(
    view: RenderableType, width: int, *, color: bool | str = False, wrap: bool = False
) -> str:
    """Return what a terminal of this width gets, with escape codes or without.

    True colour, where no other system is named: rich keeps the codes that a style got first.
    """
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        height=24,
        force_terminal=bool(color),
        color_system=("truecolor" if color is True else color) or None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.print(view, soft_wrap=not wrap)
    return file.getvalue()
