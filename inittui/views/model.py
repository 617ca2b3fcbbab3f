"""Models: the list of them, and the layers of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inittui.experiment.models import MODELS, LayerRow, ModelDescription, Option
from inittui.views.chart.layout import end_of, paragraph
from inittui.views.frame import Frame

_GAP = 2
_LEAST = {"layer": 12, "kind": 11}
"""Columns that texts are cut to, before another column is left out."""

_DROPPED = ("kind", "fan_out", "output", "fan_in", "then")
"""What a narrow frame does without, in this order."""

_NARROWEST = 5
"""Columns of a layer's name where nothing is left to do without."""

_GROUPED = (
    "fan_out of a grouped convolution counts the outputs of all groups, as torch.nn.init does."
)
_TRANSPOSED = (
    "A transposed convolution's weight is stored [in, out/groups, ...]: as torch.nn.init reads it, "
    "its fan_in is over outputs and its fan_out over inputs."
)
_ELSEWHERE = (
    "Your own: path/to/file.py:NAME or package.module:NAME, a class or a function that returns a "
    "torch.nn.Module, with --model-arg KEY=VALUE. torchvision's: torchvision:resnet18 and the rest "
    "of torchvision.models."
)


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model, built and run once."""

    name: str
    input: tuple[int, ...]
    """Shape of one sample."""
    rows: tuple[LayerRow, ...]

    @property
    def parameters(self) -> int:
        """Number of all parameters."""
        return sum(row.parameters for row in self.rows)


def models_list(frame: Frame) -> RenderableType:
    """Return every model with its layers, its options and their defaults, and its source."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("model", no_wrap=True)
    table.add_column("layers, options, source", overflow="fold")
    for description in MODELS.values():
        block = Text(frame.say(description.title))
        block.append(f"\n{frame.say(description.layers)}")
        if description.defaults:
            block.append(f"\n{frame.say(shown_options(description))}", "cyan")
        if description.input:
            block.append(f"\ninputs of {frame.say(shape_text(description.input))}")
        block.append(f"\n{frame.say(description.source)}", "dim")
        table.add_row(Text(description.name, "bold"), block)
    return Group(table, Text(), *paragraph(frame.say(_ELSEWHERE), frame.columns))


def shown_options(description: ModelDescription) -> str:
    """Return the options with their defaults: hidden=256,128 activation=relu dropout=0.2."""
    return " ".join(f"{key}={_value(value)}" for key, value in description.defaults.items())


def _value(value: Option) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else value


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as people write it: 3×224×224."""
    return "×".join(map(str, shape)) or "1"


def model_report(model: ModelSummary, frame: Frame) -> RenderableType:
    """Return the table of a model's layers, and how many parameters they have in all."""
    title = f"{model.name}, inputs of {shape_text(model.input)}"
    weights = sum(row.fan_in is not None for row in model.rows)
    total = f"{model.parameters:,} parameters; {weights} of {len(model.rows)} layers have weights"
    notes = [
        note
        for note, applies in (
            (_GROUPED, any(row.groups > 1 for row in model.rows)),
            (_TRANSPOSED, any(row.transposed for row in model.rows)),
        )
        if applies
    ]
    return Group(
        *paragraph(frame.say(title), frame.columns, "bold"),
        Text(),
        _layer_lines(model.rows, frame),
        Text(),
        *paragraph(frame.say(total), frame.columns, "bold"),
        *(line for note in notes for line in paragraph(frame.say(note), frame.columns, "dim")),
    )


def _layer_lines(rows: Sequence[LayerRow], frame: Frame) -> Text:
    columns = {
        "layer": [frame.say(row.name or "(itself)", 300) for row in rows],
        "kind": [frame.say(row.kind, 100) for row in rows],
        "output": [
            frame.say("-" if row.output is None else shape_text(row.output)) for row in rows
        ],
        "parameters": [f"{row.parameters:,}" if row.parameters else "-" for row in rows],
        "fan_in": [_count(row.fan_in) for row in rows],
        "fan_out": [_count(row.fan_out) for row in rows],
        "then": [frame.say(row.nonlinearity or "-") for row in rows],
    }
    widths = _widths(columns, frame.columns)
    lines = [_line({name: name for name in widths}, widths, frame)]
    lines[0].stylize("bold")
    for number, row in enumerate(rows):
        line = _line({name: columns[name][number] for name in widths}, widths, frame)
        if row.fan_in is None:
            line.stylize("dim")
        lines.append(line)
    return Text("\n").join(lines)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _widths(columns: dict[str, list[str]], room: int) -> dict[str, int]:
    """Choose the columns and their widths; together they are at most ``room`` wide."""
    widths = {name: max(map(cell_len, [name, *cells])) for name, cells in columns.items()}

    def excess(*, least: bool = False) -> int:
        needed = widths
        if least:
            needed = {name: min(width, _LEAST.get(name, width)) for name, width in widths.items()}
        return sum(needed.values()) + _GAP * (len(needed) - 1) - room

    for name in _DROPPED:
        if excess(least=True) <= 0:
            break
        del widths[name]
    for name, least in (("kind", _LEAST["kind"]), ("layer", _NARROWEST)):
        if name in widths:
            widths[name] -= min(max(excess(), 0), max(widths[name] - least, 0))
    return widths


def _line(cells: dict[str, str], widths: dict[str, int], frame: Frame) -> Text:
    ellipsis = "~" if frame.ascii_only else "…"
    parts = []
    for name, width in widths.items():
        cell = cells[name]
        if cell_len(cell) > width:
            is_layer = name == "layer"
            cut = set_cell_size(cell, width - 1) + ellipsis
            cell = end_of(cell, width, ellipsis) if is_layer else cut
        fill = " " * (width - cell_len(cell))
        left = name in ("layer", "kind", "then")
        parts.append(cell + fill if left else fill + cell)
    return Text((" " * _GAP).join(parts).rstrip())
