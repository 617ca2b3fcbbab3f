"""The screens, one to a file; each is loaded when it is gone to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual.screen import Screen


def _compare() -> Screen[Any]:
    from inittui.tui.screens.compare import CompareScreen

    return CompareScreen()


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


SCREENS: Mapping[str, Callable[[], Screen[Any]]] = {
    "compare": _compare,
    "curves": _curves,
    "layers": _layers,
    "runs": _runs,
    "lessons": _lessons,
}
"""What makes each of them."""
