"""The catalogue of initializers as a table, for the terminal and for Markdown."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from inittui.initializers import CATALOGUE
from inittui.initializers.description import Description
from inittui.views.chart.layout import first_lines, paragraph
from inittui.views.frame import Frame

_FOUR_COLUMNS = 110
"""Columns from which formula, parameters and source stand beside each other."""

_NAME_COLUMNS = 8
"""Of the names of facts: values, takes, source."""


def shown_parameters(description: Description) -> str:
    """Return the parameters with their defaults: mean=0, std=1/√fan_in."""
    return ", ".join(f"{p.name}={p.shown_default}" for p in description.parameters)


def initializer_summary(description: Description, frame: Frame, most: int) -> Text:
    """Say what it is, what values it gives, what it takes and its source, in ``most`` lines.

    What there is no room for ends in an ellipsis; the source goes first.
    """
    values = _fact("values", description.formula, frame, 2)
    takes = _fact("takes", shown_parameters(description) or "none", frame, 1, "dim")
    room = max(most - len(values) - len(takes), 1)
    summary = paragraph(frame.say(description.summary), frame.columns)
    lines = [*first_lines(summary, room, frame.columns, frame.ellipsis), *values, *takes]
    lines += _fact("source", description.source, frame, max(most - len(lines), 0), "dim")
    return Text("\n").join(lines)


def _fact(name: str, value: str, frame: Frame, most: int, style: str = "") -> list[Text]:
    width = frame.columns - _NAME_COLUMNS
    lines = first_lines(paragraph(frame.say(value), width), most, width, frame.ellipsis)
    names = [name, *[""] * len(lines)]
    return [
        Text.assemble(f"{each:<{_NAME_COLUMNS}}", line, style=style)
        for each, line in zip(names, lines, strict=False)
    ]


def catalogue_table(frame: Frame) -> Table:
    """Return every initializer with its aliases, formula, parameters and source.

    Where it is narrow the last three stand one below the other.
    """
    wide = frame.columns >= _FOUR_COLUMNS
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("name (aliases)", no_wrap=True)
    if wide:
        table.add_column("values", ratio=5, overflow="fold")
        table.add_column("parameters", ratio=4, overflow="fold")
        table.add_column("source", ratio=5, overflow="fold", style="dim")
    else:
        table.add_column("values, parameters, source", overflow="fold")
    for description in CATALOGUE.values():
        name = Text(description.name, "bold")
        for alias in description.aliases:
            name.append(f"\n({alias})", "dim")
        formula = frame.say(description.formula)
        parameters = frame.say(shown_parameters(description))
        source = frame.say(description.source)
        if wide:
            table.add_row(name, formula, parameters, source)
        else:
            block = Text(formula)
            if parameters:
                block.append(f"\n{parameters}", "cyan")
            block.append(f"\n{source}", "dim")
            table.add_row(name, block)
    return table


def catalogue_markdown() -> str:
    rows = ["| name (aliases) | values | parameters | source |", "| --- | --- | --- | --- |"]
    for description in CATALOGUE.values():
        aliases = ", ".join(f"`{alias}`" for alias in description.aliases)
        name = f"`{description.name}`" + (f" ({aliases})" if aliases else "")
        parameters = ", ".join(f"`{p.name}={p.shown_default}`" for p in description.parameters)
        rows.append(f"| {name} | {description.formula} | {parameters} | {description.source} |")
    return "\n".join(rows) + "\n"
