"""Accuracy against a swept value: one picture per sweep, and the best range in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from inittui.events import Setting, format_setting
from inittui.state import RunState
from inittui.swept import Axis, best_ranges, swept_axes
from inittui.views.curves import default_height
from inittui.views.frame import Frame
from inittui.views.palette import styles_for
from inittui.views.plots import Series, line_plot
from inittui.views.surroundings import paragraph
from inittui.views.ticks import Tick, log_ticks

_MARGIN = 0.04
"""Of the axis, left free at both ends."""


def sweep_charts(state: RunState, frame: Frame, axes: Sequence[str] = ()) -> list[Text]:
    """Return, for each sweep, accuracy against its values, and a paragraph on the best range.

    ``axes`` names the sweeps as `Axis.name`; () means all.
    """
    parts: list[Text] = []
    for axis in swept_axes(state):
        wanted = not axes or axis.name in axes
        if wanted and any(curve.best for curve in axis.curves):
            parts += [_chart(state, axis, frame), Text()]
            for said in best_ranges(state, axis):
                parts += paragraph(frame.say(said), frame.columns)
            parts.append(Text())
    return parts


def _chart(state: RunState, axis: Axis, frame: Frame) -> Text:
    named = [curve.name for curve in axis.curves] + [name for name, _ in axis.references]
    styles = styles_for(named)
    places = _places(axis)
    low, high = min(places.values()), max(places.values())
    series = []
    for curve in axis.curves:
        known = [point for point in curve.points if point.accuracy is not None]
        band = [100 * p.low for p in known], [100 * p.high for p in known]
        series.append(
            Series(
                curve.name,
                [places[point.value] for point in known],
                [100 * p.accuracy.mean for p in known if p.accuracy is not None],
                styles[curve.name],
                band if any(p.low < p.high for p in known) else None,
                every_point=True,
            )
        )
    seeds = max(p.accuracy.n for c in axis.curves for p in c.points if p.accuracy is not None)
    over = f", mean of {seeds} seeds, bars from lowest to highest" if seeds > 1 else ""
    scale = ", log axis" if axis.is_log else ""
    series += [
        Series(name, [low, high], [100 * accuracy.mean] * 2, styles[name])
        for name, accuracy in axis.references
    ]
    margin = _MARGIN * (high - low or 1.0)
    return line_plot(
        series,
        width=frame.columns,
        height=default_height(frame),
        log_y=False,
        x_label=f"{axis.title}{scale}",
        title=frame.say(f"{state.evaluated_on} accuracy in % against {axis.title}{over}"),
        marker=frame.marker,
        ascii_only=frame.ascii_only,
        x_window=(low - margin, high + margin),
        x_ticks=_ticks(axis, places, max(frame.columns // 12, 2)),
    )


def _places(axis: Axis) -> dict[Setting, float]:
    """Return where each value stands on the axis."""
    if axis.is_log:
        return {value: math.log10(float(value)) for value in axis.values}
    if axis.is_numeric:
        return {value: float(value) for value in axis.values}
    return {value: float(place) for place, value in enumerate(axis.values)}


def _ticks(axis: Axis, places: dict[Setting, float], most: int) -> list[Tick] | None:
    values: Sequence[Setting] = axis.values
    if len(values) <= most:
        return [Tick(places[value], format_setting(value)) for value in values]
    if axis.is_log:
        return log_ticks(min(places.values()), max(places.values()), most)
    if axis.is_numeric:
        return None
    stride = -(-len(values) // most)
    return [Tick(places[value], format_setting(value)) for value in values[::stride]]
