"""Textual's command palette, made to bear keys that come before its list is laid out."""

from __future__ import annotations

from contextlib import suppress

from textual.command import CommandPalette


class Commands(CommandPalette):
    """Everything that can be done here, to be searched."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # the list has options, but no lines yet
            super()._action_command_list(action)
