"""The settings of an experiment as a form: one line each, checked while it is typed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
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
from inittui.tui.fields import FIELDS, Outcome, experiment_from, placeholder_of, texts_of
from inittui.tui.keymap import key
from inittui.tui.status_styles import look_of
from inittui.tui.widgets.row_list import RowList
from inittui.views.chart.layout import shortened

_LABELS = 13


class SettingList(RowList, can_focus=False):
    """All settings as they are; the one that is typed lies over its line."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.wrong: frozenset[str] = frozenset()

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
        value = shortened(text or placeholder_of(field, self.texts), room)
        return Text.assemble(
            (f"{field.label:<{_LABELS}}", style or "dim"),
            (f"{value:<{room}}" if more else value, style or ("" if text else "dim")),
            (more, "dim"),
        )

    @property
    def line_of_cursor(self) -> int:
        return self.cursor - self._start


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

    def compose(self) -> ComposeResult:
        yield SettingList()
        yield Input(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.input.display = False
        self.load(Experiment())

    @property
    def settings(self) -> SettingList:
        return self.query_one(SettingList)

    @property
    def input(self) -> Input:
        return self.query_one(Input)

    @property
    def chosen(self) -> Setting:
        return FIELDS[self.settings.cursor]

    @property
    def texts(self) -> Mapping[str, str]:
        return self.settings.texts

    @property
    def contestants(self) -> str:
        """What layer rules and sweeps train beside what is ticked, as it is typed."""
        sweeps, layers = (self.texts.get(path, "").split() for path in ("sweeps", "layers"))
        return sanitize(", ".join([*(f"sweep {text}" for text in sweeps), *layers]), 300)

    @property
    def names_contestants(self) -> bool:
        """Whether these train something even where nothing is ticked."""
        sweeps = self.texts.get("sweeps", "").split()
        return names_contestants(self.texts.get("layers", ""), sweeps)

    def load(self, experiment: Experiment) -> None:
        self._base = experiment
        self.settings.texts = texts_of(experiment)
        self._mark(())
        self._fill()

    def experiment(self, schemes: Sequence[str]) -> Outcome:
        outcome = experiment_from(self.texts, self._base, schemes)
        self._mark(outcome.errors)
        return outcome

    def _mark(self, wrong: Sequence[str] | Mapping[str, str]) -> None:
        self.settings.wrong = frozenset(wrong)
        self.settings.draw()
        self.input.set_class(self.chosen.path in wrong, "-wrong")

    def edit(self, place: int | None = None) -> None:
        if place is not None:
            self.settings.go_to(place)
        self._fill()
        self.input.display = True
        self._lay_over()
        self.input.focus()
        self._explain()

    def _fill(self) -> None:
        field = self.chosen
        with self.prevent(Input.Changed):
            self.input.value = sanitize(self.texts.get(field.path, ""))
        self.input.placeholder = placeholder_of(field, self.texts)
        self.input.suggester = SuggestFromList(field.choices) if field.choices else None
        self.input.cursor_position = len(self.input.value)
        self.input.set_class(field.path in self.settings.wrong, "-wrong")

    def _lay_over(self) -> None:
        self.input.styles.offset = (_LABELS, self.settings.line_of_cursor)
        self.input.styles.width = max(self.size.width - _LABELS, 1)

    def on_resize(self) -> None:
        self.call_after_refresh(self._lay_over)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if event.widget is self.input:
            self.input.display = False
            self.settings.draw()

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        """Nothing: `edit` is what moves the line."""
        message.stop()

    def on_click(self, event: events.Click) -> None:
        self.edit(self.settings.cursor)

    def action_move(self, by: int) -> None:
        self.edit(self.settings.cursor + by)

    def _explain(self) -> None:
        errors = experiment_from(self.texts, self._base, ["rule"]).errors
        error = errors.get(self.chosen.path) or errors.get("")
        self.post_message(self.Explained(error or self.chosen.help, error is not None))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.settings.texts[self.chosen.path] = event.value
        self._mark(experiment_from(self.texts, self._base, ["rule"]).errors)
        self._explain()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_move(1)
