"""Models: the list of them, and the layers of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inittui.experiment.inputs import Input
from inittui.experiment.models import MODELS, LayerRow, ModelDescription, Option
from inittui.initializers.apply import Written
from inittui.text import in_ascii, number_of
from inittui.views.chart.layout import end_of, paragraph
from inittui.views.columns import Column, fit, heading, row_line
from inittui.views.frame import Frame
from inittui.views.start_values import start_table

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
    inputs: tuple[Input, ...]
    rows: tuple[LayerRow, ...]
    scheme: str = ""
    """What wrote its start values; empty where nothing was asked for."""
    written: tuple[Written, ...] = ()
    """Who wrote each parameter under that scheme."""

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)


def models_list(frame: Frame) -> RenderableType:
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
    shown = [str(each) if each.ids else shape_text(each.shape) for each in model.inputs]
    title = f"{model.name}, inputs of {' and '.join(shown)}"
    own = sum(row.parameters > 0 for row in model.rows)
    have = "has" if own == 1 else "have"
    layers = number_of(len(model.rows), "layer")
    total = f"{number_of(model.parameters, 'parameter')}; {own} of {layers} {have} some"
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
        *_start(model, frame),
        *paragraph(frame.say(total), frame.columns, "bold"),
        *(line for note in notes for line in paragraph(frame.say(note), frame.columns, "dim")),
    )


def _start(model: ModelSummary, frame: Frame) -> list[RenderableType]:
    if not model.scheme:
        return []
    written = [(each.initializer, each.parameter) for each in model.written]
    return [*start_table(model.scheme, written, frame), Text()]


def _layer_lines(rows: Sequence[LayerRow], frame: Frame) -> Text:
    columns: list[Column[LayerRow]] = [
        Column("layer", lambda row: frame.say(row.name or "(itself)", 300), least=12, cut=end_of),
        Column("kind", lambda row: frame.say(row.kind, 100), 5, least=11),
        Column("output", lambda row: frame.say(_output(row)), 3, right=True),
        Column("parameters", lambda row: _count(row.parameters or None), right=True),
        Column("fan_in", lambda row: _count(row.fan_in), 2, right=True),
        Column("fan_out", lambda row: _count(row.fan_out), 4, right=True),
        Column("then", lambda row: frame.say(row.nonlinearity or "-"), 1),
    ]
    shown = fit(columns, rows, frame.columns)
    ellipsis = in_ascii("…", keep_width=True) if frame.ascii_only else "…"
    lines = [heading(shown, ellipsis), *(row_line(shown, row, ellipsis) for row in rows)]
    lines[0].stylize("bold")
    for line, row in zip(lines[1:], rows, strict=True):
        if row.fan_in is None:
            line.stylize("dim")
    return Text("\n").join(lines)


def _output(row: LayerRow) -> str:
    return "-" if row.output is None else shape_text(row.output)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
