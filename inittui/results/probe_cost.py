"""What the probes of a run cost beside its training."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from inittui.results.trial_state import TrialState

MOST_SHARE = 0.03
"""Of the training, from which on probes are worth making cheaper."""


@dataclass(frozen=True, slots=True)
class ProbeCost:
    """Seconds of the probes so far, and of training and validation so far."""

    seconds: float
    training: float

    @property
    def share(self) -> float:
        return self.seconds / self.training

    @property
    def is_high(self) -> bool:
        return self.share > MOST_SHARE


def probe_cost(trials: Iterable[TrialState]) -> ProbeCost | None:
    """Return what was measured; None where nothing was trained, or an older log doesn't say."""
    trials = list(trials)
    took = [event.seconds for trial in trials for event in trial.probes]
    known = [seconds for seconds in took if seconds is not None and 0 <= seconds < math.inf]
    training = math.fsum(trial.seconds for trial in trials)
    if not took or len(known) < len(took) or not 0 < training < math.inf:
        return None
    return ProbeCost(math.fsum(known), training)
