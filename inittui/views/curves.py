"""Curves of a run over its steps: one per scheme, the mean over its seeds with their range."""

from __future__ import annotations

import math
import statistics
from array import array
from collections.abc import Callable, Iterable, Sequence

from rich.text import Text

from inittui.results.state import RunState, TrialState
from inittui.views.chart.clipping import LARGEST
from inittui.views.chart.palette import styles_for
from inittui.views.chart.plots import ChartSpec, Series, line_chart
from inittui.views.frame import Frame

LOG_DECADES = 2.0
"""Curves that span more decades than this are drawn on a log axis where nothing else is said."""

NEAR = 3.0
"""Curves whose late loss is within this factor of the lowest are looked at closer."""


def loss_curves(
    state: RunState,
    frame: Frame,
    *,
    first: int | None = 100,
    log_y: bool | None = None,
    height: int | None = None,
) -> Text:
    """Draw the training loss of the ``first`` steps (None: of all), one curve per scheme.

    With several seeds it is the mean over those that took the step, with bars from the lowest to
    the highest. ``log_y`` None takes a log axis where the curves span more than two decades.
    """
    series = loss_series(state, first)
    if log_y is None:
        log_y = spans_decades(one.y for one in series)
    axis = ", log axis" if log_y else ""
    return _plot(
        series,
        frame,
        title=f"training loss, {_steps(series, first)}{axis}{_over(state)}",
        height=height or default_height(frame),
        log_y=log_y,
    )


def closer_look(state: RunState, frame: Frame, *, first: int | None = 100) -> Text | None:
    """Draw the lowest curves on an axis of their own, where all together hide their differences.

    That is where all span more than two decades and several, but not all, end within a factor
    `NEAR` of the lowest. None where there is nothing to see closer.
    """
    series = loss_series(state, first)
    levels = {one.name: level for one in series if (level := _level(one.y)) is not None}
    highest = NEAR * min(levels.values(), default=0.0)
    near = [one for one in series if one.name in levels and levels[one.name] <= highest]
    if not spans_decades(one.y for one in series) or not 1 < len(near) < len(series):
        return None
    return _plot(
        near,
        frame,
        title=f"closer: the lowest curves, {_steps(series, first)}{_over(state)}",
        height=max(default_height(frame) * 3 // 4, 13),
        log_y=spans_decades(one.y for one in near),
    )


def _level(curve: Sequence[float]) -> float | None:
    """Return the median of what can be drawn of a curve's second half."""
    late = [value for value in curve[len(curve) // 2 :] if 0 < value < LARGEST]
    return statistics.median(late) if late else None


def _steps(series: Sequence[Series], first: int | None) -> str:
    steps = max((len(one.y) for one in series), default=0)
    return "all steps" if first is None or steps < first else f"first {first} steps"


def _over(state: RunState) -> str:
    seeds = max((len(state.of_scheme(scheme)) for scheme in state.schemes), default=1)
    return f", mean and range of {seeds} seeds" if seeds > 1 else ""


def _plot(series: Sequence[Series], frame: Frame, *, title: str, height: int, log_y: bool) -> Text:
    return line_chart(
        series,
        ChartSpec(
            width=frame.columns,
            height=height,
            log_y=log_y,
            x_label="step",
            whole_x=True,
            title=title,
            marker=frame.marker,
            ascii_only=frame.ascii_only,
        ),
    ).text


def accuracy_curves(state: RunState, frame: Frame, *, height: int | None = None) -> Text:
    """Draw the accuracy over the steps, one curve per scheme; several seeds as in `loss_curves`."""
    return _plot(
        accuracy_series(state),
        frame,
        title=f"{state.evaluated_on} accuracy in %{_over(state)}",
        height=height or default_height(frame),
        log_y=False,
    )


def default_height(frame: Frame) -> int:
    """Return the lines of a chart that suit the frame's width."""
    return min(max(frame.columns // 4, 14), 26)


def loss_series(state: RunState, first: int | None) -> list[Series]:
    """Return the training loss of every scheme that has one, over 1-based steps."""
    styles = styles_for(state.schemes)
    found = []
    for scheme in state.schemes:
        losses = [trial.losses[:first] for trial in state.of_scheme(scheme) if trial.losses]
        if losses:
            mean, band = _mean_and_range(losses)
            found.append(Series(scheme, range(1, len(mean) + 1), mean, styles[scheme], band))
    return found


def accuracy_series(state: RunState) -> list[Series]:
    """Return the validation accuracy of every scheme over the steps taken, in percent."""
    return _validated(
        state, lambda trial: [(step, 100 * accuracy) for step, accuracy in trial.accuracies]
    )


def _validated(
    state: RunState, of: Callable[[TrialState], Sequence[tuple[int, float]]]
) -> list[Series]:
    styles = styles_for(state.schemes)
    found = []
    for scheme in state.schemes:
        points = [of(trial) for trial in state.of_scheme(scheme)]
        points = [each for each in points if each]
        if points:
            steps = [step for step, _ in max(points, key=len)]
            mean, band = _mean_and_range([array("d", (y for _, y in each)) for each in points])
            found.append(Series(scheme, steps, mean, styles[scheme], band))
    return found


def spans_decades(curves: Iterable[Sequence[float]]) -> bool:
    """Whether what could be drawn on a log axis spans more than `LOG_DECADES` decades."""
    drawable = [[value for value in curve if 0 < value < LARGEST] for curve in curves]
    lows = [min(values) for values in drawable if values]
    highs = [max(values) for values in drawable if values]
    return bool(lows) and math.log10(max(highs)) - math.log10(min(lows)) > LOG_DECADES


def _mean_and_range(
    curves: Sequence[array[float]],
) -> tuple[Sequence[float], tuple[Sequence[float], Sequence[float]] | None]:
    """Return the mean at each step over the curves that reach it, and lowest and highest.

    A curve that ends in NaN or infinity leaves the mean to the others.
    """
    if len(curves) == 1:
        return curves[0], None
    mean, low, high = array("d"), array("d"), array("d")
    for step in range(max(map(len, curves))):
        reached = [curve[step] for curve in curves if step < len(curve)]
        values = [value for value in reached if math.isfinite(value)] or reached
        mean.append(sum(values) / len(values))
        low.append(min(values))
        high.append(max(values))
    return mean, (low, high)
