"""Lines that are painted over others: only the cells that differ are drawn, and all of them."""

from __future__ import annotations

from rich.cells import get_character_cell_size
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from inittui.tui.widgets.diff_lines import DiffLines
from tests.support.tui_shelf import drive

PAINTED = (
    "",
    "loss 2.30",
    "loss 2.31",
    "loss ２.31",
    "loss ２.32",
    "a far longer line ……… end",
    "x",
)


class Watched(DiffLines):
    """Keeps what it was asked to refresh."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Region] = []

    def refresh(self, *regions: Region, **options: bool) -> DiffLines:  # type: ignore[override]
        self.asked += regions or [self.size.region]
        return super().refresh(*regions, **options)


class OneWidget(App[None]):
    def compose(self) -> ComposeResult:
        yield Watched()


def cells(widget: DiffLines, y: int) -> list[object]:
    """Return what each cell of a line shows: the second half of a wide character is None."""
    found: list[object] = []
    for text, style, _ in widget.render_line(y):
        for character in text:
            wide = get_character_cell_size(character) - 1
            found += [(character, style), *[None] * wide]
    return found


def test_every_cell_that_differs_is_drawn_and_no_line_that_doesn_t() -> None:
    async def act(pilot: Pilot[None]) -> None:
        widget = pilot.app.query_one(Watched)
        for before in PAINTED:
            for after in PAINTED:
                widget.paint([Text(before), Text("as it was")])
                old = [cells(widget, y) for y in range(2)]
                widget.asked.clear()
                widget.paint([Text(after), Text("as it was")])
                new = [cells(widget, y) for y in range(2)]
                drawn = {(x, r.y) for r in widget.asked for x in range(r.x, r.right)}
                pairs = zip(old[0], new[0], strict=True)
                changed = {(x, 0) for x, (a, b) in enumerate(pairs) if a != b}
                assert changed <= drawn, (before, after)
                assert not any(y for _, y in drawn)
                assert bool(drawn) == bool(changed)

    drive(OneWidget(), act)
