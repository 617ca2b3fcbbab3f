"""What a run of the list has come to, before it is opened: its curves, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Hashable

from rich.text import Text
from textual import work
from textual.worker import get_current_worker

from inittui.errors import InittuiError
from inittui.results.state import RunState
from inittui.runs import RunDirectory, RunListing, load_settled
from inittui.tui.form_words import in_form_words
from inittui.tui.host import host_of
from inittui.tui.widgets.diff_lines import DiffLines
from inittui.views.chart.layout import first_lines, paragraph
from inittui.views.frame import Frame

_WAIT_SECONDS = 0.15
"""How long the cursor stays on a run before its log is read."""

_LARGEST_LOG = 16 * 2**20
"""Bytes of a log that are read for this: about half a second."""

_VERDICT_LINES, _CHART_LINES = 3, 7
"""The most of what was seen, and the least of a chart that says what it shows."""


class RunPreview(DiffLines):
    def __init__(self) -> None:
        super().__init__()
        self._key: Hashable = None
        self._wanted: Hashable = None
        """The run that is shown as soon as it is read."""
        self._known: tuple[Hashable, RunState | str] = (None, "")
        self._shown: tuple[RunDirectory | None, RunListing | None] = (None, None)

    def on_resize(self) -> None:
        """Draw in the room that there is now: it comes after what is beside it was shown."""
        self.show(*self._shown)

    def show(self, run: RunDirectory | None, listing: RunListing | None) -> None:
        """Draw a run, unless it is drawn as it is; None for none."""
        self._shown = run, listing
        if run is None or listing is None:
            self._key = self._wanted = None
            self.paint([])
            return
        if not self.size:
            return
        version = listing.id, listing.status, listing.steps, listing.name
        key = (version, self.size, self.app.theme)
        if key == self._key:
            return
        self._key, self._wanted = key, version
        if self._known[0] == version:
            self._draw(self._known[1])
        else:
            self._read(run, version)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _read(self, run: RunDirectory, version: Hashable) -> None:
        """Read the log beside the screen's own work, once the cursor rests."""
        worker = get_current_worker()
        time.sleep(_WAIT_SECONDS)
        if worker.is_cancelled:
            return
        found: RunState | str
        try:
            large = run.log.stat().st_size > _LARGEST_LOG
            found = (
                "enter opens it: its log is too long for a look"
                if large
                else (load_settled(run)[0])
            )
        except (OSError, InittuiError) as error:
            found = str(error) if isinstance(error, InittuiError) else "nothing was recorded"
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, version, found)

    def _take(self, version: Hashable, found: RunState | str) -> None:
        self._known = version, found
        if self.is_mounted and version == self._wanted:
            self._draw(found)

    def _draw(self, found: RunState | str) -> None:
        terminal = host_of(self).terminal
        frame = Frame(self.size.width, terminal.ascii_only, terminal.marker)
        self.paint(preview(found, frame, self.size.height))


def preview(found: RunState | str, frame: Frame, height: int) -> list[Text]:
    """Return the first losses of a run and what was seen, in ``height`` lines."""
    from inittui.results.summary import summarize
    from inittui.views.conclusions import sentence
    from inittui.views.curves import loss_curves

    if isinstance(found, str):
        return paragraph(frame.say(found), frame.columns, "dim")
    whole = paragraph(in_form_words(sentence(found, summarize(found), frame)), frame.columns)
    beside_chart = height - _CHART_LINES
    most = min(beside_chart if beside_chart >= 2 else _VERDICT_LINES, _VERDICT_LINES)
    said = first_lines(whole, most, frame.columns, frame.ellipsis)
    room = height - len(said)
    drawn = any(trial.losses for trial in found.trials) and room >= _CHART_LINES
    chart = list(loss_curves(found, frame, height=room).split("\n")) if drawn else []
    return [*chart, *said]
