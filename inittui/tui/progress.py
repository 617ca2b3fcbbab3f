"""How far trials have come, and times as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inittui.results.state import TrialState


def share_done(trials: Sequence[TrialState], total_steps: int) -> float:
    """Return which share of their steps trials have taken; one that is over counts in full."""
    if not trials or not total_steps:
        return 0.0
    done = [
        min(t.steps / total_steps, 1.0)
        if t.status in ("running", "waiting", "interrupted")
        else 1.0
        for t in trials
    ]
    return math.fsum(done) / len(done)


def duration(seconds: float) -> str:
    """Return a time as people read it: 7 s, 3:05, 1:02:03."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def time_left(taken: float, share: float, before: float = 0.0) -> float:
    """Return about how many seconds are left after those taken; 0 while that can't be told.

    ``share`` is done, ``before`` of it when the seconds began.
    """
    done = share - before
    return max(taken, 0.0) * (1 - share) / done if done >= 0.01 else 0.0
