"""How answers put words together: lists, and remarks behind them."""

from __future__ import annotations

from inittui.results.state import RunState
from inittui.results.summary import first_steps


def with_remark(text: str, remark: str) -> str:
    """Return both as one paragraph; the text alone where there is no remark."""
    return f"{text} {remark}" if remark else text


LISTED = 12
"""Parameters or values that are named in one sentence."""


def first_batches(state: RunState) -> str:
    """Return what a run's first loss is called, by the batches that it has."""
    steps = first_steps(state)
    return "loss of the first batch" if steps == 1 else f"mean loss of the first {steps} batches"
