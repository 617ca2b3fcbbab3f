"""The list of runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from inittui.runs import RunListing
from inittui.text import in_ascii
from inittui.views.columns import Column, fit, heading, row_line
from inittui.views.frame import Frame
from inittui.views.statuses import STYLES, meaning_of, of_run
from inittui.views.wording import how_long_ago, share


def runs_table(listings: Sequence[RunListing], frame: Frame, now: float) -> Text:
    """Return one line per run under a header.

    Args:
        listings: the runs in the order of the lines.
        frame: the space; schemes and names are cut to it, and columns left out where it is narrow.
        now: the moment that "3m ago" refers to, in seconds since 1970.
    """
    columns: list[Column[RunListing]] = [
        Column("run", lambda run: run.id),
        Column("when", lambda run: how_long_ago(run.when, now), 4),
        # A name takes no more than half: schemes tell more than the end of a long name.
        Column("name", lambda run: frame.say(run.name), 2, least=12, share=0.5),
        Column("schemes", lambda run: frame.say(" ".join(run.schemes)), 3, least=8),
        Column("best", lambda run: share(run.best_accuracy), 1, right=True),
        Column("status", lambda run: Text(of_run(run), STYLES[meaning_of(run.status)])),
    ]
    if not any(listing.name for listing in listings):
        del columns[2]
    shown = fit(columns, listings, frame.columns)
    ellipsis = in_ascii("…", keep_width=True) if frame.ascii_only else "…"
    head = heading(shown, ellipsis)
    head.stylize("bold")
    return Text("\n").join([head, *(row_line(shown, run, ellipsis) for run in listings)])
