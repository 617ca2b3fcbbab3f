"""What opens above a screen: questions, the command palette, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.command import CommandPalette, SearchIcon
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from inittui.text import sanitize
from inittui.tui.clickable import press_clicked
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.open_run import OpenRun

Result = TypeVar("Result")


class Modal(ModalScreen[Result], Generic[Result]):
    """A screen above the others; Textual's own would take the next one along at a second key."""

    _dismissed = False

    def on_click(self, event: events.Click) -> None:
        """Close it at a click beside it, or on a line that tells how it is closed; a key that such
        a line names beside is pressed."""
        if press_clicked(self.app, event):
            return
        if event.widget is self or (event.widget is not None and event.widget.has_class("closes")):
            self.dismiss()

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it, with the result of the first time."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)


class Letter(Modal[str]):
    """Takes the next key, while the screen below says what each letter means."""

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(event.character if event.is_printable and event.character else "")


class Commands(CommandPalette):
    """Textual's command palette, made to bear keys that come too early or too late."""

    _dismissed = False

    def on_mount(self) -> None:
        if host_of(self).terminal.ascii_only:
            self.query_one(SearchIcon).icon = ">"

    def dismiss(self, result: object = None) -> AwaitComplete:
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)  # type: ignore[arg-type]

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # the list has options, but no lines yet
            super()._action_command_list(action)


@dataclass(frozen=True, slots=True)
class Answer:
    key: str
    label: str
    value: str


class Dialog(Modal[str | None]):
    """Asks a question; gives the value of the answer, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dialog.cancel", "cancel", "Cancel", "Close the question; nothing happens."),
        key("left,up", "dialog.previous", "move(-1)", "Previous", "Go to the answer before."),
        key("right,down,tab", "dialog.next", "move(1)", "Next", "Go to the next answer."),
        key("enter", "dialog.take", "take", "Take", "Give the answer that is marked."),
    ]

    def __init__(self, question: str, answers: Sequence[Answer], details: str = "") -> None:
        super().__init__()
        self._question = question
        self._details = details
        self._answers = tuple(answers)
        self._marked = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self._question, id="question", markup=False)
            if self._details:
                yield Static(self._details, id="details", markup=False)
            yield Static(id="answers", markup=False)

    def on_mount(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        """Show the answers in as many lines as they need, none of them broken."""
        room = self.query_one("#answers").size.width
        text, used = Text(), 0
        for place, answer in enumerate(self._answers):
            click = Style(meta={"answer": answer.value})
            shown = f" {answer.key} {answer.label} "
            if 0 < room < used + 1 + len(shown):
                text.append("\n")
                used = 0
            text.append(" ")
            text.append(shown, Style(reverse=place == self._marked) + click)
            used += 1 + len(shown)
        self.query_one("#answers", Static).update(text)

    def on_key(self, event: events.Key) -> None:
        for answer in self._answers:
            if event.character == answer.key:
                event.stop()
                self.dismiss(answer.value)
                return

    def action_move(self, by: int) -> None:
        self._marked = (self._marked + by) % len(self._answers)
        self._show()

    def action_take(self) -> None:
        self.dismiss(self._answers[self._marked].value)

    def on_click(self, event: events.Click) -> None:
        value = event.style.meta.get("answer")
        if value is not None:
            self.dismiss(value)

    def action_cancel(self) -> None:
        self.dismiss(None)


class Prompt(Modal[str | None]):
    """Asks for a line of text; gives None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "prompt.cancel", "cancel", "Cancel", "Close the question; nothing happens."),
    ]

    def __init__(self, question: str, text: str = "") -> None:
        super().__init__()
        self._question = question
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self._question, id="question", markup=False)
            yield Input(self._text, compact=True, select_on_focus=False)
            yield Static("enter takes it, esc doesn't", id="details", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)


def about_leaving(live: Sequence[OpenRun]) -> Dialog:
    """Ask what becomes of live runs when the UI is left: "go", "stop" or "stay"."""
    names = " and ".join(run.title for run in live[:3])
    verb = "is" if len(live) == 1 else "are"
    answers = [
        Answer("g", "Let it go on", "go"),
        Answer("s", "Stop it", "stop"),
        Answer("c", "Stay here", "stay"),
    ]
    details = "inittui shows it live again when you come back; nothing that was measured is lost."
    return Dialog(f"{names} {verb} still training.", answers, details)


def about_code(code: Sequence[str]) -> Dialog:
    """Ask whether code that an experiment names may be run: "yes" or "no"."""
    names = ", ".join(sanitize(name, 60) for name in code[:3])
    answers = [Answer("n", "Don't", "no"), Answer("y", "Run it", "yes")]
    details = "It can do on this machine whatever you can."
    return Dialog(f"This imports and runs {names}. Do you trust it?", answers, details)
