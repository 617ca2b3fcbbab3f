"""The numbers of a probe: a row for every layer, in as many blocks as the width asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from inittui.events.probes import LayerProbe, Measured
from inittui.events.theory import PredictedLayer, ratio
from inittui.events.wire_numbers import from_wire
from inittui.text import in_percent, short
from inittui.views.chart.layout import end_of, shortened
from inittui.views.frame import Frame

_GAP = 2
_LONGEST_LABEL = 24
_MISSING = "-"


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    layer: LayerProbe
    predicted: PredictedLayer | None = None


_Column = tuple[str, str, Callable[[Row], str]]
"""Group, title, and what stands in a layer's row."""

_MOMENTS = {
    "mean": "mean",
    "std": "std",
    "var": "variance",
    "square": "second_moment",
    "min": "min",
    "max": "max",
}
"""Of what is measured, by the title of the column."""


def layer_table(rows: Sequence[Row], frame: Frame) -> Text:
    """Return all numbers of all rows; what doesn't fit beside the labels stands below them."""
    labels = [frame.say(row.label, 200) for row in rows]
    width = min(max(map(cell_len, labels), default=0), _LONGEST_LABEL, frame.columns // 3)
    sign = frame.ellipsis
    labels = [set_cell_size(end_of(label, width, sign), width) for label in labels]
    room = frame.columns - width
    columns = []
    for group, title, cell in _columns(rows):
        texts = [title, *(cell(row) for row in rows)]
        columns.append((group, [shortened(text, room - _GAP, sign) for text in texts]))
    blocks = _blocks(columns, room)
    return Text("\n\n").join(_block(block, labels, width, sign) for block in blocks)


def _columns(rows: Sequence[Row]) -> Iterator[_Column]:
    layers = [row.layer for row in rows]
    yield from _moments("weights", lambda x: x.weights, "mean", "std", "min", "max")
    yield "weights", "distinct", lambda x: f"{x.layer.distinct_units}/{x.layer.units}"
    if any(not math.isnan(from_wire(layer.moved)) for layer in layers):
        yield "weights", "moved", lambda x: _percent(from_wire(x.layer.moved))
    if any(layer.biases is not None for layer in layers):
        yield from _moments("biases", lambda x: x.biases, "mean", "std")
    yield from _moments("outputs", lambda x: x.pre_activations, "mean", "var", "square")
    if any(row.predicted is not None for row in rows):
        yield "outputs", "/theory", _signal_by_theory
    yield "outputs", "between", lambda x: _percent(from_wire(x.layer.between_samples))
    if any(layer.nonlinearity != "identity" for layer in layers):
        yield from _moments("activations", lambda x: x.activations, "mean", "var", "square")
    if any(layer.dead is not None for layer in layers):
        yield "activations", "dead", lambda x: _percent(x.layer.dead)
    if any(layer.saturated is not None for layer in layers):
        yield "activations", "saturated", lambda x: _percent(x.layer.saturated)
    yield from _moments("gradients", lambda x: x.weight_gradients, "mean", "var")
    yield "gradients", "/weights", lambda x: _number(x.layer.gradient_ratio)
    yield "gradients", "by outputs", lambda x: _moment(x.layer.pre_activation_gradients, "var", 3)
    if any(row.predicted and row.predicted.gradient is not None for row in rows):
        yield "gradients", "/theory", _gradient_by_theory


def _signal_by_theory(row: Row) -> str:
    """Return the measured mean square by the predicted one."""
    predicted = row.predicted.second_moment if row.predicted else None
    return _number(ratio(row.layer.pre_activations.second_moment, predicted))


def _gradient_by_theory(row: Row) -> str:
    predicted = row.predicted.gradient if row.predicted else None
    return _number(ratio(row.layer.pre_activation_gradients.second_moment, predicted))


def _moments(
    group: str, of: Callable[[LayerProbe], Measured | None], *names: str
) -> Iterator[_Column]:
    for name in names:
        digits = 4 if name == "var" else 3
        yield group, name, lambda x, name=name, digits=digits: _moment(of(x.layer), name, digits)  # type: ignore[misc]


def _moment(measured: Measured | None, name: str, digits: int) -> str:
    if measured is None:
        return _MISSING
    return _number(float(getattr(measured, _MOMENTS[name])), digits)


def _number(value: float, digits: int = 3) -> str:
    return _MISSING if math.isnan(value) else short(value, digits)


def _percent(share: float | None) -> str:
    if share is None or math.isnan(share):
        return _MISSING
    text = short(100 * share)
    if text == "100" and share < 1 - _ROUNDING:
        text = in_percent(share, 1)
    return f"{text}%"


_ROUNDING = 1e-6
"""A share is a mean of float32, so one this close to all is all."""


_Cells = tuple[str, list[str]]
"""A column's group, and its cells under its title."""


def _blocks(columns: Sequence[_Cells], room: int) -> list[list[_Cells]]:
    """Divide columns into blocks of at most ``room``; groups stay together where they can."""
    blocks: list[list[_Cells]] = []
    left = 0
    for number, column in enumerate(columns):
        begins = number == 0 or columns[number - 1][0] != column[0]
        group = sum(_width(c) for c in columns[number:] if c[0] == column[0])
        if not blocks or _width(column) > left or (begins and left < group <= room):
            blocks.append([])
            left = room
        blocks[-1].append(column)
        left -= _width(column)
    return blocks


def _width(column: _Cells) -> int:
    return _GAP + max(map(cell_len, column[1]))


def _block(columns: Sequence[_Cells], labels: Sequence[str], width: int, sign: str) -> Text:
    groups = " " * width
    for number, (group, cells) in enumerate(columns):
        begins = number == 0 or columns[number - 1][0] != group
        until = width + sum(_width(column) for column in columns[: number + 1])
        if begins:
            start = until - max(map(cell_len, cells))
            groups += " " * max(start - cell_len(groups), 1) + group
    lines = []
    for row in range(len(labels) + 1):
        line = Text(labels[row - 1] if row else " " * width)
        for column in columns:
            line.append(column[1][row].rjust(_width(column)), "" if row else "dim")
        lines.append(line)
    lines.insert(0, Text(shortened(groups, lines[0].cell_len, sign), "bold"))
    for line in lines:
        line.rstrip()
    return Text("\n").join(lines)
