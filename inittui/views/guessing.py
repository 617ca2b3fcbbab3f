"""Who does no better than guessing, by accuracy or by loss, and who can't be judged."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inittui.experiment.records import Evaluated
from inittui.results.learning import Learning
from inittui.results.summary import SchemeSummary
from inittui.text import apart, in_percent, joined, short

MOST_NAMES = 5

_STANDS_STILL = ", and its training loss doesn't fall: it doesn't learn"

_VERDICTS = ("at chance", "by seeds", "below chance", "as untrained", "too few images")


def on_guessing(measured: Sequence[SchemeSummary], on: Evaluated) -> list[str]:
    """Say who does no better than guessing, by accuracy or by loss, and who can't be judged."""
    judged: dict[str, list[tuple[SchemeSummary, Learning]]] = {}
    alike: dict[tuple[str, int], list[SchemeSummary]] = {}
    for one in measured:
        if one.learning is not None:
            judged.setdefault(one.learning.said_as, []).append((one, one.learning))
            alike.setdefault((one.learning.said_as, _number(one.learning)), []).append(one)
    parts = [
        _in_words(verdict, found, found[0].learning, on)
        for verdict in _VERDICTS
        for (of, _), found in alike.items()
        if of == verdict and found[0].learning is not None
    ]
    parts += [
        f"Under {said.seeds_at_chance} of {said.seeds} seeds {one.scheme} can't be told from "
        f"guessing (about {short(100 * said.chance)} %)."
        for one in measured
        if (said := one.learning) is not None and said.seeds_at_chance
    ]
    parts += [
        f"{one.scheme} is right in {in_percent(said.accuracy)} %, but its {_loss(one, on)}"
        f"{_far_above(said)}{_STANDS_STILL if said.loss_falls is False else ''}."
        for one, said in judged.get("loss explodes", [])
    ]
    above = [(one, said) for one, said in judged.get("learns", []) if said.is_overconfident]
    parts += [
        f"The {_loss(one, on)} of {one.scheme}, {loss}, is above that of guessing ({guessing})."
        for one, said in above
        for loss, guessing in [apart(said.loss, said.loss_of_guessing)]
    ]
    return parts


def _number(said: Learning) -> int:
    """Return the number that is told of a verdict: what has another is told by itself."""
    if said.said_as == "by seeds":
        return said.seeds
    return said.images if said.said_as == "too few images" else 0


def _loss(one: SchemeSummary, on: Evaluated) -> str:
    """Return what the judged loss is called: of several seeds it is the median, unlike tables'."""
    several = one.val_loss is not None and one.val_loss.n > 1
    return f"{'median ' if several else ''}{on} loss"


def _far_above(said: Learning) -> str:
    if not math.isfinite(said.loss):
        return " isn't finite"
    times = short(said.loss / said.loss_of_guessing, 2)
    return (
        f", {short(said.loss)}, is still {times} times that of guessing "
        f"({short(said.loss_of_guessing)})"
    )


def _in_words(verdict: str, found: Sequence[SchemeSummary], said: Learning, on: Evaluated) -> str:
    one = len(found) == 1
    guessing = f"about {short(100 * said.chance)} %"
    if verdict == "at chance":
        return f"{names(found)} {'stays' if one else 'stay'} at chance ({guessing})."
    if verdict == "by seeds":
        return f"{said.seeds} seeds can't tell {names(found)} from guessing ({guessing})."
    if verdict == "below chance":
        return f"{names(found)} {'is' if one else 'are'} worse than guessing ({guessing})."
    if verdict == "as untrained":
        differ = "differs" if one else "differ"
        return (
            f"{names(found)} {differ} from guessing ({guessing}) by no more than untrained "
            "networks may."
        )
    kind = "test" if on == "test" else "validated"
    images = f"{said.images} {kind} image{'s' if said.images > 1 else ''}"
    do = "does" if one else "do"
    return f"{images} can't tell whether {names(found)} {do} better than guessing."


def names(schemes: Sequence[SchemeSummary]) -> str:
    """Return "a", "a and b", "a, b and c", or "a, b, c, d and 9 more"."""
    return joined((one.scheme for one in schemes), MOST_NAMES)
