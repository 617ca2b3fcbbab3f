"""The first values of weights, as they are: what a scheme wrote, seen number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from inittui.events.probes import LayerProbe, select_layers
from inittui.events.wire_numbers import from_wire
from inittui.results.state import RunState
from inittui.text import short
from inittui.views.chart.layout import paragraph
from inittui.views.frame import Frame
from inittui.views.probe_selection import moment_of, subjects_of

_COLUMN = 11
"""Columns of a number of three digits with its gap: -1.23e-05."""


def first_values(state: RunState, frame: Frame, pattern: str) -> Iterator[RenderableType]:
    """Draw the first rows and columns of each matching layer's weight, at all its moments."""
    for subject in subjects_of(state):
        for event in subject.probes:
            for layer in select_layers(event.probe.layers, pattern):
                where = f"{layer.name}.weight of {subject.trial.scheme}, {moment_of(event)}"
                yield from paragraph(frame.say(where), frame.columns, "bold")
                yield from _corner(layer, frame)
                yield Text()


def _corner(layer: LayerProbe, frame: Frame) -> Iterator[RenderableType]:
    if not layer.corner:
        yield Text("not on record", "dim")
        return
    most = max(frame.columns // _COLUMN, 1)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for row in layer.corner:
        table.add_row(*(Text(short(from_wire(value)), justify="right") for value in row[:most]))
    yield table
    columns = math.prod(layer.shape[1:])
    shown = min(most, len(layer.corner[0]))
    rows = f"rows 1 to {len(layer.corner)} of {layer.shape[0]:,}"
    said = f"{rows}, columns 1 to {shown} of {columns:,}"
    yield from paragraph(said, frame.columns, "dim")
