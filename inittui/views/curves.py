"""Curves of a run over its steps: one per scheme, the mean over its seeds with their range."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from inittui.results.curves import (
    ACCURACIES,
    Metric,
    curve_of,
    near_the_lowest,
    spans_decades,
    without_outliers,
)
from inittui.results.state import RunState
from inittui.views.chart.clipping import Window
from inittui.views.chart.palette import styles_for
from inittui.views.chart.plots import ChartSpec, line_chart
from inittui.views.chart.series import Series
from inittui.views.frame import Frame
from inittui.views.wording import mean_and_range

MOST_CURVES = 100
"""Curves in one picture; of more schemes the first ones are drawn."""


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
    """Draw the curves that are `near_the_lowest` on an axis of their own; None where none are.

    The axis goes up as far as `without_outliers` says.
    """
    series = loss_series(state, first)
    lowest = near_the_lowest({one.name: one.y for one in series})
    near = [one for one in series if one.name in lowest]
    if not near:
        return None
    window = without_outliers(one.y for one in near)
    return _plot(
        near,
        frame,
        title=f"closer: the lowest curves, {_steps(series, first)}{_over(state)}",
        height=max(default_height(frame) * 3 // 4, 13),
        log_y=spans_decades([window] if window else [one.y for one in near]),
        y_window=window,
    )


def _steps(series: Sequence[Series], first: int | None) -> str:
    steps = max((len(one.y) for one in series), default=0)
    if first is None or steps < first:
        return "all steps"
    return "first step" if first == 1 else f"first {first} steps"


def _over(state: RunState) -> str:
    schemes = state.schemes
    seeds = max((len(state.of_scheme(scheme)) for scheme in schemes), default=1)
    over = mean_and_range(seeds)
    more = len(schemes) > MOST_CURVES
    return f"{over}, the first {MOST_CURVES} of {len(schemes):,} schemes" if more else over


def _plot(
    series: Sequence[Series],
    frame: Frame,
    *,
    title: str,
    height: int,
    log_y: bool,
    y_window: Window | None = None,
) -> Text:
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
            y_window=y_window,
        ),
    ).text


def accuracy_curves(state: RunState, frame: Frame) -> Text:
    """Draw the accuracy over the steps, one curve per scheme; several seeds as in `loss_curves`."""
    return _plot(
        accuracy_series(state),
        frame,
        title=f"{state.evaluated_on} accuracy in %{_over(state)}",
        height=default_height(frame),
        log_y=False,
    )


def training_accuracy_curves(state: RunState, frame: Frame) -> Text | None:
    """Draw the training accuracy of each epoch; None where fewer than two epochs have one.

    It is that of the batches as they came: before each update, dropout on.
    """
    series = _series(state, "train_accuracy", None)
    if max((len(one.y) for one in series), default=0) < 2:
        return None
    return _plot(
        series,
        frame,
        title=f"training accuracy in %, batches as they came, dropout on{_over(state)}",
        height=default_height(frame),
        log_y=False,
    )


def default_height(frame: Frame) -> int:
    return min(max(frame.columns // 4, 14), 26)


def loss_series(state: RunState, first: int | None) -> list[Series]:
    """Return the training loss of every scheme that has one, over 1-based steps."""
    return _series(state, "train_loss", None if first is None else (1, first))


def accuracy_series(state: RunState) -> list[Series]:
    """Return the validation accuracy of every scheme over the steps taken, in percent."""
    return _series(state, "val_accuracy", None)


def _series(state: RunState, metric: Metric, between: tuple[int, int] | None) -> list[Series]:
    schemes = state.schemes[:MOST_CURVES]
    styles = styles_for(schemes)
    unit = 100 if metric in ACCURACIES else 1
    found = []
    for scheme in schemes:
        curve = curve_of(state.of_scheme(scheme), metric, between)
        if curve.x.size:
            band = curve.band and (unit * curve.band[0], unit * curve.band[1])
            found.append(Series(scheme, curve.x, unit * curve.mean, styles[scheme], band))
    return found
