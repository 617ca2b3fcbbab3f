"""What a chart shows: the contestants of the open runs, as curves under the chosen options."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from inittui.results.curves import (
    ACCURACIES,
    Curve,
    Metric,
    curve_of,
    near_the_lowest,
    smoothed,
    spans_decades,
    without_outliers,
)
from inittui.results.state import RunState
from inittui.results.trial_state import FIRST_STEPS, TrialState
from inittui.text import LARGEST, sanitize
from inittui.tui.open_run import OpenRun
from inittui.views.chart.palette import SeriesStyle, styles_for

if TYPE_CHECKING:
    from inittui.results.curves import Floats
    from inittui.views.chart.clipping import Window
    from inittui.views.chart.series import Series

Sort = Literal["auto", "accuracy", "loss", "listed"]
"""The order of contestants; auto: as they are listed while any trains, after it by accuracy."""

Steps = Literal["auto", "first", "all", "last epoch"]
"""Which are shown; auto: all so far while a run is live, the first ones after it."""

METRICS: dict[Metric, str] = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy (dropout on)",
    "least_gradient": "gradient times weights of the weakest layer",
}
SMOOTHINGS = (0.0, 0.6, 0.9, 0.98)
"""Weights of the past that a key steps through."""

_STEPS: dict[Steps, str] = {
    "auto": "all steps so far",
    "first": f"first {FIRST_STEPS} steps",
    "all": "all steps",
    "last epoch": "last epoch",
}
_GREY = "#8a8a8a"
_MEMORY = 12.0
"""Times 1 / (1 - weight), the steps after which a value weighs e^-12 of a new one: nothing."""

_MOST_POINTS = 40_000
"""A longer curve is thinned out, keeping the extremes, before it is drawn."""

Key = tuple[str, str]
"""A contestant among all open runs: the run's ID and the scheme."""


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """How the curves are shown; the same on every screen."""

    metric: Metric = "train_loss"
    steps: Steps = "auto"
    zoom: Window | None = None
    """Steps shown instead of those that ``steps`` says."""
    log_y: bool | None = None
    """None: log where the curves span more than two decades."""
    smoothing: float = 0.0
    band: bool = True
    """Whether bars show the lowest and the highest of the seeds."""
    clipped: bool = False
    """Whether the axis leaves out what lies far above the lowest curves."""
    y_zoom: int = 0
    """How often the axis was halved, from its lower end."""
    sort: Sort = "auto"
    hidden: frozenset[Key] = frozenset()
    highlighted: Key | None = None


@dataclass(frozen=True, slots=True)
class Contestant:
    """One scheme of one open run, under the name and style that it has in chart and table."""

    run: OpenRun
    scheme: str
    label: str
    style: SeriesStyle

    @property
    def key(self) -> Key:
        return self.run.id, self.scheme

    @property
    def trials(self) -> list[TrialState]:
        return self.run.state.of_scheme(self.scheme)


def contestants(runs: Sequence[OpenRun], palette: str = "safe") -> list[Contestant]:
    """Return the contestants of all runs; of several runs each is told with its run."""
    pairs = [(run, scheme) for run in runs for scheme in run.schemes]
    labels = [
        sanitize(f"{scheme} · {run.title}" if len(runs) > 1 else scheme, 200)
        for run, scheme in pairs
    ]
    unique = [f"{label} {run.id[-6:]}" if labels.count(label) > 1 else label
              for label, (run, _) in zip(labels, pairs, strict=True)]  # fmt: skip
    styles = styles_for(unique)
    return [
        Contestant(run, scheme, label, _in_palette(styles[label], palette))
        for (run, scheme), label in zip(pairs, unique, strict=True)
    ]


def _in_palette(style: SeriesStyle, palette: str) -> SeriesStyle:
    return replace(style, color=_GREY) if palette == "grey" else style


@dataclass(frozen=True, slots=True)
class Picture:
    series: tuple[Series, ...]
    log_y: bool
    x_window: Window
    y_window: Window | None
    """None: all there is."""
    title: str
    metric: Metric
    leading: int | None = None
    """The place of the highlighted one among the series."""


def is_log(shown: Sequence[Contestant], options: ChartOptions) -> bool:
    """Whether the axis is logarithmic: as it was chosen, else as the curves have it."""
    return _is_log(*_seen(shown, options), options)


def _is_log(visible: Sequence[Contestant], window: Window, options: ChartOptions) -> bool:
    if options.log_y is not None or options.metric in ACCURACIES:
        return bool(options.log_y)
    curves = (_curve(contestant, options.metric, window) for contestant in visible)
    return spans_decades(_seen_part(curve, window) for curve in curves)


def _seen(shown: Sequence[Contestant], options: ChartOptions) -> tuple[list[Contestant], Window]:
    visible = [contestant for contestant in shown if contestant.key not in options.hidden]
    return visible, step_window([c.run.state for c in shown], options)


def picture(shown: Sequence[Contestant], options: ChartOptions) -> Picture:
    visible, window = _seen(shown, options)
    # The highlighted one is drawn over the others.
    visible.sort(key=lambda contestant: contestant.key == options.highlighted)
    log_y = _is_log(visible, window, options)
    series = tuple(_series(contestant, options, log_y, window) for contestant in visible)
    is_live = any(contestant.run.is_live for contestant in visible)
    low = near(series) if options.clipped else ()
    kept = [one for one in series if one.name in low] or series
    fixed = is_live or options.y_zoom or len(kept) < len(series)
    y_window = _steady_window(kept, window, log_y) if fixed else None
    if options.clipped and (cut := without_outliers(_ys(kept, window))):
        y_window = _rounded_out(*cut, log_y)
    if y_window is not None and options.y_zoom:
        y_window = _halved(y_window, options.y_zoom, log_y)
    leading = len(visible) - 1 if options.highlighted in {c.key for c in visible} else None
    title = _title(visible, options, log_y, window)
    return Picture(series, log_y, window, y_window, title, options.metric, leading)


def near(series: Iterable[Series]) -> list[str]:
    """Return the names of the curves that differ down where the others' axis hides it."""
    return near_the_lowest({one.name: one.y for one in series})


def closer_picture(shown: Sequence[Contestant], options: ChartOptions) -> Picture | None:
    """Return the lowest curves on an axis of their own; None where all are seen as they are."""
    if options.metric in ACCURACIES:
        return None
    whole = picture(shown, replace(options, highlighted=None))
    low = near(whole.series)
    if not low:
        return None
    those = [contestant for contestant in shown if contestant.label in low]
    cut = without_outliers(_ys([x for x in whole.series if x.name in low], whole.x_window))
    log_y = spans_decades([cut]) if cut else None
    found = picture(those, replace(options, log_y=log_y, clipped=False, y_zoom=0))
    y_window = _rounded_out(*cut, found.log_y) if cut else found.y_window
    return replace(found, y_window=y_window, title=f"closer: the lowest curves, {found.title}")


def _halved(window: Window, times: int, log_y: bool) -> Window:
    low, high = window
    if log_y:
        return low, low * (high / low) ** (0.5**times)
    return low, low + (high - low) * 0.5**times


def _steady_window(series: Sequence[Series], window: Window, log_y: bool) -> Window | None:
    """Return a range of values that new ones seldom leave: else every line of a chart is new."""
    bounds: list[float] = []
    for shown in _ys(series, window, bands=True):
        drawn = shown[shown > 0] if log_y else shown
        bounds += [float(drawn.min()), float(drawn.max())] if drawn.size else []
    if not bounds or min(bounds) == max(bounds):
        return None
    return _rounded_out(min(bounds), max(bounds), log_y)


def _ys(series: Iterable[Series], window: Window, *, bands: bool = False) -> Iterator[Floats]:
    """Yield the finite values that are seen of each curve, and of its bounds."""
    import numpy as np

    for one in series:
        for row in (one.y, *((one.band or ()) if bands else ())):
            x, y = np.asarray(one.x), np.asarray(row)
            yield y[(x >= window[0]) & (x <= window[1]) & (np.abs(y) < LARGEST)]


def _rounded_out(low: float, high: float, log_y: bool) -> Window | None:
    """Move the bounds outwards to a quarter of a decade, or to an eighth of the range as a power
    of 2; None where they are one."""
    if low == high:
        return None
    if log_y:
        return 10 ** (math.floor(4 * math.log10(low)) / 4), 10 ** (
            math.ceil(4 * math.log10(high)) / 4
        )
    step = 2.0 ** math.floor(math.log2((high - low) / 8))
    return math.floor(low / step) * step, math.ceil(high / step) * step


def step_window(states: Iterable[RunState], options: ChartOptions) -> Window:
    if options.zoom is not None:
        return options.zoom
    states = list(states)
    taken = max((t.steps for state in states for t in state.trials), default=0)
    planned = (state.total_steps for state in states if state.ended is None)
    last = max(taken, 2, *planned)
    if options.steps == "auto" and any(s.ended is None for s in states):
        # It grows by doubling: a window that grew with every step would be drawn anew each time.
        doublings = math.ceil(math.log2(max(taken / FIRST_STEPS, 1)))
        return 1.0, float(min(FIRST_STEPS * 2**doublings, last))
    if options.metric != "train_loss" or options.steps == "all":
        return 1.0, float(last)
    if options.steps in ("auto", "first"):
        return 1.0, float(min(FIRST_STEPS, last))
    epoch = max((s.started.steps_per_epoch for s in states if s.started), default=0) or taken
    epoch = max(epoch, 2)
    start = max(taken - 1, 0) // epoch * epoch
    return start + 1.0, float(start + epoch)


def full_window(states: Iterable[RunState]) -> Window:
    return step_window(states, ChartOptions(steps="all"))


def _curve(contestant: Contestant, metric: Metric, window: Window) -> Curve:
    """Return what was measured within a window, and right beside it: lines lead to its edges."""
    losses = metric == "train_loss"
    between = (int(window[0]) - 1, int(window[1]) + 2) if losses else None
    return curve_of(contestant.trials, metric, between)


def _seen_part(curve: Curve, window: Window) -> Floats:
    first, last = curve.x.searchsorted(window[0]), curve.x.searchsorted(window[1], "right")
    return curve.mean[first:last]


def _series(contestant: Contestant, options: ChartOptions, log_y: bool, window: Window) -> Series:
    """Return a curve as it is drawn: smoothed, with its band, thinned out where it is long."""
    from inittui.views.chart.series import Series

    style = contestant.style
    if options.highlighted not in (None, contestant.key):
        style = replace(style, color=_GREY)
    before = _MEMORY / (1 - options.smoothing) if options.smoothing else 0.0
    curve = _curve(contestant, options.metric, (window[0] - before, window[1]))
    rows = [curve.mean, *(curve.band if options.band and curve.band is not None else ())]
    if options.metric in ACCURACIES:
        rows = [100 * row for row in rows]
    if options.smoothing:
        rows = [smoothed(row, options.smoothing, log_y=log_y) for row in rows]
    kept = _thinned(curve.x, rows, window)
    x, (y, *band) = curve.x[kept], [row[kept] for row in rows]
    bounds = (band[0], band[1]) if band else None
    return Series(contestant.label, x, y, style, bounds)


def _thinned(x: Floats, rows: Sequence[Floats], window: Window) -> Any:
    """Return which points of a very long curve are kept, as numpy selects them.

    Outside of the window only neighbours are; of each of many buckets inside, of every row the
    lowest and the highest finite value, and the first that isn't finite.
    """
    import numpy as np

    first = max(int(np.searchsorted(x, window[0])) - 1, 0)
    last = int(np.searchsorted(x, window[1], "right")) + 1
    size = x[first:last].size
    bucket = size // (_MOST_POINTS // 4)
    if bucket < 2:
        return slice(None) if x.size < _MOST_POINTS else slice(first, last)
    whole = size // bucket * bucket
    offsets = np.arange(first, first + whole, bucket)
    kept = [np.arange(first + whole, first + size), np.array([first, first + size - 1])]
    for row in rows:
        low = high = row[first : first + whole].reshape(-1, bucket)
        finite = np.isfinite(low)
        if not finite.all():
            low, high = np.where(finite, low, np.inf), np.where(finite, high, -np.inf)
            kept.append(offsets + finite.argmin(1))
        kept += [offsets + low.argmin(1), offsets + high.argmax(1)]
    return np.unique(np.concatenate(kept))


def _title(
    visible: Sequence[Contestant], options: ChartOptions, log_y: bool, window: Window
) -> str:
    counts = {len(contestant.trials) for contestant in visible}
    parts = [METRICS[options.metric]]
    if options.metric in ACCURACIES:
        parts[0] += " in %"
    elif options.metric == "train_loss":
        steps = options.steps
        if steps == "auto" and window[1] <= FIRST_STEPS:
            steps = "first"
        if steps == "first" and window[1] < FIRST_STEPS:
            steps = "all"
        parts.append("zoomed" if options.zoom else _STEPS[steps])
    if max(counts, default=1) > 1:
        parts.append(f"mean of {max(counts)} seeds" if len(counts) == 1 else "means over the seeds")
        if options.band:
            parts.append("bars from lowest to highest")
    if options.smoothing:
        parts.append(f"smoothed {options.smoothing:g}")
    if options.clipped:
        parts.append("up to the lowest curves")
    if options.y_zoom:
        parts.append("zoomed in below")
    if log_y:
        parts.append("log axis")
    return ", ".join(parts)
