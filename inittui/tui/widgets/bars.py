"""The line on top, which says where one is, and the line at the bottom: the keys that matter."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import ActiveBinding
from textual.widget import Widget

from inittui.tui.clickable import pressing
from inittui.tui.host import host_of, is_typed
from inittui.tui.keymap import in_footer, shown_key

PLACES = (
    ("compare", "Compare"),
    ("curves", "Curves"),
    ("layers", "Layers"),
    ("runs", "Runs"),
    ("lessons", "Lessons"),
)
"""The screens in the order of their number keys."""


class TopBar(Widget):
    """The screens as tabs, and how the live run stands."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "top-bar--name",
        "top-bar--here",
        "top-bar--key",
        "top-bar--status",
    }

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here
        self._statuses: tuple[str, ...] = ()

    def set_status(self, statuses: tuple[str, ...]) -> None:
        """Show on the right what goes on, in the first of these words that fit."""
        if statuses != self._statuses:
            self._statuses = statuses
            self.refresh()

    def render(self) -> RenderResult:
        name, places = Text(" inittui ", self._style("name")), self._places()
        room = self.size.width - places.cell_len - 1
        status = self._fitting(room - name.cell_len)
        if self._statuses and not status:
            name, status = Text(" "), self._fitting(room - 1)  # how a run stands says more
        line = Text.assemble(name, places, no_wrap=True, overflow="crop")
        line.append(" " * (room - name.cell_len - cell_len(status)) if status else "")
        return line.append(status, self._style("status"))

    def _fitting(self, room: int) -> str:
        return next((each for each in self._statuses if cell_len(each) <= room), "")

    def _places(self) -> Text:
        line = Text()
        for number, (name, title) in enumerate(PLACES, 1):
            click = Style(meta={"place": name})
            here = name == self._here
            line.append(" ", click)
            key_style = self._style("here") if here else self._style("key")
            line.append(f"{number}", key_style + click)
            line.append(f" {title}", (self._style("here") if here else Style()) + click)
            line.append(" ", click)
        return line

    def on_click(self, event: events.Click) -> None:
        place = event.style.meta.get("place")
        if place:
            host_of(self).action_show(place)

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"top-bar--{part}", partial=True)


class KeyBar(Widget):
    """As many of the keys that matter here as there is room for; the help is always there."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> RenderResult:
        active = [
            each
            for each in self.screen.active_bindings.values()
            if each.enabled and not is_typed(self, each.binding.key)
        ]
        active.sort(key=self._rank)
        bindings = in_footer(each.binding for each in active)
        entries = [(self._keys(b.key), b.description, b.key) for b in bindings]
        last = [entry for entry in entries if entry[1] == "Help"]
        line = Text(no_wrap=True, overflow="crop")
        room = self.size.width - sum(self._width(entry) for entry in last)
        style = self.get_component_rich_style("key-bar--key", partial=True)
        for entry in [entry for entry in entries if entry not in last]:
            if line.cell_len + self._width(entry) > room:
                break
            line.append_text(_entry(*entry, style))
        for entry in last:
            line.append_text(_entry(*entry, style))
        return line

    def _rank(self, active: ActiveBinding) -> int:
        """Put the keys of the screen first and those that are the same everywhere last."""
        return 0 if active.node is self.screen else 2 if active.node is self.app else 1

    def _keys(self, keys: str) -> str:
        return shown_key(keys, ascii_only=host_of(self).terminal.ascii_only, first_only=True)

    @staticmethod
    def _width(entry: tuple[str, str, str]) -> int:
        return cell_len(entry[0]) + cell_len(entry[1]) + 3


def _entry(keys: str, label: str, name: str, style: Style) -> Text:
    click = pressing(name)
    return Text.assemble((f" {keys}", style + click), (f" {label} ", click))
