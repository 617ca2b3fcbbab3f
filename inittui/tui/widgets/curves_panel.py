"""Chart and table of the contestants, with the keys that say how the curves are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message

from inittui.tui.chart_options import (
    METRICS,
    SMOOTHINGS,
    ChartOptions,
    Contestant,
    Steps,
    full_window,
    is_log,
)
from inittui.tui.keymap import key
from inittui.tui.widgets.chart import CurveChart
from inittui.tui.widgets.leaderboard import Leaderboard

_LEAST_STEPS = 10.0
"""Steps that are still seen when zoomed in as far as it goes."""


class CurvesPanel(Container):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("y", "chart.log", "log", "Log",
            "Switch the axis between linear and logarithmic.", footer=True),
        key("w", "chart.steps", "steps", "First/all",
            "Show the first 100 steps, all of them, or the last epoch.", footer=True),
        key("m", "chart.metric", "metric", "Metric",
            "Show training loss, validation loss or validation accuracy.", footer=True),
        key("x", "chart.smooth", "smooth", "Smooth",
            "Smooth the curves more, or not at all.", footer=True),
        key("b", "chart.band", "band", "Band",
            "Show or hide the range over the seeds."),
        key("left", "chart.left", "cursor(-1)", "Left", "Read off the values further left."),
        key("right", "chart.right", "cursor(1)", "Right", "Read off the values further right."),
        key("left_square_bracket,ctrl+left", "chart.far_left", "cursor(-10)", "Far left",
            "Read off the values far to the left."),
        key("right_square_bracket,ctrl+right", "chart.far_right", "cursor(10)", "Far right",
            "Read off the values far to the right."),
        key("plus,equals_sign", "chart.zoom_in", "zoom(0.5)", "Zoom in",
            "Show half as many steps, around the cursor."),
        key("minus", "chart.zoom_out", "zoom(2.0)", "Zoom out", "Show twice as many steps."),
        key("comma,shift+left", "chart.pan_left", "pan(-0.25)", "Pan left",
            "Show earlier steps."),
        key("full_stop,shift+right", "chart.pan_right", "pan(0.25)", "Pan right",
            "Show later steps."),
        key("0", "chart.reset", "reset", "Reset",
            "Show all contestants as at first: no cursor, no zoom, no smoothing."),
    ]  # fmt: skip

    class OptionsChanged(Message):
        def __init__(self, options: ChartOptions) -> None:
            super().__init__()
            self.options = options

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._contestants: Sequence[Contestant] = ()
        self._options = ChartOptions()

    def compose(self) -> ComposeResult:
        yield CurveChart()
        yield Leaderboard()

    @property
    def chart(self) -> CurveChart:
        return self.query_one(CurveChart)

    @property
    def leaderboard(self) -> Leaderboard:
        return self.query_one(Leaderboard)

    def show(self, contestants: Sequence[Contestant], options: ChartOptions, version: int) -> None:
        self._contestants = contestants
        self._options = options
        self._fit_leaderboard()
        self.chart.show(contestants, options, version)
        self.leaderboard.show(contestants, options, self.chart.cursor)

    def _fit_leaderboard(self) -> None:
        """Give the table the lines that it needs; under the chart at most half of the height."""
        lines = min(len(self._contestants) + 1, max(self.size.height // 2, 3))
        self.leaderboard.styles.height = None if self.has_class("-beside") else lines

    def on_resize(self) -> None:
        self._fit_leaderboard()

    def on_curve_chart_cursor_moved(self, message: CurveChart.CursorMoved) -> None:
        message.stop()
        self.leaderboard.show(self._contestants, self._options, message.step)

    def on_leaderboard_chosen(self, message: Leaderboard.Chosen) -> None:
        message.stop()
        key, now = message.contestant, self._options
        if message.wish == "hide":
            self._change(hidden=now.hidden ^ {key})
        else:
            self._change(highlighted=None if now.highlighted == key else key)

    def _change(self, **changes: Any) -> None:
        self._options = replace(self._options, **changes)
        self.leaderboard.show(self._contestants, self._options, self.chart.cursor)
        self.post_message(self.OptionsChanged(self._options))

    def action_log(self) -> None:
        self._change(log_y=not is_log(self._contestants, self._options))

    def action_steps(self) -> None:
        follows_live = any(contestant.run.is_live for contestant in self._contestants)
        following: dict[Steps, Steps] = {
            "auto": "first" if follows_live else "all",
            "first": "all",
            "all": "last epoch",
            "last epoch": "first",
        }
        now = self._options
        self._change(zoom=None, steps=now.steps if now.zoom else following[now.steps])

    def action_metric(self) -> None:
        metrics = list(METRICS)
        following = metrics[(metrics.index(self._options.metric) + 1) % len(metrics)]
        self._change(metric=following, log_y=None)

    def action_smooth(self) -> None:
        place = SMOOTHINGS.index(self._options.smoothing)
        self._change(smoothing=SMOOTHINGS[(place + 1) % len(SMOOTHINGS)])

    def action_band(self) -> None:
        self._change(band=not self._options.band)

    def action_reset(self) -> None:
        self.chart.cursor = None
        self._change(
            zoom=None, log_y=None, smoothing=0.0, hidden=frozenset(), highlighted=None, band=True
        )

    def action_cursor(self, columns: int) -> None:
        self.chart.move_cursor(columns)

    def action_zoom(self, factor: float) -> None:
        """Show ``factor`` times as many steps, the cursor where it was."""
        if self.chart.window is None:
            return
        low, high = self.chart.window
        cursor = self.chart.cursor
        centre = float(cursor) if cursor is not None and low <= cursor <= high else (low + high) / 2
        share = (centre - low) / (high - low)
        span = max((high - low) * factor, _LEAST_STEPS)
        self._zoom_to(centre - share * span, span)

    def action_pan(self, share: float) -> None:
        if self.chart.window is not None:
            low, high = self.chart.window
            self._zoom_to(low + share * (high - low), high - low)

    def _zoom_to(self, low: float, span: float) -> None:
        first, last = full_window(c.run.state for c in self._contestants)
        if span >= last - first:
            self._change(zoom=None, steps="all")
            return
        low = min(max(low, first), last - span)
        self._change(zoom=(low, low + span))
