"""The settings of an experiment as a form: one line each, checked once it was left."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from inittui.experiment.records import Experiment, names_contestants
from inittui.experiment.settings import Setting
from inittui.text import sanitize
from inittui.tui.fields import FIELDS, FIRST, Outcome, experiment_from, placeholder_of, texts_of
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.status_styles import look_of
from inittui.tui.widgets.row_list import RowList
from inittui.views.chart.layout import shortened

_LABELS = 13

LETTERS = ascii_lowercase + digits + ascii_uppercase
"""What the settings are called, in their order, while one is jumped to."""


class SettingList(RowList, can_focus=False):
    """All settings as they are; the one that is typed lies over its line."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.wrong: frozenset[str] = frozenset()
        self.has_letters = False

    def count(self) -> int:
        return len(FIELDS)

    def identity(self, index: int) -> Hashable:
        return FIELDS[index].path

    def heading(self, width: int) -> Text | None:
        """Return nothing: the lines say what they are."""
        return None

    def row(self, index: int, width: int) -> Text:
        field = FIELDS[index]
        text = sanitize(self.texts.get(field.path, ""))
        style = look_of(self).bad if field.path in self.wrong else ""
        below = self.count() - 1 - index if index == self._start + self.size.height - 1 else 0
        more = f" {below} more" if below else ""
        room = max(width - _LABELS - len(more), 1)
        value = shortened(text or placeholder_of(field, self.texts), room, self.sign)
        label = f"{field.label:<{_LABELS - 1}}{'!' if field.path in self.wrong else ' '}"
        letter = f"{LETTERS[index]} " if self.has_letters else ""
        return Text.assemble(
            (letter, "reverse"),
            (label[: len(label) - len(letter)], style or "dim"),
            (f"{value:<{room}}" if more else value, style or ("" if text else "dim")),
            (more, "dim"),
        )

    @property
    def line_of_cursor(self) -> int:
        return self.cursor - self._start

    @property
    def form(self) -> Form:
        form = self.parent
        assert isinstance(form, Form)
        return form

    @property
    def has_keys(self) -> bool:
        """Whether the line over the chosen setting is open."""
        return self.form.input.display

    def point_at(self, place: int, *, is_tick: bool) -> None:
        """Let the clicked setting be typed; a second click switches one that has few values."""
        if self.has_keys and place == self.cursor:
            self.form.input.action_switch()
        else:
            self.form.edit(place)

    def roll(self, rows: int) -> None:
        """Take the open line along, so that what is typed goes where it is seen."""
        if self.has_keys:
            self.form.action_move(rows)
        else:
            super().roll(rows)


class Line(Input):
    """A line to type in, which leaves a whole command that is pasted to the screen."""

    def on_paste(self, event: events.Paste) -> None:
        from inittui.tui.typed_command import is_command

        if is_command(event.text):
            event.prevent_default()


class WordsLine(Line):
    """A line for words: a search, a filter, a scheme."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("enter", "words.take", "submit", "Take", "Take what is typed.", footer=True),
        key("escape", "words.leave", "screen.back", "Leave", "Leave what is typed.", footer=True),
    ]  # fmt: skip

    _invitation: str | None = None
    """What is shown while nothing is typed, in full."""

    def on_resize(self) -> None:
        if self._invitation is None:
            self._invitation = self.placeholder
        sign = host_of(self).terminal.ellipsis
        self.placeholder = shortened(self._invitation, max(self.size.width - 1, 1), sign)


class FieldLine(Line):
    """The line that a setting is typed in; one that has few values is switched instead."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("enter", "field.take", "submit", "Next", "Go to the next setting.", footer=True),
        key("escape", "field.leave", "screen.back", "Leave", "Go back to the initializers.",
            footer=True),
        key("space", "field.switch", "switch", "Switch",
            "Go to the next value of a setting that has few.", footer=True),
    ]  # fmt: skip

    switched: tuple[str, ...] = ()
    """The values that are stepped through; () where any text can be typed."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "switch":
            return bool(self.switched)
        return super().check_action(action, parameters)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return not (self.switched and key == "space") and super().check_consume_key(key, character)

    def on_key(self, event: events.Key) -> None:
        """Step on at a space, and take the first letter of a value for the value."""
        if self.switched and event.is_printable:
            event.stop()
            event.prevent_default()
            if event.key == "space":
                self.action_switch()
                return
            typed = (event.character or "").lower()
            self.value = next((x for x in self.switched if x.startswith(typed)), self.value)

    def on_click(self) -> None:
        self.action_switch()

    def action_switch(self) -> None:
        """Go to the next value, where there are few."""
        if not self.switched:
            return
        now = self.value or self.placeholder
        place = self.switched.index(now) if now in self.switched else -1
        self.value = self.switched[(place + 1) % len(self.switched)]


class Form(Container):
    """The list of settings, and one line to type in, which goes to the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("down,tab", "form.next", "move(1)", "Next", "Go to the next setting."),
        key("up,shift+tab", "form.previous", "move(-1)", "Previous",
            "Go to the setting before."),
        key("pagedown", "form.last", "move(100)", "Last", "Go to the last setting."),
        key("pageup", "form.first", "move(-100)", "First", "Go to the first setting."),
    ]  # fmt: skip

    class Explained(Message):
        """A line for the person: what a setting means, or what is wrong with it."""

        def __init__(self, text: str, is_error: bool) -> None:
            super().__init__()
            self.text = text
            self.is_error = is_error

    def __init__(self) -> None:
        super().__init__()
        self._base = Experiment()
        self._left: set[str] = set()
        """The settings that were left, so that what is wrong with them is told."""

    def compose(self) -> ComposeResult:
        yield SettingList()
        yield FieldLine(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.input.display = False
        self.load(FIRST)

    @property
    def settings(self) -> SettingList:
        return self.query_one(SettingList)

    @property
    def input(self) -> FieldLine:
        return self.query_one(FieldLine)

    @property
    def chosen(self) -> Setting:
        return FIELDS[self.settings.cursor]

    @property
    def texts(self) -> Mapping[str, str]:
        return self.settings.texts

    @property
    def sweeps(self) -> Sequence[str]:
        return self.texts.get("sweeps", "").split()

    @property
    def layer_rules(self) -> Sequence[str]:
        return self.texts.get("layers", "").split()

    @property
    def names_contestants(self) -> bool:
        """Whether these train something even where nothing is ticked."""
        return names_contestants(self.layer_rules, self.sweeps)

    @property
    def problem(self) -> str:
        """What is wrong with the settings, in a line; "" where nothing is."""
        return self._tried().problem

    def load(self, experiment: Experiment) -> None:
        self._base = experiment
        self.settings.texts = texts_of(experiment)
        self._left.clear()
        self._mark(())
        self._fill()

    def show_letters(self, shown: bool) -> None:
        self.settings.has_letters = shown
        self.settings.draw()

    def jump(self, letter: str) -> None:
        """Go to the setting of a letter; nowhere for another."""
        self.show_letters(shown=False)
        place = LETTERS.find(letter) if letter else -1
        if 0 <= place < len(FIELDS):
            self.edit(place)

    def forget_name(self) -> None:
        """Let the next run be without the name of the last."""
        self.settings.texts["name"] = ""
        self._fill()
        self.settings.draw()

    @property
    def chosen_so_far(self) -> Experiment | None:
        """What is described now, whatever takes part; None where it can't be meant."""
        return self._tried().experiment

    def experiment(self, schemes: Sequence[str]) -> Outcome:
        outcome = experiment_from(self.texts, self._base, schemes)
        self._mark(outcome.errors)
        return outcome

    def _mark(self, wrong: Sequence[str] | Mapping[str, str]) -> None:
        self.settings.wrong = frozenset(wrong)
        self.settings.draw()
        self.input.set_class(self.chosen.path in wrong, "-wrong")

    def edit(self, place: int | None = None) -> None:
        before = self.chosen if self.input.display else None
        if before is not None:
            self._left.add(before.path)
        if place is not None:
            self.settings.go_to(place)
        self._mark(self._told())
        self._fill()
        self.input.display = True
        self.settings.draw()
        self._lay_over()
        self.input.focus()
        self._explain(before)

    def _fill(self) -> None:
        field = self.chosen
        with self.prevent(Input.Changed):
            self.input.value = sanitize(self.texts.get(field.path, ""))
        self.input.placeholder = placeholder_of(field, self.texts)
        self.input.switched = () if field.metavar else field.choices
        self.input.suggester = SuggestFromList(field.choices) if field.choices else None
        if field.is_list or field.path == "name":
            self.input.cursor_position = len(self.input.value)
        else:  # a number or a word: what is typed replaces it
            self.input.select_all()
        self.input.set_class(field.path in self.settings.wrong, "-wrong")

    def _lay_over(self) -> None:
        self.input.styles.offset = (_LABELS, self.settings.line_of_cursor)
        self.input.styles.width = max(self.size.width - _LABELS, 1)

    def on_resize(self) -> None:
        self.call_after_refresh(self._lay_over)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if event.widget is self.input:
            self.input.display = False
            self._left.add(self.chosen.path)
            self._mark(self._told())

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        """Nothing: `edit` is what moves the line."""
        message.stop()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Take what the line over the list was meant to get as meant for the list."""
        if event.widget is self.input:
            self.settings.on_mouse_scroll_down()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        if event.widget is self.input:
            self.settings.on_mouse_scroll_up()

    def action_move(self, by: int) -> None:
        self.edit(self.settings.cursor + by)

    def _tried(self) -> Outcome:
        return experiment_from(self.texts, self._base, ["rule"])

    def _told(self) -> dict[str, str]:
        """Return what is wrong with the settings that were left; "" is for several together."""
        errors = self._tried().errors
        return {path: said for path, said in errors.items() if path in self._left or not path}

    def _explain(self, before: Setting | None = None) -> None:
        """Say what is wrong with this setting, or with the one that was left just now."""
        told = self._told()
        error = told.get(self.chosen.path)
        if error is None and before is not None and (found := told.get(before.path)):
            error = f"{before.label}: {found}"
        error = error or told.get("")
        self.post_message(self.Explained(error or self.chosen.help, error is not None))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep the text; whether it is right is told once it was left."""
        event.stop()
        path = self.chosen.path
        self.settings.texts[path] = event.value
        self._left.discard(path)
        self._mark(self._told())
        self.post_message(self.Explained(self.chosen.help, False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_move(1)
