"""One initializer in detail: what it says of itself, and the values that it gives a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from inittui.initializers.description import Description
from inittui.initializers.distributions import Distribution, extremes
from inittui.initializers.layer import LayerContext, format_shape
from inittui.views.frame import Frame
from inittui.views.plots import histogram

_HEIGHT = 15
"""Lines of the histogram."""

_PARTS = 8
"""Of a bin, where a density is integrated over it."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean, standard deviation and range of some values."""

    mean: float
    std: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The values that an initializer gave one layer."""

    call: str
    """The initializer with its parameters, as a scheme writes it."""
    layer: LayerContext
    seed: int
    measured: Statistics
    counts: tuple[int, ...]
    edges: tuple[float, ...]
    """One more than the counts."""
    description: Description | None = None
    """None for one's own function."""
    formula: str = ""
    """What the author of one's own function says that it gives."""
    distribution: Distribution | None = None
    """What is expected; None for one's own function."""
    atom_shares: tuple[float, ...] = ()
    """Measured share of each of the distribution's atoms."""

    @property
    def size(self) -> int:
        """Number of values."""
        return sum(self.counts)

    @property
    def expected(self) -> Statistics | None:
        """What the distribution says of so many values: min and max are those to expect."""
        if self.distribution is None:
            return None
        low, high = extremes(self.distribution, self.size)
        return Statistics(self.distribution.mean, self.distribution.std, low, high)

    @property
    def expected_counts(self) -> tuple[float, ...] | None:
        """How many values are expected in each bin."""
        distribution = self.distribution
        if distribution is None:
            return None
        last = self.edges[-1]
        shares = (
            _integral(distribution.density, low, high)
            + sum(p for v, p in distribution.atoms if low <= v < high or v == high == last)
            for low, high in pairwise(self.edges)
        )
        return tuple(self.size * share for share in shares)


def _integral(density: Callable[[float], float], low: float, high: float) -> float:
    """Integrate a density over one bin, roughly: bins are narrow."""
    width = (high - low) / _PARTS
    return width * sum(density(low + (part + 0.5) * width) for part in range(_PARTS))


def initializer_detail(sample: Sample, frame: Frame) -> Group:
    """Return the description, the histogram over its expectation, and the statistics."""
    parts: list[RenderableType] = [*_heading(sample, frame), Text(), _layer_line(sample, frame)]
    parts += [_histogram(sample, frame), Text(), _statistics(sample, frame)]
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
            *(frame.say(text) for text in (f"{value:.4g}", f"{share:.4%}", f"{found:.4%}"))
        )
    return table
