"""Names of an experiment that can be told to be wrong before torch is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from inittui.data.descriptions import describe
from inittui.experiment.models import check_model
from inittui.experiment.records import Experiment
from inittui.experiment.sweeps import plan_trials


def check_names(experiment: Experiment, *, on_noise: bool = False) -> None:
    """Check the names of models and data sets, also those that sweeps name.

    Raises:
        UsageError: there is no such model, or no such data set and it isn't ``on_noise``.
    """
    trials = plan_trials(experiment)
    for name in _named(experiment.model.name, [each.settings.get("model.name") for each in trials]):
        check_model(name)
    if not on_noise:
        sets = [each.settings.get("data.name") for each in trials]
        for name in _named(experiment.data.name, sets):
            describe(name)


def _named(name: str, swept: Sequence[object]) -> dict[str, None]:
    return dict.fromkeys([name, *(str(each) for each in swept if each is not None)])
