"""From a widget to the app that it lives in, with its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode

if TYPE_CHECKING:
    from inittui.tui.app import LabApp


def app_of(node: DOMNode) -> LabApp:
    """Return the app of a widget or a screen."""
    return cast("LabApp", node.app)
