"""How the person wants to see the curves; the same on every screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Window = tuple[float, float]
"""The first and the last step that are seen."""

Metric = Literal["train_loss", "val_loss", "val_accuracy"]
Steps = Literal["auto", "first", "all", "last epoch"]
"""Which are shown; auto: all so far while a run is live, the first ones after it."""

METRICS: dict[Metric, str] = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
}
SMOOTHINGS = (0.0, 0.6, 0.9, 0.98)
"""Weights of the past that a key steps through."""

Key = tuple[str, str]
"""A contestant among all open runs: the run's ID and the scheme."""


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """How the curves are shown; the same on every screen."""

    metric: Metric = "train_loss"
    steps: Steps = "auto"
    zoom: Window | None = None
    """Steps shown instead of those that ``steps`` says."""
    log_y: bool | None = None
    """None: log where the curves span more than two decades."""
    smoothing: float = 0.0
    band: bool = True
    """Whether bars show the lowest and the highest of the seeds."""
    hidden: frozenset[Key] = frozenset()
    highlighted: Key | None = None
