"""Two sweeps at once: a map of cells, each with its digits and a shade that needs no colour."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.cells import cell_len
from rich.text import Text

from inittui.experiment.trials import Setting, format_setting
from inittui.results.comparison import Measure
from inittui.results.learning import chance_of, state_classes
from inittui.results.state import RunState
from inittui.results.sweep_results import Cell, Grid, title_of
from inittui.text import short
from inittui.views.chart.layout import legend_lines, paragraph, shortened
from inittui.views.chart.palette import COLORS, SeriesStyle
from inittui.views.frame import Frame
from inittui.views.wording import mean_over

Metric = Literal["accuracy", "loss"]

_SHADES, _IN_ASCII = " ░▒▓█", " .:+#"
"""From what guessing gives to the best of the map."""

_COLORS = ("", COLORS[3], COLORS[0], COLORS[2], COLORS[1])

_CELL = 6
"""Columns of a cell, the gap after it included."""

_WIDEST_LABEL = 11

_LEAST_SPAN = 0.02
"""Of accuracies, from guessing to the best: below it nothing is shaded."""

_LEAST_FALL = 0.05
"""Of losses, the same: below it the five shades would have the same digits."""

_NARROW_SPAN = 0.1
"""Of a map's accuracies: below it they are told to a tenth of a point."""


@dataclass(frozen=True, slots=True)
class Border:
    """A line over a map."""

    name: str
    mark: str = "═"
    """What is drawn between cells above each other."""
    mark_in_ascii: str = "="
    side: str = "║"
    """The same between cells beside each other."""
    side_in_ascii: str = "|"
    tops: Mapping[Setting, float] = field(default_factory=dict)
    """For a value of x the value of y that the line lies at."""
    sides: Mapping[Setting, Sequence[float]] = field(default_factory=dict)
    """For a value of y those of x that the line lies at."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """How numbers become digits and shades."""

    metric: Metric
    guessing: float
    best: float
    digits: int

    def level(self, value: float) -> int:
        """Return how dark a cell is, 0 to 4: by fifths of the way from guessing to the best."""
        if not self.is_shaded or not math.isfinite(value):
            return 0
        way = (value - self.guessing) / (self.best - self.guessing)
        return min(max(int(len(_SHADES) * way), 0), len(_SHADES) - 1)

    @property
    def is_shaded(self) -> bool:
        better = self.best - self.guessing
        return better >= _LEAST_SPAN if self.metric == "accuracy" else -better >= _LEAST_FALL

    def digits_and_level(self, cell: Cell | None, plain: bool) -> tuple[str, int]:
        """Return what stands in a cell and how dark it is."""
        if cell is None:
            return "", 0
        measured: Measure | None = getattr(cell, self.metric)
        gone = "x" if plain else "✕"
        if measured is None or cell.diverged == cell.trials:
            return (gone if cell.diverged else "." if plain else "·"), 0
        level = self.level(measured.mean)
        return self.write(measured.mean) + gone * bool(cell.diverged), level

    def threshold(self, level: int) -> str:
        return self.write(self.guessing + (self.best - self.guessing) * level / len(_SHADES))

    def write(self, value: float) -> str:
        if self.metric == "accuracy":
            return f"{100 * value:.{self.digits}f}"
        value += 0.0  # never -0
        return f"{value:.2f}" if abs(value) < 10 else _label(value, 2)


Place = tuple[Setting, Setting]
"""A cell by its values of x and y."""

CELL = "cell"
"""The meta data of a cell's text: its place."""

CHOSEN = "bold reverse"
"""How the marks beside the chosen cell are drawn; nothing else on a map is."""


@dataclass(frozen=True, slots=True)
class Titles:
    """What the two sweeps are called over a map."""

    across: str
    upwards: str


def heat_map(
    state: RunState,
    grid: Grid,
    frame: Frame,
    metric: Metric = "accuracy",
    borders: Sequence[Border] = (),
    titles: Titles | None = None,
    chosen: Place | None = None,
) -> list[Text]:
    """Draw one number of every cell, ``chosen`` between brackets; y's highest value is on top."""
    scale = _scale(state, grid, metric)
    drawing = _Drawing(grid, scale, frame, borders, chosen)
    titles = titles or Titles(title_of(grid.x), title_of(grid.y))
    lines = paragraph(frame.say(_title(state, grid, metric, titles)), frame.columns)
    return [*lines, *drawing.blocks(), *_legend(grid, scale, borders, frame)]


class _Drawing:
    """Cells of one width in as many blocks, below each other, as the columns take."""

    def __init__(
        self,
        grid: Grid,
        scale: _Scale,
        frame: Frame,
        borders: Sequence[Border],
        chosen: Place | None,
    ) -> None:
        self._grid, self._scale, self._borders, self._chosen = grid, scale, borders, chosen
        self._frame = frame
        self._plain = is_plain(frame)
        self._columns, self._rows = _labels(grid.x_values, frame), _labels(grid.y_values, frame)
        self._left = max(cell_len(label) for label in self._rows.values()) + 1
        widest = max(cell_len(label) for label in self._columns.values())
        self._cell = max(_CELL, widest + 1)

    def blocks(self) -> Iterator[Text]:
        room = max((self._frame.columns - self._left - 1) // self._cell, 1)
        for first in range(0, len(self._grid.x_values), room):
            yield from self._block(self._grid.x_values[first : first + room])

    def _block(self, xs: Sequence[Setting]) -> Iterator[Text]:
        upright, corner, level = "|+-" if self._plain else "│└─"
        above: Setting | None = None
        for y in self._grid.rows:
            if line := self._border(xs, above, y):
                yield Text(" " * self._left + upright) + line
            yield self._row(xs, y, upright)
            above = y
        if line := self._border(xs, above, None):
            yield Text(" " * self._left + upright) + line
        yield Text(" " * self._left + corner + level * (self._cell * len(xs) - 1))
        labels = "".join(_centred(self._columns[x], self._cell - 1) + " " for x in xs)
        yield Text(" " * (self._left + 1) + labels.rstrip())

    def _row(self, xs: Sequence[Setting], y: Setting, upright: str) -> Text:
        label = self._rows[y]
        row = Text(f"{' ' * (self._left - 1 - cell_len(label))}{label} ")
        gap = upright
        for place, x in enumerate(xs):
            is_chosen = (x, y) == self._chosen
            row.append(*(("[", CHOSEN) if is_chosen else (gap, "")))
            drawn = self._drawn(self._grid.cells.get((x, y)))
            drawn.apply_meta({CELL: (x, y)})
            row += drawn
            after = xs[place + 1] if place + 1 < len(xs) else None
            gap = self._side(x, after, y)
            if is_chosen:
                row.append("]", CHOSEN)
                gap = ""
        row.append(gap)
        row.rstrip()
        return row

    def _drawn(self, cell: Cell | None) -> Text:
        """Return a cell without the gap after it: its digits amid its shade."""
        room = self._cell - 1
        text, level = self._scale.digits_and_level(cell, self._plain)
        fill = (_IN_ASCII if self._plain else _SHADES)[level]
        before = (room - len(text)) // 2
        drawn = Text(fill * before, _COLORS[level])
        drawn.append(text, "bold" if level else "")
        return drawn.append(fill * (room - before - len(text)), _COLORS[level])

    def _side(self, x: Setting, after: Setting | None, y: Setting) -> str:
        """Return the gap after a cell: a border's mark where one lies there."""
        for border in self._borders:
            for place in border.sides.get(y, ()):
                if after is not None and float(x) <= place < float(after):
                    return border.side_in_ascii if self._plain else border.side
        return " "

    def _border(self, xs: Sequence[Setting], above: Setting | None, y: Setting | None) -> Text:
        """Return the line between the rows of two values of y; empty where no border lies there.

        None stands for what is beyond the highest row, and beyond the lowest.
        """
        line = ""
        for x in xs:
            found = (
                border.mark_in_ascii if self._plain else border.mark
                for border in self._borders
                if above is not None
                and x in border.tops
                and (-math.inf if y is None else float(y)) <= border.tops[x] < float(above)
            )
            line += next(found, " ") * (self._cell - 1) + " "
        return Text(line.rstrip())


def is_plain(frame: Frame) -> bool:
    return frame.ascii_only or frame.marker == "ascii"


def _scale(state: RunState, grid: Grid, metric: Metric) -> _Scale:
    cells = [cell for cell in grid.cells.values() if cell.diverged < cell.trials]
    measures = [getattr(cell, metric) for cell in cells]
    known = [each.mean for each in measures if each is not None and math.isfinite(each.mean)]
    if metric == "accuracy":
        guessing = chance_of(state) or 0.0
        narrow = len(known) > 1 and max(known) - min(known) < _NARROW_SPAN
        return _Scale(metric, guessing, max(known, default=0.0), 1 if narrow else 0)
    classes = state_classes(state)
    guessing = math.log(classes) if classes > 1 else max(known, default=0.0)
    return _Scale(metric, guessing, min(known, default=guessing), 0)


def _title(state: RunState, grid: Grid, metric: Metric, titles: Titles) -> str:
    measures: list[Measure | None] = [getattr(cell, metric) for cell in grid.cells.values()]
    mean = mean_over([each.n for each in measures if each is not None])
    of = f"{grid.name}: " if grid.name else ""
    unit = " in %" if metric == "accuracy" else ""
    axes = f"across: {titles.across}, upwards: {titles.upwards}"
    return f"{of}{state.evaluated_on} {metric}{unit}; {axes}{mean}"


def _legend(grid: Grid, scale: _Scale, borders: Sequence[Border], frame: Frame) -> Iterator[Text]:
    entries: list[tuple[str, SeriesStyle]] = []
    if scale.is_shaded:
        relation, unit = ("from", " %") if scale.metric == "accuracy" else ("to", "")
        entries += [
            (f"{relation} {scale.threshold(level)}{unit}", SeriesStyle(color, shade, letter))
            for level, (color, shade, letter) in enumerate(
                zip(_COLORS, _SHADES, _IN_ASCII, strict=True)
            )
            if level
        ]
    if any(cell.diverged for cell in grid.cells.values()):
        entries.append(("diverged", SeriesStyle("", "✕", "x")))
    if any(_is_open(cell) for cell in grid.cells.values()):
        entries.append(("not yet validated", SeriesStyle("", "·", ".")))
    plain = is_plain(frame)
    yield from legend_lines(entries, frame.columns, 4, ascii_only=plain, sign=frame.ellipsis)
    for border in borders:
        mark, in_ascii = (border.mark * 2, border.mark_in_ascii * 2) if border.tops else (
            border.side, border.side_in_ascii
        )  # fmt: skip
        said = frame.say(border.name)
        yield from paragraph(f"{in_ascii if plain else mark} {said}", frame.columns)


def _is_open(cell: Cell) -> bool:
    return cell.accuracy is None and not cell.diverged


def _centred(text: str, width: int) -> str:
    before = (width - cell_len(text)) // 2
    return " " * before + text + " " * (width - cell_len(text) - before)


def _labels(values: Sequence[Setting], frame: Frame) -> dict[Setting, str]:
    """Return each value as exactly as a cell has room for, at least so that they differ."""
    most, sign = min(_WIDEST_LABEL, frame.columns // 2 - 3), frame.ellipsis
    found: dict[Setting, str] = {}
    for digits in (4, 3, 2):
        labels = {
            value: shortened(frame.say(_label(value, digits)), most, sign) for value in values
        }
        if found and len(set(labels.values())) < len(values):
            break
        found = labels
        if max(map(cell_len, found.values())) < _CELL:
            break
    return found


def _label(value: Setting, digits: int) -> str:
    if not isinstance(value, float):
        return format_setting(value)
    plain = short(value, digits)
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return min(plain, f"{float(mantissa):g}e{int(exponent)}", key=len) if exponent else plain
