"""What theory expects of the highlighted scheme in the chosen model: a line, and a histogram."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual import work
from textual.widgets import Static
from textual.worker import get_current_worker

from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.text import sanitize
from inittui.tui.host import host_of
from inittui.views.frame import legible

_ROWS = {36: 5, 30: 4, 24: 3}
"""Rows of the histogram's bars in a screen of so many lines: the list keeps most of the room."""

_TWO_LINES = 36
"""Columns from which theory's longest line takes two of the screen."""

_ENDS = 2
"""Lines above and below the bars."""


class Expectation(Static):
    """Worked out beside the screen's own work: numpy isn't loaded before the first screen."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._scheme = ""
        self._chosen: Experiment | None = None
        self._key: Hashable = None

    def of_scheme(self, scheme: str) -> None:
        """Tell of another scheme; "" for none."""
        self._scheme = scheme
        self._look()

    def of_model(self, chosen: Experiment | None) -> None:
        """Tell of another model; None where what is chosen can't be meant."""
        self._chosen = chosen
        self._look()

    def on_resize(self) -> None:
        self._look()

    @property
    def is_wanted(self) -> bool:
        """Whether there is room for it."""
        return True

    def made(self, scheme: str, chosen: Experiment, width: int, *, ascii_only: bool) -> Text:
        """Return what is told, in a thread of its own."""
        raise NotImplementedError

    def _look(self) -> None:
        chosen = self._chosen
        self.display = self.is_wanted
        if chosen is None or not self._scheme or not self.is_wanted:
            self._key = None
            self.update("")
            return
        layers = tuple(chosen.layers.items())
        said = self._scheme, chosen.model, layers, chosen.data.name, chosen.sweeps
        key = (*said, self.size.width, self.app.size.height)
        if key != self._key:
            self._key = key
            self._work_out(key, self._scheme, chosen, self.size.width)

    @work(thread=True, exclusive=True, group="outlook", exit_on_error=False)
    def _work_out(self, key: Hashable, scheme: str, chosen: Experiment, width: int) -> None:
        worker = get_current_worker()
        found = self.made(scheme, chosen, width, ascii_only=host_of(self).terminal.ascii_only)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, key, found)

    def _take(self, key: Hashable, found: Text) -> None:
        if self.is_mounted and key == self._key:
            self.update(found)


class OutlookLine(Expectation):
    """As high whatever it says: the list above must not jump."""

    def _look(self) -> None:
        self.styles.height = 2 if self.size.width >= _TWO_LINES else 3
        super()._look()

    def made(self, scheme: str, chosen: Experiment, width: int, *, ascii_only: bool) -> Text:
        from inittui.results.outlook import outlook
        from inittui.views.outlook import outlook_line

        line = outlook_line(outlook(scheme, chosen.model, chosen.layers))
        return Text(legible(f"theory  {sanitize(line)}", ascii_only))


class ExpectedHistogram(Expectation):
    """The values of the model's first layer, where the screen has room for them.

    As high whatever it shows: the list above must not jump.
    """

    @property
    def _rows(self) -> int:
        height = self.app.size.height
        return next((rows for least, rows in _ROWS.items() if height >= least), 0)

    @property
    def is_wanted(self) -> bool:
        return bool(self._rows)

    def _look(self) -> None:
        self.styles.height = self._rows + _ENDS
        super()._look()

    def made(self, scheme: str, chosen: Experiment, width: int, *, ascii_only: bool) -> Text:
        from inittui.results.expected_values import expected_values
        from inittui.views.outlook import expected_histogram

        try:
            found = expected_values(scheme, chosen)
        except UsageError as refused:
            return Text(legible(f"no values: {refused}", ascii_only), "dim")
        if found is None or width < 1:
            return Text()
        return expected_histogram(found, width, self._rows, ascii_only=ascii_only)
