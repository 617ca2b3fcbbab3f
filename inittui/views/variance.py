"""Variance against depth: how far a signal and its gradient get through the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from inittui.events.probes import LayerProbe, When
from inittui.events.wire_numbers import from_wire
from inittui.results.curves import over_seeds
from inittui.results.state import RunState
from inittui.views.chart.palette import SeriesStyle, styles_for
from inittui.views.chart.plots import ChartSpec, Series, line_chart
from inittui.views.chart.ticks import Tick
from inittui.views.frame import Frame
from inittui.views.histograms import side_by_side

_FEW_LAYERS = 12
"""Up to so many each is marked: a mark between two layers would look like a third one."""

_HEIGHT = 16
_WIDE = 110
"""Columns from which on two figures stand beside each other."""
_GAP = 3

_QUANTITIES: tuple[tuple[str, Callable[[LayerProbe], float]], ...] = (
    ("outputs", lambda layer: from_wire(layer.pre_activations.variance)),
    ("gradients", lambda layer: from_wire(layer.weight_gradients.variance)),
)


def variance_plots(
    state: RunState, frame: Frame, styles: Mapping[str, SeriesStyle] | None = None
) -> Text:
    """Draw a figure for outputs and one for gradients, before and after training.

    Of several seeds the mean is drawn, with bars from the least to the largest. ``styles`` are
    those that schemes have elsewhere.
    """
    styles = styles or styles_for(state.schemes)
    wide = frame.columns >= _WIDE
    width = (frame.columns - _GAP) // 2 if wide else frame.columns
    figures = [
        _figure(state, frame, width, name, of, when, styles)
        for when in _moments(state)
        for name, of in _QUANTITIES
    ]
    if not wide:
        return Text("\n\n").join(figures)
    pairs = zip(figures[::2], figures[1::2], strict=True)
    return Text("\n\n").join(
        side_by_side([list(one.split("\n")), list(other.split("\n"))], width, _GAP)
        for one, other in pairs
    )


def _moments(state: RunState) -> list[When]:
    measured = {event.when for trial in state.trials for event in trial.probes}
    both: tuple[When, ...] = ("before", "after")
    return [when for when in both if when in measured] or ["step"]


def _figure(
    state: RunState,
    frame: Frame,
    width: int,
    name: str,
    of: Callable[[LayerProbe], float],
    when: When,
    styles: Mapping[str, SeriesStyle],
) -> Text:
    series = []
    names: list[tuple[str, ...]] = []
    for scheme in state.schemes:
        events = [trial.probe(when) for trial in state.of_scheme(scheme)]
        probes = [event.probe.layers for event in events if event is not None]
        if not probes:
            continue
        names.append(tuple(layer.name for layer in probes[0]))
        curves = [[of(layer) for layer in layers] for layers in probes]
        found = over_seeds(curves)
        band = (found.low, found.high) if len(curves) > 1 else None
        few = len(found.mean) <= _FEW_LAYERS
        layers = range(1, len(found.mean) + 1)
        series.append(Series(scheme, layers, found.mean, styles[scheme], band, every_point=few))
    moment = {"before": "before training", "after": "after training"}.get(when, "while training")
    return line_chart(
        series,
        ChartSpec(
            width=width,
            height=_HEIGHT,
            log_y=True,
            title=f"variance of {name} by layer, {moment}",
            marker=frame.marker,
            ascii_only=frame.ascii_only,
            x_ticks=_ticks(names, width, frame),
        ),
    ).text


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
