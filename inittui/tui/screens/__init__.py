"""The screens, one to a file; all but the first are loaded when they are gone to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual.screen import Screen


def _curves() -> Screen[Any]:
    from inittui.tui.screens.curves import CurvesScreen

    return CurvesScreen()


def _layers() -> Screen[Any]:
    from inittui.tui.screens.layers import LayersScreen

    return LayersScreen()


def _runs() -> Screen[Any]:
    from inittui.tui.screens.runs import RunsScreen

    return RunsScreen()


def _lessons() -> Screen[Any]:
    from inittui.tui.screens.lessons import LessonsScreen

    return LessonsScreen()


LATER: Mapping[str, Callable[[], Screen[Any]]] = {
    "curves": _curves,
    "layers": _layers,
    "runs": _runs,
    "lessons": _lessons,
}
"""What makes each of them."""
