"""What of an experiment can be told to be wrong before torch is loaded: names, models' options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from inittui.experiment.data_sets import describe
from inittui.experiment.models import MODELS, check_model
from inittui.experiment.records import Experiment
from inittui.experiment.run_names import check_wanted_name
from inittui.experiment.settings import BY_PATH
from inittui.experiment.sweeps import plan_trials, with_settings

MODEL, DATA, NAME = "model.name", "data.name", "name"

_CHECKS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {MODEL: check_model, DATA: describe, NAME: check_wanted_name}
)


def check_name(path: str, value: Any) -> None:
    """Check the value of a setting, by its path, where that is a name.

    Raises:
        UsageError: there is no such model or data set, or no run can have the name.
    """
    if path in _CHECKS:
        _CHECKS[path](value)


def check_names(experiment: Experiment, *, on_noise: bool = False) -> None:
    """Check the names of models and data sets, also those that sweeps name, and the run's own.

    Raises:
        UsageError: there is no such model, or no such data set and it isn't ``on_noise``; or no
            run can have the name.
    """
    trials = plan_trials(experiment)
    for path in (MODEL,) if on_noise else (MODEL, DATA):
        swept = [each.settings.get(path) for each in trials]
        named = [BY_PATH[path].of(experiment), *(str(each) for each in swept if each is not None)]
        for name in dict.fromkeys(named):
            check_name(path, name)
    check_name(NAME, experiment.name)


def check_options(experiment: Experiment) -> None:
    """Check the options of one of our models, also those that are swept.

    Raises:
        UsageError: the model takes no such option, or not both of two.
    """
    choices = {
        tuple((path, value) for path, value in trial.settings.items() if path.startswith("model."))
        for trial in plan_trials(experiment)
    }
    for choice in sorted(choices, key=str):
        model = with_settings(experiment, dict(choice)).model
        if model.name in MODELS:
            MODELS[model.name].settings(model)
