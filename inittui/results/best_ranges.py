"""Which value of a sweep is best, in words, and what can't be told from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from inittui.experiment.trials import format_setting
from inittui.results.comparison import FEWEST_SEEDS, MOST_COMPARED
from inittui.results.learning import Learning
from inittui.results.sweep_results import NEAR_BEST, Axis, Curve, Point
from inittui.text import in_percent, joined, short

_MOST_NAMED = 5
"""Values in one list; the rest is counted."""

MOST_SENTENCES = 4
"""Curves that are each spoken of; of more only the best one is."""


def best_ranges(axis: Axis, is_behind: Callable[[str, str], bool]) -> list[str]:
    """Return a sentence for each curve; one for the best where there are many.

    ``is_behind`` is what `told_apart` returns, so that the run's table says the same.
    """
    curves = [curve for curve in axis.curves if curve.best is not None]
    if not any(curve.trained for curve in axis.curves):
        return [f"So far no value of {axis.title} was trained to the end."]
    if len(curves) > MOST_SENTENCES:
        curves = [max(curves, key=_best_mean)]
    said = [_best_range(axis, curve, is_behind) for curve in curves]
    if len(axis.curves) == 1:
        return [text[0].upper() + text[1:] for text in said]
    return [f"{curve.name}: {text}" for curve, text in zip(curves, said, strict=True)]


def _best_range(axis: Axis, curve: Curve, is_behind: Callable[[str, str], bool]) -> str:
    best = curve.best
    assert best is not None and best.final is not None
    top = in_percent(_best_mean(curve))
    of = _of_trained(curve)
    judged = [point.learning for point in curve.points if point.learning is not None]
    if judged and not any(each.learns for each in judged):
        return f"{of}{_none_learns(axis, judged, _best_mean(curve))}"
    value, near = format_setting(best.value), curve.best_range
    places = [value]
    others = [p for p in curve.points if p.final is not None and p.is_sound and p is not best]
    doubtful = [point for point in others if not is_behind(point.scheme, best.scheme)]
    what = "mean accuracy" if best.final.n > 1 else "accuracy"
    if not others:
        said = f"{axis.title} {value} reaches {top} %"
    elif not doubtful:
        said = f"the best {axis.title} is {value}, with {top} %"
    else:
        equal = [p for p in doubtful if p.final and math.isclose(p.final.mean, best.final.mean)]
        places = [value, *(format_setting(point.value) for point in equal)]
        said = f"the highest {what}, {top} %, is at {axis.title} {joined(places, _MOST_NAMED)}"
    if best.diverged and len(places) == 1:
        said += f", where {_diverged(best)} diverged"
    if axis.is_numeric and len(near) > 1:
        low, high = format_setting(near[0].value), format_setting(near[-1].value)
        said += f"; from {low} to {high} it is within {100 * NEAR_BEST:g} point of that"
    return f"{of}{said}{_doubt(best, doubtful)}."


def _diverged(point: Point) -> str:
    if point.diverged == point.trials:
        return "it" if point.trials == 1 else f"all {point.trials} seeds"
    return f"{point.diverged} of {point.trials} seeds"


def _doubt(best: Point, doubtful: Sequence[Point]) -> str:
    """Say which values may be as good as the best one, or why that can't be told."""
    if not doubtful or best.final is None:
        return ""
    compared = [p for p in (best, *doubtful) if p.final is not None and p.final.n >= FEWEST_SEEDS]
    if best not in compared or len(compared) == 1:
        fewest = min(p.final.n for p in (best, *doubtful) if p.final is not None)
        seeds = "one seed" if fewest == 1 else f"{fewest} seeds"
        return f"; {seeds} can't rank what lies close together"
    if len(compared) > MOST_COMPARED:
        return f"; more than {MOST_COMPARED} are not ranked"
    names = [format_setting(point.value) for point in doubtful]
    return f"; {joined(names, _MOST_NAMED)} can't be told from {format_setting(best.value)}"


def _none_learns(axis: Axis, judged: Sequence[Learning], top: float) -> str:
    """Say that no value does better than guessing, or that it can't be told."""
    guess = short(100 * judged[0].chance)
    best = f"the accuracy is at most {in_percent(top)} %, guessing gives {guess} %"
    if any(each.verdict == "too few images" for each in judged):
        return (
            f"at no {axis.title} can it be told from {judged[0].images} validated images whether "
            f"it learns; {best}."
        )
    if any(each.said_as in ("as untrained", "by seeds") for each in judged):
        return (
            f"at no {axis.title} does it differ from guessing by more than untrained networks may; "
            f"{best}."
        )
    exploded = [each for each in judged if each.verdict == "loss explodes"]
    if exploded:
        lowest = min(each.loss for each in exploded)
        guessing = short(exploded[0].loss_of_guessing)
        best += f"; above that the loss is at least {short(lowest)}, guessing has {guessing}"
    return f"at no {axis.title} does it learn; {best}."


def _of_trained(curve: Curve) -> str:
    """Say of how many values a sentence is, where not all were trained to the end."""
    trained, values = len(curve.trained), len(curve.points)
    return "" if trained == values else f"of {trained} of {values} values trained to the end, "


def _best_mean(curve: Curve) -> float:
    best = curve.best
    return -math.inf if best is None or best.final is None else best.final.mean
