"""Chart and table of the contestants, with the keys that say how the curves are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from inittui.results.curves import Metric
from inittui.tui.chart_options import (
    METRICS,
    SMOOTHINGS,
    ChartOptions,
    Contestant,
    Picture,
    Sort,
    Steps,
    closer_picture,
    full_window,
    is_log,
    picture,
)
from inittui.tui.clickable import pressing
from inittui.tui.full_screen import full_of, step_full
from inittui.tui.host import host_of, key_for, name_here
from inittui.tui.keymap import key
from inittui.tui.widgets.chart import CurveChart
from inittui.tui.widgets.leaderboard import Leaderboard
from inittui.tui.widgets.row_list import RowList
from inittui.views.findings import cause
from inittui.views.frame import Frame

_ROOMY = (110, 30)
"""Columns and lines from which there is a second chart."""

_FULL = ("-full-chart", "-full-beside", "-full-table")
_IN_GRID: tuple[Metric, ...] = ("train_loss", "val_accuracy", "least_gradient", "val_loss")
_OTHERS = len(_IN_GRID) - 1
_OWN_AXIS: dict[str, Any] = {"log_y": None, "zoom": None, "clipped": False, "y_zoom": 0}
"""What is chosen of the first chart's axes and isn't meant for another metric's."""
_LINES_BELOW = 4
"""Lines of the table below a chart that shall be large."""

_LAYERS = ("app.layers", "3")
"""What shows all that is said below the table, and its usual key."""

_PADDING = 2
"""Columns beside what is said below the table."""

_CAUSE, _CHART, _CHART_BESIDE_ALL = 2, 12, 10
"""Lines: of what is said below the table; of a chart with eight for its curves, with what stands
around them; and of the least one that a table stands beside which shows all contestants."""

_MOST_HALVED = 8

_LEAST_STEPS = 10.0
"""Steps that are still seen when zoomed in as far as it goes."""


class CurvesPanel(Container):
    BINDINGS: ClassVar[list[BindingType]] = [
        key("y", "chart.log", "log", "Log",
            "Switch the axis between linear and logarithmic.", footer=True),
        key("w", "chart.steps", "steps", "First/all",
            "Show the first 100 steps, all of them, or the last epoch.", footer=True),
        key("m", "chart.metric", "metric", "Metric",
            "Go on to the next: training loss, validation loss and accuracy, training accuracy, "
            "the gradient of the layer that gets least.", footer=True),
        key("M", "chart.grid", "grid", "Several metrics",
            "Show the metric and three others beside each other, or it alone."),
        key("x", "chart.smooth", "smooth", "Smooth",
            "Smooth the curves more, or not at all.", footer=True),
        key("b", "chart.band", "band", "Band",
            "Show or hide the range over the seeds."),
        key("u", "chart.clip", "clip", "Clip",
            "Let the axis go up to the lowest curves only, or to the highest.", footer=True),
        key("ctrl+up", "chart.y_in", "y_zoom(1)", "Zoom y in", "Show the lower half of the axis."),
        key("ctrl+down", "chart.y_out", "y_zoom(-1)", "Zoom y out", "Show twice the axis."),
        key("o", "board.sort", "sort", "Sort",
            "Sort by accuracy, by loss or as listed; by itself by accuracy at the end.",
            footer=True),
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
        key("f", "chart.full", "full", "Full screen",
            "Give all the room to the chart, then to what is beside it, then to the table."),
        key("0", "chart.reset", "reset", "Reset",
            "Show all contestants as at first: no cursor, no zoom, no smoothing."),
    ]  # fmt: skip

    class OptionsChanged(Message):
        def __init__(self, options: ChartOptions) -> None:
            super().__init__()
            self.options = options

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._contestants: Sequence[Contestant] = ()
        self._options = ChartOptions()
        self._version = 0

    def compose(self) -> ComposeResult:
        with Container(id="charts"):
            yield CurveChart(id="chart")
            yield CurveChart(_beside, id="beside")
            for place in range(_OTHERS):
                yield CurveChart(partial(_other, place), classes="other")
        yield Leaderboard()
        yield Static(id="cause", markup=False)

    @property
    def chart(self) -> CurveChart:
        return self.query_one("#chart", CurveChart)

    @property
    def leaderboard(self) -> Leaderboard:
        return self.query_one(Leaderboard)

    def show(self, contestants: Sequence[Contestant], options: ChartOptions, version: int) -> None:
        self._contestants = contestants
        self._options = options
        self._version = version
        if not self.is_mounted:  # its parts are being made
            self.call_after_refresh(self._show_again)
            return
        self._fit_leaderboard()
        self.chart.show(contestants, options, version)
        beside = self.query_one("#beside", CurveChart)
        if self.classes & {"-roomy", "-full-beside"}:
            beside.show(contestants, options, version)
        if self.has_class("-grid"):
            for other in self.query(".other").results(CurveChart):
                other.show(contestants, options, version)
        self.leaderboard.show(contestants, options, self.chart.cursor)
        self._tell_cause()

    def _fit_leaderboard(self) -> None:
        """Give the table what it needs, or where that is much what the chart leaves."""
        whole = len(self._contestants) + 1
        most = _LINES_BELOW if self.has_class("-large") else self._lines_of_table(whole)
        height = min(whole, most)
        # Without a line it still has the keys.
        heights = {"": height, "-full-table": self.size.height}
        self.leaderboard.styles.height = heights.get(full_of(self, _FULL), 0)

    def _lines_of_table(self, whole: int) -> int:
        """Return the most of the height, all ``whole`` lines only beside a chart to be read."""
        half, left = max(self.size.height // 2, 3), self.size.height - _CAUSE
        if left - whole >= _CHART_BESIDE_ALL:
            return half
        return max(min(half, left - _CHART), _LINES_BELOW)

    def _show_again(self) -> None:
        if self.is_attached and self._contestants:
            self.show(self._contestants, self._options, self._version)

    def on_resize(self) -> None:
        width, height = self.size
        was_roomy = self.has_class("-roomy")
        self.set_class(width >= _ROOMY[0] and height >= _ROOMY[1], "-roomy")
        if self.has_class("-roomy") and not was_roomy:
            self.call_after_refresh(self._show_again)  # it may have been shown before
        self._fit_leaderboard()
        self._tell_cause()

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        message.stop()
        self._tell_cause()

    def _tell_cause(self) -> None:
        """Say below the table what the newest probe of the chosen contestant means."""
        line = self.query_one("#cause", Static)
        chosen = self.leaderboard.chosen
        wanted = chosen is not None and not self.has_class("-large")
        frame = Frame(self.size.width - _PADDING, host_of(self).terminal.ascii_only)
        layers = key_for(self, *_LAYERS)
        text = cause_of(chosen, frame, layers) if chosen and wanted else Text()
        if f"({layers})" in text.plain:
            text.stylize(pressing(name_here(self, *_LAYERS)))
        line.display = bool(text)
        if str(line.content) != text.plain:
            line.update(text)

    def on_curve_chart_cursor_moved(self, message: CurveChart.CursorMoved) -> None:
        """Read off all charts where the cursor of one is now."""
        message.stop()
        for chart in self.query(CurveChart):
            with chart.prevent(CurveChart.CursorMoved):
                chart.cursor = message.chart.cursor
        self.leaderboard.show(self._contestants, self._options, self.chart.cursor)

    def on_curve_chart_zoomed(self, message: CurveChart.Zoomed) -> None:
        message.stop()
        self._zoom_around(message.step, message.factor)

    def on_row_list_head_clicked(self, message: RowList.HeadClicked) -> None:
        message.stop()
        sorts: dict[str, Sort] = {"contestant": "listed", "loss": "loss", "accuracy": "accuracy"}
        if message.title in sorts:
            self._sort(sorts[message.title])

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

    def action_grid(self) -> None:
        self.toggle_class("-grid")
        self.call_after_refresh(self._show_again)

    def action_smooth(self) -> None:
        place = SMOOTHINGS.index(self._options.smoothing)
        self._change(smoothing=SMOOTHINGS[(place + 1) % len(SMOOTHINGS)])

    def action_band(self) -> None:
        self._change(band=not self._options.band)

    def action_reset(self) -> None:
        self.chart.cursor = None
        self._change(
            zoom=None,
            log_y=None,
            smoothing=0.0,
            hidden=frozenset(),
            highlighted=None,
            band=True,
            clipped=False,
            y_zoom=0,
            sort="auto",
        )

    def action_clip(self) -> None:
        self._change(clipped=not self._options.clipped)

    def action_y_zoom(self, by: int) -> None:
        self._change(y_zoom=min(max(self._options.y_zoom + by, 0), _MOST_HALVED))

    def action_sort(self) -> None:
        following: dict[Sort, Sort] = {
            "auto": "accuracy", "accuracy": "loss", "loss": "listed", "listed": "accuracy"
        }  # fmt: skip
        self._sort(following[self._options.sort])

    def _sort(self, sort: Sort) -> None:
        self._change(sort=sort)
        self.leaderboard.go_to(0)  # who sorts wants to see what comes first

    def action_full(self) -> None:
        step_full(self, _FULL)
        self._fit_leaderboard()
        self.call_after_refresh(self._show_again)

    def action_cursor(self, columns: int) -> None:
        self.chart.move_cursor(columns)

    def action_zoom(self, factor: float) -> None:
        """Show ``factor`` times as many steps, the cursor where it was."""
        if self.chart.window is None:
            return
        low, high = self.chart.window
        cursor = self.chart.cursor
        seen = cursor is not None and low <= cursor <= high
        self._zoom_around(float(cursor or 0) if seen else (low + high) / 2, factor)

    def _zoom_around(self, centre: float, factor: float) -> None:
        if self.chart.window is None:
            return
        low, high = self.chart.window
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


def _other(place: int, shown: Sequence[Contestant], options: ChartOptions) -> Picture:
    """Return one of the metrics that the first chart doesn't show, on axes of its own."""
    others = [metric for metric in _IN_GRID if metric != options.metric]
    return picture(shown, replace(options, metric=others[place], **_OWN_AXIS))


def _beside(shown: Sequence[Contestant], options: ChartOptions) -> Picture | None:
    """Return what the second chart shows: the lowest curves closer, else another metric."""
    other: Metric = "train_loss" if options.metric == "val_accuracy" else "val_accuracy"
    return closer_picture(shown, options) or picture(
        shown, replace(options, metric=other, **_OWN_AXIS)
    )


def cause_of(contestant: Contestant, frame: Frame, key: str) -> Text:
    """Return the gravest finding of a contestant's newest probes; nothing where none is known.

    ``key`` shows the others.
    """
    return cause(frame.say(contestant.label, 200), contestant.trials, frame, key)
