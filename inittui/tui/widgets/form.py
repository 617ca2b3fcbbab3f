"""The settings of an experiment as a form: one line each, checked while it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from inittui.experiment import Experiment
from inittui.tui.fields import FIELDS, Field, Outcome, experiment_from, texts_of
from inittui.tui.keymap import key


class SettingLine(Horizontal):
    """A label and what is typed beside it."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field

    def compose(self) -> ComposeResult:
        """Label and input."""
        yield Label(self.field.label)
        suggester = SuggestFromList(self.field.choices) if self.field.choices else None
        yield Input(
            placeholder=self.field.placeholder,
            suggester=suggester,
            compact=True,
            select_on_focus=False,
        )

    @property
    def input(self) -> Input:
        """Where it is typed."""
        return self.query_one(Input)


class Form(VerticalScroll, can_focus=False):
    """All settings; the line at the bottom says what the chosen one means or what is wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("down", "form.next", "app.focus_next", "Next", "Go to the next setting."),
        key("up", "form.previous", "app.focus_previous", "Previous",
            "Go to the setting before."),
    ]  # fmt: skip

    class Changed(Message):
        """A setting was typed."""

    class Explained(Message):
        """A line for the person: what a setting means, or what is wrong with it."""

        def __init__(self, text: str, is_error: bool) -> None:
            super().__init__()
            self.text = text
            self.is_error = is_error

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._base = Experiment()

    def compose(self) -> ComposeResult:
        """One line per setting."""
        for field in FIELDS:
            yield SettingLine(field)

    def on_mount(self) -> None:
        """Start with the protocol's defaults."""
        self.load(Experiment())

    def load(self, experiment: Experiment) -> None:
        """Show an experiment's settings; those that have no line are kept."""
        self._base = experiment
        texts = texts_of(experiment)
        with self.prevent(Input.Changed):
            for line in self.query(SettingLine):
                line.input.value = texts[line.field.name]
                line.remove_class("-wrong")

    @property
    def texts(self) -> Mapping[str, str]:
        """What is typed, by the fields' names."""
        return {line.field.name: line.input.value for line in self.query(SettingLine)}

    def experiment(self, schemes: Sequence[str]) -> Outcome:
        """Return the experiment as it is typed, and mark what is wrong."""
        outcome = experiment_from(self.texts, self._base, schemes)
        for line in self.query(SettingLine):
            line.set_class(line.field.name in outcome.errors, "-wrong")
        return outcome

    def explain(self) -> None:
        """Tell about the line that has the focus."""
        focused = self.screen.focused
        line = next((each for each in self.query(SettingLine) if each.input is focused), None)
        if line is None:
            return
        errors = experiment_from(self.texts, self._base, ["rule"]).errors
        error = errors.get(line.field.name) or errors.get("")
        self.post_message(self.Explained(error or line.field.hint, error is not None))

    def on_descendant_focus(self) -> None:
        """Tell what the setting means."""
        self.explain()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check what was typed."""
        event.stop()
        errors = experiment_from(self.texts, self._base, ["rule"]).errors
        for line in self.query(SettingLine):
            line.set_class(line.field.name in errors, "-wrong")
        self.explain()
        self.post_message(self.Changed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on with the next setting."""
        event.stop()
        self.screen.focus_next()
