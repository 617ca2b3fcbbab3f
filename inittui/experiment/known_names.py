"""Names of an experiment that can be told to be wrong before torch is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from inittui.experiment.data_sets import describe
from inittui.experiment.models import check_model
from inittui.experiment.records import Experiment
from inittui.experiment.run_names import check_wanted_name
from inittui.experiment.settings import BY_PATH
from inittui.experiment.sweeps import plan_trials

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
