"""Runs as files for others, and the command that repeats a run."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from inittui.experiment.records import CLASSIC_SCHEMES, Experiment, InspectionConfig
from inittui.experiment.scheme import format_number
from inittui.runs import RunDirectory, load_settled


def export_run(run: RunDirectory, form: str, folder: Path) -> Path:
    """Write a run's document (json, csv) or report (svg, html) into a folder; return the file.

    Raises:
        MachineError: the run can't be read, or the file can't be written.
    """
    from inittui.views.export import export_run as export

    return export(run, load_settled(run)[0], form, folder, overwrite=True)


def repeat_command(experiment: Experiment, file: Path | None) -> str:
    """Return the shortest command line that runs an experiment again.

    What has no option of its own is taken from the run's file.
    """
    words = ["inittui", "compare"]
    spelled = _options(experiment)
    if spelled is None and file is not None:
        return shlex.join([*words, "--config", str(file)])
    if experiment.schemes != CLASSIC_SCHEMES:
        words += experiment.schemes
    return shlex.join([*words, *(spelled or [])])


_OPTIONS = {
    "model.name": "--model",
    "model.hidden": "--hidden",
    "model.activation": "--activation",
    "model.dropout": "--dropout",
    "model.depth": "--depth",
    "model.width": "--layer-width",
    "model.batch_norm": "--batch-norm",
    "data.name": "--data",
    "data.limit": "--limit",
    "data.validation": "--validation",
    "data.split": "--split",
    "data.evaluate_on": "--evaluate-on",
    "training.epochs": "--epochs",
    "training.batch_size": "--batch-size",
    "training.optimizer": "--optimizer",
    "training.lr": "--lr",
    "training.device": "--device",
    "training.dtype": "--dtype",
    "training.stack": "--stack",
    "training.eval_every": "--eval-every",
}
_INSPECTED = InspectionConfig(before=True, after=True)


def _options(experiment: Experiment) -> list[str] | None:
    """Return the options that differ from their defaults; None where one has no option."""
    default = Experiment()
    words: list[str] = []
    for section in ("model", "data", "training"):
        part = getattr(experiment, section)
        for field in msgspec.structs.fields(part):
            value = getattr(part, field.name)
            if value == getattr(getattr(default, section), field.name):
                continue
            option = _OPTIONS.get(f"{section}.{field.name}")
            if option is None:
                return None
            words += _spelled(option, value)
    count = len(experiment.seeds)
    first = experiment.seeds[0] if experiment.seeds else 0
    has_options = (
        experiment.seeds == tuple(range(first, first + count))
        and not experiment.layers
        and not experiment.sweeps
        and experiment.inspection in (default.inspection, _INSPECTED)
    )
    if not has_options:
        return None
    words += ["--seeds", str(count)] if count > 1 else []
    words += ["--seed", str(first)] if first else []
    words += ["--inspect"] if experiment.inspection == _INSPECTED else []
    return [*words, *(["--name", experiment.name] if experiment.name else [])]


def _spelled(option: str, value: object) -> list[str]:
    match value:
        case True:
            return [option]
        case False:
            return [option.replace("--", "--no-")]
        case tuple():
            return [option, ",".join(map(str, value))]
        case float():
            return [option, format_number(value)]
        case _:
            return [option, str(value)]
