"""The colours of series on a terminal of 16."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from inittui.views.chart.palette import segment_in_16_colors


class FewColors(LineFilter):
    """Keeps series apart whose next colours among the 16 are the same."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [*map(segment_in_16_colors, segments)]
