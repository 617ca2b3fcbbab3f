"""Modules that typer's help imports but doesn't use: loaded when one of their names is.

`typer.rich_utils` imports rich's Markdown renderer and its tracebacks; our help is in rich's own
markup, and errors are ours. With this, ``inittui --help`` takes 98 ms, 1.9 times ``import typer,
rich`` (51 ms); without it 135 ms, 2.7 times, where 2.5 is the limit. (Medians of 30 interleaved
rounds, two cores, Python 3.11. From Python 3.15 on, lazy imports of the language do the same,
PEP 810.)
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any


def load_help() -> None:
    """Import what renders typer's help, without what only its other formats need."""
    with deferred("rich.markdown", "rich.traceback"):
        importlib.import_module("typer.rich_utils")


@contextmanager
def deferred(*modules: str) -> Iterator[None]:
    """Let imports from modules that are not loaded yet give stand-ins, each loaded at first use."""
    stand_ins = {name: _StandIn(name) for name in modules if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> _Deferred:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Deferred(self.__name__, name)


@dataclass(frozen=True, slots=True)
class _Deferred:
    module: str
    name: str

    def _load(self) -> Any:
        return getattr(importlib.import_module(self.module), self.name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._load()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load(), name)

    def __or__(self, other: object) -> object:
        """Stand in annotations such as ``Markdown | Text``."""
        return other

    __ror__ = __or__
