"""Variance against depth: how far a signal and its gradient get through the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from inittui.events.probes import LayerProbe, Probe
from inittui.events.records import ProbeMeasured
from inittui.events.theory import MOST_SPREAD, PredictedLayer
from inittui.events.wire_numbers import from_wire
from inittui.results.curves import over_seeds
from inittui.results.state import RunState
from inittui.results.trial_state import TrialState
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.chart.plots import ChartSpec, line_chart
from inittui.views.chart.series import Expected, Series
from inittui.views.chart.ticks import Tick
from inittui.views.frame import Frame
from inittui.views.histograms import side_by_side
from inittui.views.probe_selection import moment_of, newest_of
from inittui.views.theory import theory_text
from inittui.views.wording import mean_and_range

_FEW_LAYERS = 12
"""Up to so many each is marked: a mark between two layers would look like a third one."""

_HEIGHT = 16
_WIDE = 110
"""Columns from which on two figures stand beside each other."""
_GAP = 3


@dataclass(frozen=True, slots=True)
class _Quantity:
    title: str
    of: Callable[[LayerProbe], float]
    expected: Callable[[PredictedLayer], tuple[float | None, float | None, float | None]] | None = (
        None
    )
    """Prediction of the value, and the range around it."""


_GRADIENTS = _Quantity(
    "variance of gradients", lambda layer: from_wire(layer.weight_gradients.variance)
)
_PLAIN = (
    _Quantity("variance of outputs", lambda layer: from_wire(layer.pre_activations.variance)),
    _GRADIENTS,
)
_PREDICTED = (
    _Quantity(
        "mean square of outputs",
        lambda layer: layer.pre_activations.second_moment,
        lambda x: (x.second_moment, x.low, x.high),
    ),
    _Quantity(
        "mean square of the outputs' gradients",
        lambda layer: layer.pre_activation_gradients.second_moment,
        lambda x: (x.gradient, x.gradient_low, x.gradient_high),
    ),
    _GRADIENTS,
)
"""Theory is of mean squares, and never of the gradients by weights: these are squares of sums over
images that are alike, off by factors."""


def variance_plots(
    state: RunState,
    frame: Frame,
    styles: Mapping[str, SeriesStyle] | None = None,
    *,
    theory: bool = True,
) -> Text:
    """Draw a figure for outputs and one for gradients, before training and as measured last.

    Of several seeds the mean is drawn, with bars from the least to the largest. With ``theory``
    what was predicted of the first seed lies under it, and is said in words.
    """
    styles = styles or styles_for(state.schemes)
    wide = frame.columns >= _WIDE
    width = (frame.columns - _GAP) // 2 if wide else frame.columns
    has_theory = theory and any(
        event.probe.theory is not None and event.probe.theory.layers
        for trial in state.trials
        for event in trial.probes
    )
    quantities = _PREDICTED if has_theory else _PLAIN
    rows: list[Text] = []
    for called, of in _moments(state):
        figures = [
            _figure(state, frame, width, each, called, of, styles, theory=has_theory)
            for each in quantities
        ]
        if not wide:
            rows += figures
            continue
        for start in range(0, len(figures), 2):
            pair = [list(figure.split("\n")) for figure in figures[start : start + 2]]
            rows.append(side_by_side(pair, width, _GAP))
    if theory:
        rows += theory_text(state, frame)
    return Text("\n\n").join(rows)


_Moment = Callable[[TrialState], ProbeMeasured | None]


def _before(trial: TrialState) -> ProbeMeasured | None:
    return trial.probe("before")


def _moments(state: RunState) -> list[tuple[str, _Moment]]:
    """Return what is drawn, and how it is called."""
    found: list[tuple[str, _Moment]] = []
    if any(_before(trial) for trial in state.trials):
        found.append(("before training", _before))
    newest = [event for trial in state.trials if (event := newest_of(trial)) is not None]
    called = {"after training" if x.when == "after" else moment_of(x) for x in newest}
    if called:
        found.append((called.pop() if len(called) == 1 else "while training", newest_of))
    return found


def _figure(
    state: RunState,
    frame: Frame,
    width: int,
    quantity: _Quantity,
    moment: str,
    measured: _Moment,
    styles: Mapping[str, SeriesStyle],
    *,
    theory: bool,
) -> Text:
    series = []
    names: list[tuple[str, ...]] = []
    seeds = 0
    for scheme in state.schemes:
        events = [measured(trial) for trial in state.of_scheme(scheme)]
        probes = [event.probe for event in events if event is not None]
        if not probes:
            continue
        seeds = max(seeds, len(probes))
        names.append(tuple(layer.name for layer in probes[0].layers))
        curves = [[quantity.of(layer) for layer in probe.layers] for probe in probes]
        found = over_seeds(curves)
        band = (found.low, found.high) if len(curves) > 1 else None
        expected = _expected(probes[0], quantity, list(found.mean)) if theory else None
        marked = len(found.mean) <= _FEW_LAYERS or expected is not None
        layers = range(1, len(found.mean) + 1)
        series.append(
            Series(
                scheme,
                layers,
                found.mean,
                styles[scheme],
                band,
                every_point=marked,
                expected=expected,
            )
        )
    return line_chart(
        series,
        ChartSpec(
            width=width,
            height=_HEIGHT,
            log_y=True,
            title=f"{quantity.title} by layer, {moment}{mean_and_range(seeds)}",
            marker=frame.marker,
            ascii_only=frame.ascii_only,
            x_ticks=_ticks(names, width, frame),
        ),
    ).text


def _expected(probe: Probe, quantity: _Quantity, measured: Sequence[float]) -> Expected | None:
    """Return what the first seed's probe was predicted; None where nothing is drawn."""
    if probe.theory is None or quantity.expected is None:
        return None
    found = [quantity.expected(layer) for layer in probe.theory.layers]
    values = [each for each in found if None not in each]
    if not values or len(values) != len(measured):
        return None
    y, low, high = ([float(x or 0) for x in each] for each in zip(*values, strict=True))
    loose = [top > MOST_SPREAD * middle for top, middle in zip(high, y, strict=True)]
    outside = [
        not bottom * (1 - 1e-4) <= value <= top * (1 + 1e-4)
        for value, bottom, top in zip(measured, low, high, strict=True)
    ]
    return Expected(y, low, high, loose, outside)


def _ticks(names: Sequence[tuple[str, ...]], width: int, frame: Frame) -> list[Tick]:
    """Return a tick per layer: its name where all models share them and they fit."""
    count = max(map(len, names), default=0)
    room = width - 12
    if len(set(names)) == 1:
        labels = [frame.say(name, 40) for name in names[0]]
        if sum(map(cell_len, labels)) + 2 * count <= room:
            return [Tick(number, label) for number, label in enumerate(labels, 1)]
    stride = max(-(-count * 4 // max(room, 1)), 1)
    return [Tick(number, str(number)) for number in range(1, count + 1, stride)]
