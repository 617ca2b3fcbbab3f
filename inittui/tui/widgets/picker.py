"""The initializers to choose from: a list with ticks, a search, and one's own parameters."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from inittui.errors import UsageError
from inittui.experiment.records import CLASSIC_SCHEMES, Experiment
from inittui.experiment.scheme import parse_syntax
from inittui.initializers import CATALOGUE, parse_scheme
from inittui.initializers.description import Description
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.widgets.form import WordsLine
from inittui.tui.widgets.outlook_line import Expectation, ExpectedHistogram, OutlookLine
from inittui.tui.widgets.row_list import RowList
from inittui.views.catalogue import initializer_summary
from inittui.views.chart.layout import shortened
from inittui.views.frame import Frame, legible


@dataclass(frozen=True, slots=True)
class Entry:
    scheme: str
    ticked: bool = False
    is_own: bool = False
    """Whether the person has typed it, with parameters."""

    @property
    def description(self) -> Description | None:
        """What the catalogue says of its weight initializer; None for what it doesn't know."""
        try:
            return CATALOGUE.get(parse_syntax(self.scheme).weights.name)
        except UsageError:  # of somebody's log
            return None


class PickerList(RowList):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("space", "picker.tick", "tick", "Tick", "Let the initializer take part, or not.",
            footer=True),
        key("enter", "picker.edit", "edit", "Parameters",
            "Type parameters, a bias initializer, or a whole scheme.", footer=True),
        key("7", "picker.classic", "classic", "Classic", "Tick the classic seven and no other."),
        key("u", "picker.none", "none", "None", "Take away all ticks."),
        key("delete,backspace", "picker.remove", "remove", "Remove",
            "Remove a scheme that you have typed."),
    ]  # fmt: skip

    tick_columns = 4

    class Changed(Message):
        """Other initializers are ticked."""

    class EditWanted(Message):
        """The person wants to type a scheme, beginning with this one."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self) -> None:
        super().__init__()
        self.entries = [Entry(name, name in CLASSIC_SCHEMES) for name in CATALOGUE]
        self._search = ""

    @property
    def ticked(self) -> list[str]:
        """The schemes that take part, in the order of the list."""
        return [entry.scheme for entry in self.entries if entry.ticked]

    @property
    def matching(self) -> list[Entry]:
        wanted = self._search.lower().replace("-", "_").split()
        return [entry for entry in self.entries if all(w in _words(entry) for w in wanted)]

    @property
    def chosen(self) -> Entry | None:
        matching = self.matching
        return matching[min(self.cursor, len(matching) - 1)] if matching else None

    def search(self, text: str) -> None:
        """Show what matches all words of a text, by name, alias or summary."""
        self._search = text
        self.reload()
        self.post_message(self.Moved())

    def tick_only(self, schemes: Iterable[str]) -> None:
        """Tick these and no others; those that aren't in the list are added."""
        wanted = list(schemes)
        self.entries = [replace(entry, ticked=entry.scheme in wanted) for entry in self.entries]
        known = {entry.scheme for entry in self.entries}
        self.entries += [Entry(scheme, True, True) for scheme in wanted if scheme not in known]
        self._changed()

    def put(self, text: str, instead_of: Entry | None = None) -> Entry:
        """Add a typed scheme, ticked, or tick it where the list has it.

        Raises:
            UsageError: it isn't one; says where it is wrong.
        """
        scheme = str(parse_scheme(text))
        known = next((entry for entry in self.entries if entry.scheme == scheme), None)
        entry = replace(known, ticked=True) if known else Entry(scheme, True, True)
        if known:
            self.entries[self.entries.index(known)] = entry
        elif instead_of is not None and instead_of.is_own and instead_of in self.entries:
            self.entries[self.entries.index(instead_of)] = entry
        else:
            place = len(self.entries)
            if instead_of in self.entries:
                place = self.entries.index(instead_of) + 1
            self.entries.insert(place, entry)
        self._changed()
        matching = self.matching
        if entry in matching:
            self.go_to(matching.index(entry))
        return entry

    def _changed(self) -> None:
        self.reload()
        self.post_message(self.Changed())

    def count(self) -> int:
        return len(self.matching)

    def identity(self, index: int) -> Hashable:
        return self.matching[index].scheme

    def heading(self, width: int) -> Text | None:
        """Return nothing: the search stands above."""
        return None

    def row(self, index: int, width: int) -> Text:
        entry = self.matching[index]
        ascii_only = host_of(self).terminal.ascii_only
        tick = "[x] " if entry.ticked else "[ ] "
        name = shortened(legible(entry.scheme, ascii_only, 200), max(width - 5, 4), self.sign)
        line = Text.assemble((tick, "bold" if entry.ticked else "dim"), name)
        description = entry.description
        if description is not None:
            formula = legible(description.formula, ascii_only)
            gap = max(22 - line.cell_len, 2)
            room = width - line.cell_len - gap - 1
            if room >= 8:
                line.append(" " * gap)
                line.append(shortened(formula, room, self.sign), "dim")
        return line

    def on_row_list_clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self.action_tick()

    def on_row_list_ticked(self, message: RowList.Ticked) -> None:
        message.stop()
        self.action_tick()

    def action_tick(self) -> None:
        entry = self.chosen
        if entry is not None:
            self.entries[self.entries.index(entry)] = replace(entry, ticked=not entry.ticked)
            self._changed()

    def action_edit(self) -> None:
        if self.chosen is not None:
            self.post_message(self.EditWanted(self.chosen))

    def action_classic(self) -> None:
        self.tick_only(CLASSIC_SCHEMES)

    def action_none(self) -> None:
        self.tick_only(())

    def action_remove(self) -> None:
        entry = self.chosen
        if entry is not None and entry.is_own:
            self.entries.remove(entry)
            self._changed()
        elif entry is not None:
            self.app.bell()


def _words(entry: Entry) -> str:
    description = entry.description
    if description is None:
        return entry.scheme.lower()
    return " ".join([entry.scheme, *description.aliases, description.summary]).lower()


def _unknown(scheme: str) -> str:
    """Say what a scheme is that the catalogue says nothing of."""
    try:
        parse_scheme(scheme)
    except UsageError as error:
        return str(error)
    return "a function of your own"


class Picker(Vertical):
    def compose(self) -> ComposeResult:
        yield WordsLine(placeholder="search", compact=True, id="search", select_on_focus=False)
        yield PickerList()
        yield Static(id="about", markup=False)
        yield OutlookLine()
        yield ExpectedHistogram()
        yield WordsLine(compact=True, id="scheme", select_on_focus=False)
        yield Static(id="scheme-error", markup=False)

    def on_mount(self) -> None:
        self._edited: Entry | None = None
        self._close_editor()

    @property
    def picker_list(self) -> PickerList:
        return self.query_one(PickerList)

    @property
    def ticked(self) -> list[str]:
        return self.picker_list.ticked

    def focus_list(self) -> None:
        self.picker_list.focus()

    def focus_search(self) -> None:
        self.query_one("#search", Input).focus()

    def suppose(self, chosen: Experiment | None) -> None:
        """Tell of the highlighted scheme in the model that is chosen; None for none."""
        for each in self.query(Expectation).results():
            each.of_model(chosen)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        message.stop()
        self._tell()

    def on_resize(self) -> None:
        self.call_after_refresh(self._tell)  # by then what tells has its new size

    def _tell(self) -> None:
        about = self.query_one("#about", Static)
        entry = self.picker_list.chosen
        for each in self.query(Expectation).results():
            each.of_scheme(entry.scheme if entry else "")
        if entry is None:
            about.update("Nothing matches; esc shows all again.")
            return
        description = entry.description
        ascii_only = host_of(self).terminal.ascii_only
        if description is None:
            about.update(legible(_unknown(entry.scheme), ascii_only))
            return
        frame = Frame(about.size.width, ascii_only)
        about.update(initializer_summary(description, frame, about.size.height))

    def on_picker_list_edit_wanted(self, message: PickerList.EditWanted) -> None:
        message.stop()
        self._edited = message.entry
        editor = self.query_one("#scheme", Input)
        text = message.entry.scheme
        description = message.entry.description
        if ":" not in text and description is not None and description.parameters:
            text += f":{description.parameters[0].name}="
        editor.value = text
        editor.cursor_position = len(text)
        editor.display = True
        self.query_one("#scheme-error", Static).display = True
        form = "NAME[:param=value,…][/BIAS]; enter takes it, esc doesn't"
        ascii_only = host_of(self).terminal.ascii_only
        self.query_one("#scheme-error", Static).update(legible(form, ascii_only))
        editor.focus()

    def _close_editor(self) -> None:
        self._edited = None
        for name in ("#scheme", "#scheme-error"):
            self.query_one(name).display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.id == "search":
            self.picker_list.search(event.value)
        elif event.input.display:
            self._check(event.value)

    def _check(self, text: str) -> None:
        message, is_wrong = "enter takes it, esc doesn't", False
        try:
            parse_scheme(text.strip())
        except UsageError as error:
            message, is_wrong = str(error), True
        line = self.query_one("#scheme-error", Static)
        line.set_class(is_wrong, "-wrong")
        line.update(legible(message, host_of(self).terminal.ascii_only))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input.id == "search":
            self.focus_list()
            return
        try:
            self.picker_list.put(event.value.strip(), self._edited)
        except UsageError:
            self.app.bell()
            return
        self._close_editor()
        self.focus_list()

    def leave_input(self) -> bool:
        """Leave the search or the scheme's line; return whether one had the focus."""
        focused = self.screen.focused
        if not isinstance(focused, Input) or focused not in self.query(Input):
            return False
        if focused.id == "search":
            focused.value = ""
        else:
            self._close_editor()
        self.focus_list()
        return True
