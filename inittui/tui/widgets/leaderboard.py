"""The contestants in a table: progress while they train, results after, values at the cursor."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from inittui.tui.chart_options import ChartOptions, Contestant, Key
from inittui.tui.host import host_of
from inittui.tui.keymap import key
from inittui.tui.leaderboard import ordered, standings
from inittui.tui.status_styles import look_of
from inittui.tui.widgets.row_list import RowList


class Leaderboard(RowList):
    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "space", "board.hide", "choose('hide')", "Hide",
            "Hide the chosen contestant's curve, or show it again.", footer=True,
        ),
        key(
            "enter", "board.highlight", "choose('highlight')", "Highlight",
            "Draw the chosen contestant in colour and the others in grey, or all in colour.",
            footer=True,
        ),
    ]  # fmt: skip

    class Chosen(Message):
        """The person wants something of a contestant: "hide" or "highlight"."""

        def __init__(self, contestant: Key, wish: str) -> None:
            super().__init__()
            self.contestant = contestant
            self.wish = wish

    def __init__(self) -> None:
        super().__init__()
        self._contestants: Sequence[Contestant] = ()
        self._lines: list[Text] = [Text()]
        self._options = ChartOptions()
        self._step: int | None = None
        self._going_on = False

    def show(
        self, contestants: Sequence[Contestant], options: ChartOptions, step: int | None = None
    ) -> None:
        """Show how the contestants stand; ``step`` is where the chart's cursor is."""
        going_on = any(each.run.is_live for each in contestants)
        has_ended = self._going_on and not going_on
        self._going_on = going_on
        self._contestants = ordered(contestants, options.sort)
        self._options = options
        self._step = step
        self.reload()
        if has_ended and options.sort == "auto" and not self.is_seen(0):
            self.go_to(0)  # the highest, which nobody could know before

    @property
    def chosen(self) -> Contestant | None:
        return self._contestants[self.cursor] if self._contestants else None

    def go_to_run(self, run_id: str) -> bool:
        """Go to the first contestant of a run; return whether it has one by now."""
        return self._go_to_first(lambda each: each.run.id == run_id)

    def go_to_contestant(self, contestant: Key) -> bool:
        """Go to a contestant; return whether it is in the table by now."""
        return self._go_to_first(lambda each: each.key == contestant)

    def _go_to_first(self, is_wanted: Callable[[Contestant], bool]) -> bool:
        place = next((i for i, each in enumerate(self._contestants) if is_wanted(each)), None)
        if place is not None:
            self.go_to(place)
        return place is not None

    def draw(self) -> None:
        self._lines = standings(
            self._contestants,
            self._options,
            self.size.width,
            step=self._step,
            ascii_only=host_of(self).terminal.ascii_only,
            look=look_of(self),
        )
        super().draw()

    def count(self) -> int:
        return len(self._contestants)

    def identity(self, index: int) -> Hashable:
        return self._contestants[index].key

    def heading(self, width: int) -> Text:
        return self._lines[0].copy()

    def row(self, index: int, width: int) -> Text:
        return self._lines[index + 1].copy()

    def on_row_list_clicked(self, message: RowList.Clicked) -> None:
        message.stop()
        self.action_choose("highlight")

    def action_choose(self, wish: str) -> None:
        if self.chosen is not None:
            self.post_message(self.Chosen(self.chosen.key, wish))
