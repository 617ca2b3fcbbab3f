"""The list of runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from inittui.runs import RunListing
from inittui.views.frame import Frame

_GAP = "  "
_LEAST = {"name": 12, "schemes": 8}
"""Columns that these are worth showing with; they take what the others leave."""
_DROPPED = ("when", "schemes", "name", "best")
"""What a narrow frame does without, in this order."""

_LABELS = {"nothing-finished": "all failed"}
_STYLES = {
    "running": "bold cyan",
    "finished": "green",
    "damaged": "bold red",
    "failed": "red",
    "nothing-finished": "red",
    "interrupted": "yellow",
    "lost": "yellow",
}
_STEPS_OF_TIME = ((60, 1, "s"), (3600, 60, "m"), (2 * 86400, 3600, "h"), (100 * 86400, 86400, "d"))


def runs_table(listings: Sequence[RunListing], frame: Frame, now: float) -> Text:
    """Return one line per run under a header.

    Args:
        listings: the runs in the order of the lines.
        frame: the space; schemes and names are cut to it, and columns left out where it is narrow.
        now: the moment that "3m ago" refers to, in seconds since 1970.
    """
    columns = {
        "run": [listing.id for listing in listings],
        "when": [how_long_ago(listing.when, now) for listing in listings],
        "name": [frame.say(listing.name) for listing in listings],
        "schemes": [frame.say(" ".join(listing.schemes)) for listing in listings],
        "best": [_percent(listing.best_accuracy) for listing in listings],
        "status": [_status(listing) for listing in listings],
    }
    if not any(columns["name"]):
        del columns["name"]
    widths = _widths(columns, frame.columns)
    ellipsis = "~" if frame.ascii_only else "…"
    header = _line({name: name for name in widths}, widths, ellipsis, "")
    header.stylize("bold")
    lines = [header]
    for number, listing in enumerate(listings):
        cells = {name: columns[name][number] for name in widths}
        lines.append(_line(cells, widths, ellipsis, _STYLES[listing.status]))
    return Text("\n").join(lines)


def how_long_ago(when: float, now: float) -> str:
    """Return "3m ago" in at most 8 characters; "?" for a moment that isn't known."""
    if when <= 0:
        return "?"
    seconds = max(now - when, 0)
    for limit, unit, letter in _STEPS_OF_TIME:
        if seconds < limit:
            return f"{seconds // unit:.0f}{letter} ago"
    return f"{seconds // (7 * 86400):.0f}w ago"


def _percent(accuracy: float | None) -> str:
    return "-" if accuracy is None else f"{min(max(accuracy, 0.0), 1.0):.1%}"


def _status(listing: RunListing) -> str:
    if listing.status == "running" and listing.planned_steps:
        return f"running {min(listing.steps / listing.planned_steps, 1.0):.0%}"
    return _LABELS.get(listing.status, listing.status)


def _widths(columns: dict[str, list[str]], room: int) -> dict[str, int]:
    """Choose the columns and their widths; together they are at most ``room`` wide."""
    wanted = {name: max(map(cell_len, [name, *cells])) for name, cells in columns.items()}
    least = {name: min(width, _LEAST.get(name, width)) for name, width in wanted.items()}
    for name in _DROPPED:
        if _total(least) <= room:
            break
        least.pop(name, None)
    spare = room - _total(least)
    for name in ("name", "schemes"):
        if name in least:
            # A name takes no more than half: schemes tell more than the end of a long name.
            share = spare // 2 if name == "name" and "schemes" in least else spare
            more = max(min(wanted[name] - least[name], share), 0)
            least[name] += more
            spare -= more
    return least


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _line(cells: dict[str, str], widths: dict[str, int], ellipsis: str, style: str) -> Text:
    """Return one line; ``style`` is that of its last cell, the status."""
    fitted: list[str] = []
    for name, width in widths.items():
        cell = cells[name]
        if cell_len(cell) > width:
            cell = set_cell_size(cell, width - 1).rstrip() + ellipsis
        fitted.append(cell.rjust(width) if name == "best" else set_cell_size(cell, width))
    *others, status = fitted
    return Text.assemble(*(f"{cell}{_GAP}" for cell in others), (status.rstrip(), style))
