"""Colours that mean something, as the theme has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.style import Style
from textual.widget import Widget

from inittui.views.statuses import meaning_of

LOOK_CLASSES = {"look--good", "look--warn", "look--bad"}
"""Component classes of a widget that asks for its look; the style sheet sets their colours."""


@dataclass(frozen=True, slots=True)
class StatusStyle:
    good: Style = field(default_factory=Style.null)
    warn: Style = field(default_factory=Style.null)
    bad: Style = field(default_factory=Style.null)

    def of_status(self, status: str) -> Style:
        match meaning_of(status):
            case "good":
                return self.good
            case "to know":
                return self.warn
            case "bad" | "broken":
                return self.bad
            case "going on":
                return Style(bold=True)
            case "quiet":
                return Style(dim=True)


def look_of(widget: Widget) -> StatusStyle:
    styles = (
        widget.get_component_rich_style(f"look--{name}", partial=True)
        for name in ("good", "warn", "bad")
    )
    return StatusStyle(*styles)
