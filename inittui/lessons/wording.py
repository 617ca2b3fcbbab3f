"""How answers put words together: lists, and remarks behind them."""

from __future__ import annotations

from collections.abc import Iterable


def with_remark(text: str, remark: str) -> str:
    """Return both as one paragraph; the text alone where there is no remark."""
    return f"{text} {remark}" if remark else text


def joined(names: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    known = list(names)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
