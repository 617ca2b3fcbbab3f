"""The screens, one to a file; each is loaded when it is gone to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from textual.screen import Screen

_CLASSES = {
    "compare": "CompareScreen",
    "curves": "CurvesScreen",
    "layers": "LayersScreen",
    "runs": "RunsScreen",
    "lessons": "LessonsScreen",
}


def _loader(place: str, name: str) -> Callable[[], Screen[Any]]:
    def load() -> Screen[Any]:
        screen: Screen[Any] = getattr(import_module(f"inittui.tui.screens.{place}"), name)()
        return screen

    return load


SCREENS: Mapping[str, Callable[[], Screen[Any]]] = {
    place: _loader(place, name) for place, name in _CLASSES.items()
}
