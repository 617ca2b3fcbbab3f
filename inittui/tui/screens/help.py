"""The help: every key that is declared, first those of the screen that one comes from."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from inittui.tui.host import host_of
from inittui.tui.keymap import SECTIONS, Section, key, shown_key
from inittui.tui.screens.dialogs import Modal
from inittui.tui.widgets.scroll_page import ScrollPage
from inittui.views.frame import legible

_NOTES = (
    "'1st' stands beside the best of a run that has ended, where seeds leave no doubt or nobody "
    "else learns; 'top' beside the highest accuracy so far of what hasn't diverged, which no test "
    "bears out.",
    "Copying goes through the terminal (OSC 52), so it works over SSH where the terminal allows "
    "it.",
    "SSH drops COLORTERM, which leaves 256 colours; 'export COLORTERM=truecolor' there gives all "
    "of them back where the terminal has them.",
    "Should a single Escape come twice on a slow line, set ESCDELAY=200 (milliseconds).",
    "Should the terminal print rubbish when the mouse moves after a lost connection, type "
    "'reset'; 'inittui --no-mouse' leaves the mouse alone.",
)

_MOUSE = {
    "click": "Go to a screen, a row, a setting or a cell of a map; press a key at the bottom, or "
    "one that a line names, as '(3)' does; sort by a title of a table; read off a chart at the "
    "step under it.",
    "again": "Where the cursor is: open the run or the cell, highlight the contestant, tick the "
    "initializer, or give the setting its next value.",
    "beside": "Beside what lies above a screen, or on its title: close it.",
    "drag": "Read off a chart all along.",
    "wheel": "Zoom the steps of a chart, or go through a list or a page.",
}
"""What the mouse does, where there is one that the terminal tells of."""

_KEYS = 13
"""Columns that keys have."""

_TWO_FROM = 110
"""Columns from which sections stand beside each other."""


class HelpScreen(Modal[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,q,question_mark,f1", "help.close", "close", "Close", "Close the help."),
    ]

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Static("Keys  (esc closes)", id="help-title", classes="closes", markup=False)
            yield ScrollPage()

    def on_mount(self) -> None:
        page = self.query_one(ScrollPage)
        page.show(self.page, "help")
        page.focus()

    def page(self, width: int) -> Group:
        """Return all sections, in two columns where both are wide enough."""
        sections = [
            Group(Text(section.title, "bold"), self._table(section), Text())
            for section in sorted(SECTIONS, key=self._rank)
            if section.bindings()
        ]
        sections.append(Group(Text("Mouse", "bold"), _of_the_mouse(), Text()))
        if width >= _TWO_FROM:
            both = Table.grid(padding=(0, 3, 0, 0), expand=True)
            both.add_column(ratio=1)
            both.add_column(ratio=1)
            both.add_row(Group(*sections[::2]), Group(*sections[1::2]))
            sections = [Group(both)]
        return Group(*sections, Text("\n".join(_NOTES), "dim"))

    def _rank(self, section: Section) -> int:
        here = section.title.lower().startswith(self._place)
        shared = self._place in ("compare", "curves") and section.title in ("Charts", "Contestants")
        return 0 if here else 1 if shared else 2

    def _table(self, section: Section) -> Table:
        host = host_of(self)
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(width=_KEYS, style="bold")
        table.add_column(ratio=1)
        table.add_column(style="dim", no_wrap=True)
        for binding in section.bindings():
            name = binding.id or ""
            keys = host.lab_keymap.get(name, binding.key)
            shown = shown_key(keys, ascii_only=host.terminal.ascii_only)
            said = legible(binding.tooltip, host.terminal.ascii_only)
            table.add_row(shown, said, name)
        return table

    def action_close(self) -> None:
        self.dismiss()


def _of_the_mouse() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=_KEYS, style="bold")
    table.add_column(ratio=1)
    for what, said in _MOUSE.items():
        table.add_row(what, said)
    return table
