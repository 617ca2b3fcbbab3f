"""The experiment that a command line or a form asks for, checked as far as torch isn't needed.

Nobody's code is imported: whoever runs the experiment does that, and asks first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from inittui.errors import UsageError
from inittui.experiment.records import Experiment
from inittui.experiment.settings import option_names, with_options, with_usual_schemes
from inittui.experiment.sweeps import plan_trials
from inittui.experiment.toml import load_experiment
from inittui.initializers import parse_scheme
from inittui.runs.listing import find_run
from inittui.text import sanitize


def experiment_file(config: str | None, root: Path) -> Path | None:
    """Return the file that ``--config`` names: its own name, or a run's ID or name, or "last".

    Raises:
        UsageError: there is neither such a file nor such a run.
        MachineError: ``root``, where the runs are, can't be read.
    """
    if config is None:
        return None
    file = Path(config)
    try:
        os.lstat(file)
    except ValueError:
        raise UsageError(f"--config: '{sanitize(config, 80)}' can't be a file's name") from None
    except OSError:  # it isn't there, or can't be
        is_meant = file.suffix == ".toml" or len(file.parts) != 1
    else:
        is_meant = True
    return file if is_meant else find_run(root, config).experiment_file


def experiment_of(
    given: Mapping[str, Any],
    file: Path | None,
    *,
    one: bool = False,
    usual: Experiment | None = None,
) -> Experiment:
    """Return the file's experiment with everything replaced that was ``given``, by its path.

    Layer rules and sweeps are added to those of the file. With ``one``, one's own model is only
    looked at as it was built where no scheme is named. ``usual`` is what is run unless something
    else is asked for.

    Raises:
        UsageError: the file, a setting or a scheme is wrong.
    """
    if file is None:
        base, given = usual or Experiment(), with_usual_schemes(given, one=one)
    else:
        base = _from_file(file)
    experiment = _known(with_options(base, given, from_file=file is not None))
    experiment.check(option_names(given))
    return experiment


def check_schemes(experiment: Experiment) -> None:
    """Check the scheme of every trial, also what layer rules and sweeps make of it.

    Raises:
        UsageError: one of them isn't there, or has other parameters.
    """
    trials = plan_trials(replace(experiment, seeds=experiment.seeds[:1]))
    for scheme in dict.fromkeys(trial.scheme for trial in trials):
        parse_scheme(scheme)


def _known(experiment: Experiment) -> Experiment:
    """Return an experiment with its schemes as the catalogue writes them.

    Raises:
        UsageError: one of them isn't there, or has other parameters.
    """
    return replace(
        experiment,
        schemes=tuple(str(parse_scheme(text)) for text in experiment.schemes),
        layers={key: str(parse_scheme(text)) for key, text in experiment.layers.items()},
    )


def _from_file(file: Path) -> Experiment:
    """Read an experiment's file; what can't be meant in it is told with its name.

    Raises:
        UsageError: it can't be read, or a setting or a scheme in it is wrong.
    """
    experiment = load_experiment(file)
    try:
        _known(experiment)
        experiment.check()
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    return experiment
