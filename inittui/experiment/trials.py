"""The trials of an experiment: one scheme under one seed each, with what sweeps set for it."""

from __future__ import annotations

import msgspec

from inittui.experiment.scheme import format_value

MOST_TRIALS = 100_000
"""Trials of one run; more is a mistake."""

Setting = bool | int | float | str
"""A swept value; a list of sizes stands as text, 256,128."""


def format_setting(value: Setting) -> str:
    """Return the text of a swept value as people write it: 8, 0.001, tanh, true."""
    return str(value).lower() if isinstance(value, bool) else format_value(value)


class TrialPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One trial of the run: its number is its place in `RunStarted.trials`."""

    scheme: str
    seed: int
    swept: dict[str, Setting] = {}
    """What sweeps set for it: ``{"normal:std": 0.1, "model.depth": 8}``."""
    family: str = ""
    """The scheme with the swept values left open, ``normal:std=…``; empty where none is swept."""

    @property
    def settings(self) -> dict[str, Setting]:
        """Those of the swept values that are settings of the model or the training."""
        return {name: value for name, value in self.swept.items() if ":" not in name}

    @property
    def contestant(self) -> str:
        """What the trial is called: its scheme and the settings, ``rule depth=8``."""
        if not self.swept:
            return self.scheme
        settings = (
            f"{name.rpartition('.')[2]}={format_setting(value)}"
            for name, value in self.settings.items()
        )
        return " ".join([self.scheme, *settings])
