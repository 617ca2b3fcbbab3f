"""Questions: one line, a few answers, each with its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from inittui.tui.keymap import key
from inittui.tui.screens.modal import Modal


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and the key that gives it."""

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
        """The question above its answers."""
        with Vertical(id="dialog"):
            yield Static(self._question, id="question", markup=False)
            if self._details:
                yield Static(self._details, id="details", markup=False)
            yield Static(id="answers", markup=False)

    def on_mount(self) -> None:
        """Show the answers."""
        self._show()

    def _show(self) -> None:
        text = Text()
        for place, answer in enumerate(self._answers):
            click = Style(meta={"answer": answer.value})
            text.append(" ")
            style = Style(reverse=place == self._marked) + click
            text.append(f" {answer.key} {answer.label} ", style)
        self.query_one("#answers", Static).update(text)

    def on_key(self, event: events.Key) -> None:
        """Give the answer whose key it is."""
        for answer in self._answers:
            if event.character == answer.key:
                event.stop()
                self.dismiss(answer.value)
                return

    def action_move(self, by: int) -> None:
        """Mark another answer."""
        self._marked = (self._marked + by) % len(self._answers)
        self._show()

    def action_take(self) -> None:
        """Give the marked answer."""
        self.dismiss(self._answers[self._marked].value)

    def on_click(self, event: events.Click) -> None:
        """Give an answer that was clicked."""
        value = event.style.meta.get("answer")
        if value is not None:
            self.dismiss(value)

    def action_cancel(self) -> None:
        """Give none."""
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
        """The question above the line."""
        with Vertical(id="dialog"):
            yield Static(self._question, id="question", markup=False)
            yield Input(self._text, compact=True, select_on_focus=False)
            yield Static("enter takes it, esc doesn't", id="details", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give what was typed."""
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Give nothing."""
        self.dismiss(None)
