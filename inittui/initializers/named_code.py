"""What code an experiment names: told without importing any of it."""

from __future__ import annotations

from inittui.experiment.models import is_own
from inittui.experiment.records import Experiment
from inittui.experiment.sweeps import plan_trials
from inittui.initializers import own, parse_scheme


def own_initializers(experiment: Experiment) -> dict[str, None]:
    """Return the functions that the schemes of the trials name, in their order."""
    schemes = dict.fromkeys(plan.scheme for plan in plan_trials(experiment))
    return dict.fromkeys(ref for text in schemes for ref in own.references(parse_scheme(text)))


def own_models(experiment: Experiment) -> list[str]:
    """Return the models that the experiment and its sweeps name and that are code."""
    swept = {str(plan.settings.get("model.name", "")) for plan in plan_trials(experiment)}
    return sorted(name for name in {experiment.model.name, *swept} if is_own(name))


def named_code(experiment: Experiment) -> list[str]:
    """Return all code that an experiment names, models first; nothing is imported.

    Raises:
        UsageError: a scheme or a sweep of the experiment can't be read.
    """
    return [*own_models(experiment), *own_initializers(experiment)]
