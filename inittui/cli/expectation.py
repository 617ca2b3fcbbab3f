"""What a person is told before a long run: how much it is, and about how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inittui.training.prepared import Prepared


def expectation(prepared: Prepared) -> str:
    """Return the number of trials and the time that they will take; a few steps are timed."""
    from inittui.training.estimate import estimate_seconds

    count = len(prepared.trials)
    return f"{count:,} trials, {about(estimate_seconds(prepared))} of training"


def about(seconds: float) -> str:
    """Return an estimated time as people say it: about 40 s, about 3 min, about 2.5 h."""
    if seconds < 1:
        return "less than a second"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5_400 else f"about {seconds / 3600:.1f} h"
