"""A coordinate check as a person sees it: sizes and changes by width, slopes and verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from inittui.experiment.records import Experiment
from inittui.experiment.scheme import format_number
from inittui.results.widths import (
    STAYS,
    SURELY_STAYS,
    Slope,
    by_scheme,
    growing,
    undecided,
    verdict_of,
)
from inittui.text import short
from inittui.views.chart.layout import paragraph
from inittui.views.columns import Column, fit, heading, left_out, row_line
from inittui.views.frame import Frame
from inittui.views.probe_selection import pixels

_STYLES = {"grows": "bold red", "shrinks": "bold yellow", "not finite": "bold red",
           "unclear": "dim", "still": "dim", "stays": "green"}  # fmt: skip

_MOST_NAMED = 3


def widths_report(
    experiment: Experiment, slopes: Sequence[Slope], frame: Frame, *, steps: int
) -> RenderableType:
    """Return a table for each scheme and what it comes to.

    Of each layer it has the size at the start and the changes after the first and the last step.
    """
    parts: list[RenderableType] = [*_header(experiment, frame, steps)]
    for of in by_scheme(slopes):
        shown = [each for each in of if each.step in (0, 1, steps)]
        parts += [Text(), Text(frame.say(of[0].scheme), "bold"), *_table(shown, frame)]
        for said in conclusions(of):
            parts += paragraph(frame.say(said), frame.columns)
    parts += [Text(), *paragraph(frame.say(_words(slopes)), frame.columns, "dim")]
    return Group(*parts)


def _words(slopes: Sequence[Slope]) -> str:
    is_half = any(len(each.widths) < len(each.means) for each in slopes)  # of two it is both
    of_changes = "; of changes over the upper half of the widths" if is_half else ""
    return (
        "start: mean |output| of the layer before its nonlinearity. after: mean |output − output "
        "at the start|. slope: b of width^b, by least squares over widths and seeds, with its 95 % "
        f"interval{of_changes}. stays: at most {STAYS:g} either way, and the interval at most "
        f"{SURELY_STAYS:g}; grows, shrinks: more, and the interval leaves out 0; unclear: neither; "
        "still: 0 at all widths."
    )


def _header(experiment: Experiment, frame: Frame, steps: int) -> list[Text]:
    model, training = experiment.model, experiment.training
    seeds = experiment.seeds
    several = f"{len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}"
    said = (
        f"Coordinate check of {model.name} on {experiment.data.name}{pixels(experiment)}: "
        f"{steps} step{'s' if steps > 1 else ''} of {training.optimizer} "
        f"{format_number(training.lr)}, batch {training.batch_size}, {several}"
    )
    return paragraph(frame.say(said), frame.columns, "bold")


def _table(rows: Sequence[Slope], frame: Frame) -> Iterator[Text]:
    widths = list(rows[0].means)
    inner = {width: 2 + place for place, width in enumerate(widths[1:-1])}
    columns: list[Column[Slope]] = [
        Column("layer", lambda row: frame.say(row.layer, 60), least=5),
        Column("", lambda row: f"after {row.step}" if row.step else "start"),
        *(
            Column(str(width), _mean(width), rank=inner.get(width, 0), right=True)
            for width in widths
        ),
        Column("slope", lambda row: frame.say(_slope(row)), right=True),
        Column("", lambda row: Text(row.verdict, _STYLES[row.verdict])),
    ]
    shown = fit(columns, rows, frame.columns)
    yield Text(heading(shown, frame.ellipsis).plain, "dim")
    for row in rows:
        yield row_line(shown, row, frame.ellipsis)
    if missing := left_out(columns, shown, frame.columns):
        yield missing


def _mean(width: int) -> Callable[[Slope], str]:
    return lambda row: _short(row.means.get(width, math.nan))


def _short(value: float) -> str:
    """Return a size in at most five characters."""
    if not math.isfinite(value):
        return "-"
    if 0.1 <= value < 100:
        return f"{value:.2f}"
    return short(value, 2) if 1e-3 <= value < 1e4 or value == 0 else f"{value:.0e}"


def _slope(row: Slope) -> str:
    """Return slope and margin in two decimals, or in as many as its verdict can be read from."""
    if math.isnan(row.slope):
        return "-"
    if not math.isfinite(row.high):
        return _exponent(row.slope, "+")
    margin = row.high - row.slope
    for decimals in range(2, _MOST_DECIMALS):
        slope, around = round(row.slope, decimals), round(margin, decimals)
        if verdict_of(slope, slope - around, slope + around) == row.verdict:
            break
    return f"{row.slope:+z.{decimals}f} ± {margin:.{decimals}f}"


def _exponent(slope: float, sign: str = "") -> str:
    """Return a slope alone in two decimals, or in as many as tell one that is too large to stay."""
    for decimals in range(2, _MOST_DECIMALS):
        text = f"{slope:{sign}z.{decimals}f}"  # never -0.00
        if (abs(float(text)) > STAYS) == (abs(slope) > STAYS):
            break
    return text


_MOST_DECIMALS = 8


def conclusions(slopes: Sequence[Slope]) -> Iterator[str]:
    """Yield what the slopes of one scheme come to, after all steps: as `growing` is asked.

    What a wider network needs follows from the change after all steps, not from one on the way.
    """
    if any(_starts_as_mup(each) for each in slopes):
        yield "At the start the logits shrink as about width^−½: under μP that is meant."
    last = max((each.step for each in slopes), default=0)
    ends = [each for each in slopes if each.step == last > 0]
    at_end = {each.layer: each.verdict for each in ends}
    still = [each for each in ends if each.verdict == "still"]
    if still:
        yield f"{_names(still)}: outputs don't change in these steps, at no width."
    moving, unclear = growing(slopes), undecided(slopes)
    if not moving and not unclear:
        if len(still) < len(at_end):
            yield (
                "Changes stay: by these steps a wider network moves as far as a narrow one, under "
                "the same learning rate."
            )
        return
    infinite = [each for each in moving if each.verdict == "not finite"]
    begun = {each.layer for each in slopes if each.step == 0 and each.verdict == "not finite"}
    at_once = [each for each in infinite if each.layer in begun]
    later = [each for each in infinite if each.layer not in begun]
    if at_once:  # what follows from it is no matter of the learning rate
        so = f", and so {_names(later)} after a step" if later else ""
        yield f"{_names(at_once)}: not finite at the start{so}; take smaller start values."
    elif later:
        yield f"{_names(later)}: not finite; take a smaller learning rate."
    for verdict, means in (("grows", "smaller"), ("shrinks", "larger")):
        of = [each for each in moving if each.verdict == verdict]
        lasting = [each for each in of if at_end[each.layer] == verdict]
        passing = [each for each in of if at_end[each.layer] not in (verdict, "not finite")]
        if lasting:
            worst = _worst(each for each in lasting if each.step == last)
            yield (
                f"The change of {_names(lasting)} {verdict} with the width, {_law(worst)}: to "
                f"move as far there in these steps, a wider network needs a {means} learning rate."
            )
        if passing:
            worst = _worst(passing)
            yield (
                f"On the way the change of {_names(passing)} {verdict} with the width, "
                f"{_law(worst)}, but not clearly after all {last} "
                "steps: that asks for no other learning rate."
            )
    if unclear:
        yield cant_tell(unclear)


def cant_tell(unclear: Sequence[Slope]) -> str:
    """Say of which layers these widths and seeds can't tell whether their changes stay."""
    worst = _worst(unclear)
    seen = f": {_after(worst)} the slope is {_slope(worst)}" if math.isfinite(worst.slope) else ""
    return (
        f"These widths and seeds can't tell whether the change of {_names(unclear)} stays{seen}. "
        "More seeds or widths may."
    )


def _worst(of: Iterable[Slope]) -> Slope:
    return max(of, key=lambda each: abs(each.slope) if math.isfinite(each.slope) else -1.0)


def _after(row: Slope) -> str:
    return f"of {row.layer} after {row.step} step{'s' if row.step > 1 else ''}"


def _law(row: Slope) -> str:
    return f"{_after(row)} as width^{_exponent(row.slope)}"


def _starts_as_mup(row: Slope) -> bool:
    is_start = row.step == 0 and row.scheme.partition(":")[0] == "mup"
    return is_start and row.verdict == "shrinks" and abs(row.slope + 0.5) <= STAYS


def _names(of: Sequence[Slope]) -> str:
    names = list(dict.fromkeys(each.layer for each in of))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
