"""Screens above others, which close once however often they are told to."""

from __future__ import annotations

from contextlib import suppress
from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Modal(ModalScreen[Result], Generic[Result]):
    """A screen above the others; Textual's own would take the next one along at a second key."""

    _dismissed = False

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it, with the result of the first time."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)


class Commands(CommandPalette):
    """Textual's command palette, made to bear keys that come too early or too late."""

    _dismissed = False

    def dismiss(self, result: object = None) -> AwaitComplete:
        """Close it, once."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)  # type: ignore[arg-type]

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # the list has options, but no lines yet
            super()._action_command_list(action)
