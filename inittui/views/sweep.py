"""Accuracy against a swept value: one picture per sweep, and the best range in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.text import Text

from inittui.experiment.trials import Setting, format_setting
from inittui.results.best_ranges import best_ranges
from inittui.results.state import RunState
from inittui.results.summary import told_apart
from inittui.results.sweep_results import Axis, Curve, swept_axes
from inittui.views.chart.layout import legend_lines, paragraph
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.chart.plots import ChartSpec, line_chart
from inittui.views.chart.series import Series
from inittui.views.chart.ticks import Tick, log_ticks
from inittui.views.curves import default_height
from inittui.views.frame import Frame
from inittui.views.wording import mean_over

_MOST_LEGEND = 12
"""Lines of a legend."""

_MARGIN = 0.04
"""Of the axis, left free at both ends."""


def sweep_charts(state: RunState, frame: Frame, axes: Sequence[str] = ()) -> list[Text]:
    """Return, for each sweep, accuracy against its values, and a paragraph on the best range.

    ``axes`` names the sweeps as `Axis.name`; () means all.
    """
    shown = [
        axis
        for axis in swept_axes(state)
        if (not axes or axis.name in axes)
        and any(point.accuracy for curve in axis.curves for point in curve.points)
    ]
    if not shown:
        return []
    is_behind = told_apart(state)
    parts: list[Text] = []
    for axis in shown:
        parts += [_chart(state, axis, frame), Text()]
        for said in best_ranges(axis, is_behind):
            parts += paragraph(frame.say(said), frame.columns)
        parts.append(Text())
    return parts


def _chart(state: RunState, axis: Axis, frame: Frame) -> Text:
    places = _places(axis)
    series = _series(axis, places)
    low, high = min(places.values()), max(places.values())
    margin = _MARGIN * (high - low or 1.0)
    chart = line_chart(
        series,
        ChartSpec(
            width=frame.columns,
            height=default_height(frame),
            log_y=False,
            x_label=f"{axis.title}{_axis(axis)}",
            title=frame.say(
                f"{state.evaluated_on} accuracy in % against {axis.title}{_over(axis)}"
            ),
            marker=frame.marker,
            ascii_only=frame.ascii_only,
            x_window=(low - margin, high + margin),
            x_ticks=_ticks(axis, places, max(frame.columns // 12, 2)),
            legend=False,
        ),
    ).text
    plain = frame.ascii_only or frame.marker == "ascii"
    named = [(frame.say(one.name, 200), one.style) for one in series]
    legend = legend_lines(named, frame.columns, _MOST_LEGEND, ascii_only=plain, sign=frame.ellipsis)
    return Text("\n").join([chart, *legend])


def _series(axis: Axis, places: Mapping[Setting, float]) -> list[Series]:
    """Return a level line per reference and, drawn over them, the curves of the sweep."""
    names = [curve.name for curve in axis.curves] + [name for name, _ in axis.references]
    styles = styles_for(names)
    ends = [min(places.values()), max(places.values())]
    levels = [
        Series(name, ends, [100 * accuracy.mean] * 2, styles[name])
        for name, accuracy in axis.references
    ]
    return [*levels, *(_curve(curve, places, styles[curve.name]) for curve in axis.curves)]


def _curve(curve: Curve, places: Mapping[Setting, float], style: SeriesStyle) -> Series:
    known = [(p, p.accuracy.mean) for p in curve.points if p.accuracy is not None]
    band = [100 * p.low for p, _ in known], [100 * p.high for p, _ in known]
    return Series(
        curve.name,
        [places[point.value] for point, _ in known],
        [100 * mean for _, mean in known],
        style,
        band if any(p.low < p.high for p, _ in known) else None,
        every_point=True,
    )


def _axis(axis: Axis) -> str:
    return f", {'log' if axis.is_log else 'linear'} axis" if axis.is_numeric else ""


def _over(axis: Axis) -> str:
    seeds = [p.accuracy.n for c in axis.curves for p in c.points if p.accuracy is not None]
    return f"{mean_over(seeds)}, bars from lowest to highest" if max(seeds) > 1 else ""


def _places(axis: Axis) -> dict[Setting, float]:
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
