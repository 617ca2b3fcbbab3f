"""A line on what theory expects of the highlighted scheme in the chosen model."""

from __future__ import annotations

from collections.abc import Hashable

from textual import work
from textual.widgets import Static
from textual.worker import get_current_worker

from inittui.experiment.records import Experiment
from inittui.text import sanitize
from inittui.tui.host import host_of
from inittui.views.frame import legible


class OutlookLine(Static):
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

    def _look(self) -> None:
        chosen = self._chosen
        if chosen is None or not self._scheme:
            self._key = None
            self.update("")
            return
        key = self._scheme, chosen.model, tuple(chosen.layers.items())
        if key != self._key:
            self._key = key
            self._work_out(key, self._scheme, chosen)

    @work(thread=True, exclusive=True, group="outlook", exit_on_error=False)
    def _work_out(self, key: Hashable, scheme: str, chosen: Experiment) -> None:
        from inittui.results.outlook import outlook
        from inittui.views.outlook import outlook_line

        worker = get_current_worker()
        line = outlook_line(outlook(scheme, chosen.model, chosen.layers))
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take, key, line)

    def _take(self, key: Hashable, line: str) -> None:
        if self.is_mounted and key == self._key:
            said = legible(f"theory  {sanitize(line)}", host_of(self).terminal.ascii_only)
            self.update(said)
