"""Curves in a widget: drawn when something has changed, with a cursor that is drawn at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from inittui.results.curves import Metric
from inittui.tui.chart_options import METRICS, ChartOptions, Contestant, Picture, picture
from inittui.tui.host import host_of
from inittui.tui.widgets.diff_lines import DiffLines
from inittui.views.chart.clipping import Window
from inittui.views.chart.layout import shortened

if TYPE_CHECKING:
    from inittui.views.chart.plots import Chart

_NOTCH = 1.25
"""How many times as many steps are seen after the wheel was turned by a notch."""


class CurveChart(DiffLines):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart--cursor"}

    cursor: reactive[int | None] = reactive(None, init=False)
    """The step whose values are read off; None for none."""

    class CursorMoved(Message):
        def __init__(self, chart: CurveChart) -> None:
            super().__init__()
            self.chart = chart

    class Zoomed(Message):
        """The wheel was turned at a step, to see ``factor`` times as many."""

        def __init__(self, step: float, factor: float) -> None:
            super().__init__()
            self.step = step
            self.factor = factor

    def __init__(
        self,
        make: Callable[[Sequence[Contestant], ChartOptions], Picture | None] = picture,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``make`` says what is drawn of contestants; None for nothing."""
        super().__init__(id=id, classes=classes)
        self._make = make
        self._contestants: Sequence[Contestant] = ()
        self._options = ChartOptions()
        self._version: int | None = None
        self._drawn: tuple[Any, ...] = ()
        self._chart: Chart | None = None
        self._line: int | None = None
        """Where the cursor's line was drawn."""

    def show(self, contestants: Sequence[Contestant], options: ChartOptions, version: int) -> None:
        """Draw the contestants' curves, if anything has changed since they were drawn."""
        self._contestants = contestants
        self._options = options
        self._version = version
        drawn = (version, options, self.size, self.app.theme)
        if drawn == self._drawn or not self.size:
            return
        self._drawn = drawn
        self._draw()

    def _draw(self) -> None:
        from inittui.views.chart.plots import ChartSpec, line_chart

        terminal = host_of(self).terminal
        what = self._make(self._contestants, self._options)
        if what is None or not any(len(one.x) for one in what.series):
            self._show_nothing(self._options.metric if what is None else what.metric)
            return
        self._chart = line_chart(
            what.series,
            ChartSpec(
                width=self.size.width,
                height=self.size.height,
                log_y=what.log_y,
                x_label="step",
                whole_x=True,
                title=what.title,
                marker=terminal.marker,
                ascii_only=terminal.ascii_only,
                x_window=what.x_window,
                y_window=what.y_window,
                legend=False,
                leading=what.leading,
            ),
        )
        self.paint(list(self._chart.text.split("\n", allow_blank=True)))
        if self._column(self.cursor) != self._line:
            self._line = self._column(self.cursor)
            self.refresh()  # the cursor's line is at another column now

    def _show_nothing(self, of: Metric) -> None:
        self._chart = None
        is_live = any(contestant.run.is_live for contestant in self._contestants)
        hidden = all(contestant.key in self._options.hidden for contestant in self._contestants)
        metric = METRICS[of]
        reason = f"no {metric} was measured"
        if self._contestants and hidden:
            reason = "all contestants are hidden; space shows the chosen one again"
        elif is_live:
            reason = f"waiting for the first {metric}"
        above = [Text() for _ in range((self.size.height - 1) // 2)]
        said = shortened(reason, self.size.width, host_of(self).terminal.ellipsis)
        self.paint([*above, Text(said.center(self.size.width), "dim")])

    def on_resize(self) -> None:
        if self._version is not None:
            self.show(self._contestants, self._options, self._version)

    @property
    def window(self) -> Window | None:
        """The steps that are seen; None before anything was drawn."""
        chart = self._chart
        return chart.x_window if chart is not None and chart.columns > 1 else None

    def _column(self, step: int | None) -> int | None:
        """Return the widget's column of a step; None where it isn't seen."""
        chart = self._chart
        if step is None or chart is None or self.window is None:
            return None
        low, high = self.window
        share = (step - low) / (high - low)
        return chart.left + round(share * (chart.columns - 1)) if 0 <= share <= 1 else None

    def move_cursor(self, columns: int) -> None:
        """Move the cursor by columns, and by at least a step for each."""
        if self._chart is None or self.window is None:
            return
        low, high = self.window
        if self.cursor is None or not low <= self.cursor <= high:
            self.cursor = round(high if columns < 0 else low)
            return
        per_column = max((high - low) / (self._chart.columns - 1), 1.0)
        self.cursor = round(min(max(self.cursor + round(columns * per_column), low), high))

    def watch_cursor(self, before: int | None, after: int | None) -> None:
        columns = {self._column(before), self._column(after), self._line}
        self._line = self._column(after)
        for column in columns:
            if column is not None:
                self.refresh(Region(column, 0, 1, self.size.height))
        self.post_message(self.CursorMoved(self))

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        column, chart = self._column(self.cursor), self._chart
        if column is None or chart is None or column >= strip.cell_length:
            return strip
        if not chart.top <= y < chart.top + chart.rows:
            return strip
        before, cell, after = strip.divide([column, column + 1, strip.cell_length])
        sign = "|" if host_of(self).terminal.ascii_only else "│"
        text = cell.text if cell.text.strip("⠀ ") else sign
        style = next((segment.style for segment in cell if segment.style), Style())
        style += self.get_component_rich_style("chart--cursor", partial=True)
        return Strip.join([before, Strip([Segment(text, style)], 1), after])

    def _step_at(self, x: int) -> float | None:
        """Return the step under the mouse; None where none is seen."""
        if self._chart is None or self.window is None:
            return None
        low, high = self.window
        share = (x - self.gutter.left - self._chart.left) / (self._chart.columns - 1)
        return low + min(max(share, 0.0), 1.0) * (high - low)

    def _point_at(self, x: int) -> None:
        if (step := self._step_at(x)) is not None:
            self.cursor = round(step)

    def on_click(self, event: events.Click) -> None:
        self._point_at(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            self._point_at(event.x)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._zoom(event.x, 1 / _NOTCH)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._zoom(event.x, _NOTCH)

    def _zoom(self, x: int, factor: float) -> None:
        if (step := self._step_at(x)) is not None:
            self.post_message(self.Zoomed(step, factor))
