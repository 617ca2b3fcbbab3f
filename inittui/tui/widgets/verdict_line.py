"""What was seen of a run that has ended: the beginning of the verdict, or all of it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from inittui.tui.clickable import pressing
from inittui.tui.form_words import in_form_words
from inittui.tui.host import key_for, name_here
from inittui.tui.open_run import OpenRun
from inittui.views.chart.layout import first_lines, paragraph
from inittui.views.frame import Frame

ROOMY = 30
"""Lines from which there is room for more than one on what was seen, and for one on the pace."""

_SHARE = 8
"""Of how many lines what was seen has one, where there is room."""

_BESIDE = 14
"""Lines that bars, chart and table keep where all is told that was seen."""

_KEY = ("compare.verdict", "z")


class VerdictLine(Static):
    whole = False
    """Whether all that was seen is told, where there is little room too."""

    def __init__(self) -> None:
        super().__init__(id="verdict", markup=False)
        self.sentence = ""
        """All that was seen."""
        self._made_for: object = None

    def tell(self, run: OpenRun | None, frame: Frame) -> None:
        """Tell what was seen of a run: its beginning, or as much as leaves room for the rest.

        Nothing while it goes on, or of no run.
        """
        text = Text()
        if run is not None and not run.is_live:
            self._conclude(run, frame)
            text = self._told(frame)
        self.display = bool(text)
        if str(self.content) != text.plain:
            self.update(text)

    def _conclude(self, run: OpenRun, frame: Frame) -> None:
        made_for = (run.id, run.state.version, frame.ascii_only)
        if made_for != self._made_for:
            from inittui.views.conclusions import sentence

            self._made_for = made_for
            self.sentence = in_form_words(sentence(run.state, run.summaries, frame))

    def _told(self, frame: Frame) -> Text:
        height, sign = self.app.size.height, frame.ellipsis
        most = height // _SHARE if height >= ROOMY else 1
        if self.whole:
            most = max(height - _BESIDE, most)
        else:
            sign += f" ({key_for(self, *_KEY)})"
        lines = paragraph(self.sentence, frame.columns)
        text = Text("\n").join(first_lines(lines, most, frame.columns, sign))
        text.stylize(pressing(name_here(self, *_KEY)))
        return text
