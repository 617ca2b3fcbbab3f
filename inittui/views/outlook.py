"""What theory expects of a scheme in a model: a line, and the values of its first layer."""

from __future__ import annotations

import math

from rich.text import Text

from inittui.initializers.layer import format_shape
from inittui.results.expected_values import ExpectedValues
from inittui.results.outlook import Outlook
from inittui.text import short
from inittui.views.frame import legible
from inittui.views.histograms import small_histogram
from inittui.views.wording import growth_of


def expected_histogram(
    found: ExpectedValues, width: int, rows: int, *, ascii_only: bool = False
) -> Text:
    """Draw the values to expect in ``rows`` + 2 lines."""
    layer = found.layer
    shape = format_shape(layer.shape)
    of = f"{layer.name}, {shape}" if layer.name else f"an example, {shape}"
    title = legible(f"values of {of}", ascii_only)
    lines = small_histogram(
        [found.histogram], title=title, width=width, rows=rows, ascii_only=ascii_only
    )
    return Text("\n").join(lines)


def outlook_line(found: Outlook) -> str:
    """Return χ₁, the state, and over how many layers information lasts, of how many.

    Where a signal dies out or grows without end no correlation has a fixed point; then it is the
    gradient that lasts so long.
    """
    scales = found.scales
    if scales is None:
        return f"none: {found.refused}"
    begin = f"χ₁ {growth_of(scales.chi)}, {scales.state}"
    has = f"this net has {found.depth}"
    if not scales.is_stable:
        return f"{begin}, but the signal drifts; {has} layers"
    if scales.state == "critical":
        return f"{begin}: no limit; {has} layers"
    has_correlation = 0 < scales.q < math.inf
    lasts = scales.xi_correlation if has_correlation else scales.xi_gradient
    if not lasts:
        return f"{begin}: nothing passes a layer; {has}"
    return f"{begin}: ξ = {short(lasts, 2)} layers; {has}"
