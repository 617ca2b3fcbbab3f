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

_ROWS = 5
_ROOMY = 36
"""Lines of the screen from which a histogram leaves the list of initializers what it needs."""


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
        key = self._scheme, chosen.model, tuple(chosen.layers.items()), self.size.width
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
    def made(self, scheme: str, chosen: Experiment, width: int, *, ascii_only: bool) -> Text:
        from inittui.results.outlook import outlook
        from inittui.views.outlook import outlook_line

        line = outlook_line(outlook(scheme, chosen.model, chosen.layers))
        return Text(legible(f"theory  {sanitize(line)}", ascii_only))


class ExpectedHistogram(Expectation):
    """The values of the model's first layer, where the screen has room for them."""

    @property
    def is_wanted(self) -> bool:
        return self.app.size.height >= _ROOMY

    def made(self, scheme: str, chosen: Experiment, width: int, *, ascii_only: bool) -> Text:
        from inittui.results.expected_values import expected_values
        from inittui.views.outlook import expected_histogram

        try:
            found = expected_values(scheme, chosen)
        except UsageError as refused:
            return Text(legible(f"no values: {refused}", ascii_only), "dim")
        if found is None or width < 1:
            return Text()
        return expected_histogram(found, width, _ROWS, ascii_only=ascii_only)
