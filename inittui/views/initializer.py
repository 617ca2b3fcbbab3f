"""One initializer in detail: what it says of itself, and the values that it gives a layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inittui.initializers.description import Description
from inittui.initializers.distributions import Distribution
from inittui.initializers.layer import format_shape
from inittui.initializers.sampling import Sample
from inittui.text import in_percent
from inittui.views.chart.plots import histogram
from inittui.views.density import density_curve
from inittui.views.frame import Frame

_HEIGHT = 15
"""Lines of the histogram."""


def initializer_detail(sample: Sample, frame: Frame, *, density: bool = False) -> Group:
    """Draw a sample; with ``density`` a smooth curve stands over the histogram."""
    parts: list[RenderableType] = [*_heading(sample, frame), Text(), _layer_line(sample, frame)]
    picture = _smooth(sample, frame) if density else _histogram(sample, frame)
    parts += [picture, Text(), _statistics(sample, frame)]
    if sample.distribution is not None and len(sample.atom_shares) > 0:
        parts += [Text(), _atoms(sample.distribution, sample.atom_shares, frame)]
    return Group(*parts)


def _heading(sample: Sample, frame: Frame) -> list[RenderableType]:
    description = sample.description
    title = Text(frame.say(sample.call), "bold")
    if description is None:
        said = f"a function of one's own{': ' if sample.formula else ''}{sample.formula}"
        return [title, Text(frame.say(said))]
    if description.aliases:
        title.append(f" (also {', '.join(description.aliases)})", "dim")
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("values", frame.say(description.formula))
    for index, parameter in enumerate(description.parameters):
        line = Text(f"{parameter.name}={frame.say(parameter.shown_default)}", "cyan")
        line.append(f"  {frame.say(parameter.meaning)}", "default")
        if parameter.constraint:
            line.append(f"; {parameter.constraint}", "dim")
        facts.add_row("" if index else "parameters", line)
    facts.add_row("bias", _bias(description, frame))
    facts.add_row("source", frame.say(description.source))
    return [title, Text(frame.say(description.summary)), Text(), facts]


def _bias(description: Description, frame: Frame) -> str:
    own = "the module's own" if description.own_reset else "0"
    able = "; can itself fill a bias" if description.on_bias else ""
    return frame.say(f"{own}{able}")


def _layer_line(sample: Sample, frame: Frame) -> Text:
    layer = sample.layer
    facts = (
        f"layer {format_shape(layer.shape)}",
        f"fan_in {layer.fan_in:,}",
        f"fan_out {layer.fan_out:,}",
        f"followed by {layer.follower.name}",
        f"seed {sample.seed}",
    )
    return Text(frame.say(", ".join(facts)), "bold")


def _histogram(sample: Sample, frame: Frame) -> Text:
    expected = sample.expected_counts
    size = sample.size
    title = "share of values, in %"
    scale = [100 / size] * len(sample.counts)
    if not (sample.distribution and sample.distribution.atoms):
        title = "density"
        scale = [1 / (size * (high - low)) for low, high in pairwise(sample.edges)]
    return histogram(
        [count * factor for count, factor in zip(sample.counts, scale, strict=True)],
        sample.edges,
        width=frame.columns,
        height=_HEIGHT,
        density=expected
        and [count * factor for count, factor in zip(expected, scale, strict=True)],
        ascii_only=frame.ascii_only,
        title=title,
    )


def _smooth(sample: Sample, frame: Frame) -> Text:
    middles = [(low + high) / 2 for low, high in pairwise(sample.edges)]
    scale = [1 / (sample.size * (high - low)) for low, high in pairwise(sample.edges)]
    return histogram(
        [count * factor for count, factor in zip(sample.counts, scale, strict=True)],
        sample.edges,
        width=frame.columns,
        height=_HEIGHT,
        density=density_curve(sample.counts, sample.edges, middles),
        density_name="smooth density",
        ascii_only=frame.ascii_only,
        title="density",
    )


def _statistics(sample: Sample, frame: Frame) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for name in ("mean", "std", "min", "max"):
        table.add_column(name, justify="right")
    for name, row in (("expected", sample.expected), ("measured", sample.measured)):
        if row is not None:
            numbers = (row.mean, row.std, row.min, row.max)
            table.add_row(name, *(frame.say(f"{number:.4g}") for number in numbers))
    return table


def _atoms(distribution: Distribution, measured: Sequence[float], frame: Frame) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("value", "expected share", "measured share"):
        table.add_column(name, justify="right")
    for (value, share), found in zip(distribution.atoms, measured, strict=True):
        table.add_row(
            *(
                frame.say(text)
                for text in (f"{value:.4g}", f"{in_percent(share, 4)}%", f"{in_percent(found, 4)}%")
            )
        )
    return table
