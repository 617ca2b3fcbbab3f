"""Keys: each is declared once, beside the action it starts, and named for keymap and help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from textual.binding import Binding

from inittui.errors import nearest
from inittui.text import sanitize


def key(
    keys: str, name: str, action: str, label: str, meaning: str, *, footer: bool = False
) -> Binding:
    """Declare a key.

    ``keys`` are in Textual's words; several, divided by commas, do the same. By ``name``,
    "screen.action", settings give it another key. The footer has ``label``, the help ``meaning``.
    """
    return Binding(keys, action, label, show=footer, tooltip=meaning, id=name)


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    home: str
    """Module and class whose BINDINGS are listed."""

    def bindings(self) -> list[Binding]:
        """Return the declared bindings, those that Textual's own classes bring along left out."""
        module, _, name = self.home.partition(":")
        declared = getattr(import_module(module), name).__dict__.get("BINDINGS", ())
        return [binding for binding in declared if isinstance(binding, Binding)]


SECTIONS = (
    Section("Everywhere", "inittui.tui.app:LabApp"),
    Section("Compare", "inittui.tui.screens.compare:CompareScreen"),
    Section("Lists", "inittui.tui.widgets.row_list:RowList"),
    Section("Compare: list of initializers", "inittui.tui.widgets.picker:PickerList"),
    Section("Compare: settings", "inittui.tui.widgets.form:Form"),
    Section("Compare: a setting", "inittui.tui.widgets.form:FieldLine"),
    Section("Lines to type in", "inittui.tui.widgets.form:WordsLine"),
    Section("Curves", "inittui.tui.screens.curves:CurvesScreen"),
    Section("Charts", "inittui.tui.widgets.curves_panel:CurvesPanel"),
    Section("Contestants", "inittui.tui.widgets.leaderboard:Leaderboard"),
    Section("Layers", "inittui.tui.screens.layers:LayersScreen"),
    Section("Pages", "inittui.tui.widgets.scroll_page:ScrollPage"),
    Section("Runs", "inittui.tui.screens.runs:RunsScreen"),
    Section("Lessons", "inittui.tui.screens.lessons:LessonsScreen"),
    Section("Map of two sweeps", "inittui.tui.screens.map:MapScreen"),
    Section("Map: its cells", "inittui.tui.screens.map:MapPage"),
    Section("Check", "inittui.tui.screens.check:CheckScreen"),
    Section("Help", "inittui.tui.screens.help:HelpScreen"),
    Section("Questions", "inittui.tui.screens.dialogs:Dialog"),
    Section("Questions for a text", "inittui.tui.screens.dialogs:Prompt"),
)


def all_bindings() -> Iterator[tuple[Section, Binding]]:
    for section in SECTIONS:
        for binding in section.bindings():
            yield section, binding


def check_keymap(keymap: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the part of a person's keymap that can be used, and one line on the rest."""
    names = [binding.id for _, binding in all_bindings() if binding.id]
    good = {name: keys for name, keys in keymap.items() if name in names and keys.strip(", ")}
    bad = [name for name in keymap if name not in good]
    if not bad:
        return good, ""
    shown = sanitize(bad[0], 40)
    return good, f"keymap: there is no action '{shown}'{nearest(shown, names)}"


_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "escape": "esc",
    "enter": "enter",
    "delete": "del",
    "backspace": "⌫",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
_ASCII_NAMES = {"left": "left", "right": "right", "up": "up", "down": "down", "backspace": "bksp"}


def shown_key(keys: str, *, ascii_only: bool = False, first_only: bool = False) -> str:
    """Return keys as they are written for people: "ctrl+p" is ^p, "question_mark" is ?."""
    parts = [part.strip() for part in keys.split(",") if part.strip()]
    if first_only:
        parts = parts[:1]
    return " ".join(_shown(part, ascii_only) for part in parts)


def _shown(key_name: str, ascii_only: bool) -> str:
    *modifiers, last = key_name.split("+") if len(key_name) > 1 else [key_name]
    names = {**_NAMES, **_ASCII_NAMES} if ascii_only else _NAMES
    last = names.get(last, last)
    short = {"ctrl": "^", "shift": "shift+", "alt": "alt+"}
    return "".join(short.get(m, f"{m}+") for m in modifiers) + last


def in_footer(bindings: Iterable[Binding]) -> list[Binding]:
    """Return the bindings that the footer shows, each action once."""
    shown: dict[str, Binding] = {}
    for binding in bindings:
        if binding.show and binding.action not in shown:
            shown[binding.action] = binding
    return list(shown.values())
