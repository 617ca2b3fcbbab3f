"""What is deferred is the real thing once it is used, and doesn't stay in anybody's way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from inittui.cli.deferred import deferred
from tests.support.commands import python


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "inittui_late.py").write_text(
        "class Box:\n    limit = 3\n    def __init__(self, value): self.value = value\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "inittui_late", raising=False)
    return "inittui_late"


def test_a_deferred_name_is_loaded_when_it_is_used(module: str) -> None:
    with deferred(module):
        from inittui_late import Box  # pyright: ignore[reportMissingImports]

        assert (Box | str) is str  # in an annotation
        assert (str | Box) is str
    assert module not in sys.modules
    assert Box(7).value == 7
    assert Box.limit == 3
    assert type(Box(7)) is sys.modules[module].Box


def test_a_name_that_is_not_there_is_an_error_at_its_first_use(module: str) -> None:
    with deferred(module):
        from inittui_late import Missing  # pyright: ignore[reportMissingImports]
    with pytest.raises(AttributeError, match="Missing"):
        Missing()


def test_a_loaded_module_stays_what_it_is(module: str) -> None:
    real = __import__(module)
    with deferred(module):
        from inittui_late import Box  # pyright: ignore[reportMissingImports]
    assert Box is real.Box
    assert sys.modules[module] is real


def test_typer_s_help_can_still_draw_markdown_after_it_was_deferred() -> None:
    code = """
import sys, typer
from inittui.cli.deferred import load_help
load_help()
app = typer.Typer(rich_markup_mode="markdown", add_completion=False)
@app.command()
def main(): "Some *leaning* words."
assert "rich.markdown" not in sys.modules
sys.argv = ["x", "--help"]
app()
"""
    process = python(code)
    assert "Some leaning words." in process.stdout
