"""The colours of series on a terminal of 16."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from inittui.views.chart.palette import in_16_colors


class FewColors(LineFilter):
    """Keeps series apart whose next colours among the 16 are the same."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(segment.text, in_16_colors(segment.style), segment.control)
            if segment.style
            else segment
            for segment in segments
        ]
