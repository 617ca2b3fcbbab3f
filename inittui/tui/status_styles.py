"""Colours that mean something, as the theme has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.style import Style
from textual.widget import Widget

LOOK_CLASSES = {"look--good", "look--warn", "look--bad"}
"""Component classes of a widget that asks for its look; the style sheet sets their colours."""


@dataclass(frozen=True, slots=True)
class StatusStyle:
    """What is good, what one should know, what is bad."""

    good: Style = field(default_factory=Style.null)
    warn: Style = field(default_factory=Style.null)
    bad: Style = field(default_factory=Style.null)

    def of_status(self, status: str) -> Style:
        """Return how the status of a trial or of a run is written."""
        match status:
            case "finished":
                return self.good
            case "interrupted" | "lost":
                return self.warn
            case "diverged" | "failed" | "damaged" | "nothing-finished":
                return self.bad
            case "running":
                return Style(bold=True)
            case _:
                return Style(dim=True)


def look_of(widget: Widget) -> StatusStyle:
    """Return a widget's look under the theme."""
    styles = (
        widget.get_component_rich_style(f"look--{name}", partial=True)
        for name in ("good", "warn", "bad")
    )
    return StatusStyle(*styles)
