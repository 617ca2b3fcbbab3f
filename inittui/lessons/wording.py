"""How answers put words together: lists, and remarks behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inittui.results.state import RunState
from inittui.results.summary import first_steps


def with_remark(text: str, remark: str) -> str:
    """Return both as one paragraph; the text alone where there is no remark."""
    return f"{text} {remark}" if remark else text


LISTED = 12
"""Parameters or values that are named in one sentence."""


def first_ones(names: Sequence[str]) -> str:
    """Return "a, b, c" of names; of more than `LISTED` how many more there are."""
    more = len(names) - LISTED
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {more} more" if more > 0 else shown


def first_batches(state: RunState) -> str:
    """Return what a run's first loss is called, by the batches that it has."""
    steps = first_steps(state)
    return "loss of the first batch" if steps == 1 else f"mean loss of the first {steps} batches"


def joined(names: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
