"""The words for an experiment: above its report, and above its curves in the UI."""

from __future__ import annotations

from collections.abc import Sequence

from inittui.experiment.records import Experiment
from inittui.experiment.scheme import format_number
from inittui.experiment.sweeps import swept_settings
from inittui.text import sanitize

_LONGEST = 60
"""Characters of the values of one sweep."""


def model_words(experiment: Experiment) -> str:
    """Return the model's name with the options that were given: mlp (depth 8, activation tanh)."""
    model, swept = experiment.model, _swept(experiment)
    options = [
        f"{name} {swept.get(f'model.{name}') or _plain(value)}"
        for name in ("hidden", "depth", "width", "activation", "dropout", "batch_norm")
        if (value := getattr(model, name)) is not None or f"model.{name}" in swept
    ]
    shape = f" ({', '.join(options)})" if options else ""
    return f"{swept.get('model.name', model.name)}{shape}"


def training_words(experiment: Experiment, steps: int | None = None) -> tuple[str, str, str]:
    """Return epochs, with their steps where these are known, batch size, optimizer and its lr."""
    training, swept = experiment.training, _swept(experiment)
    epochs = f"{training.epochs} epoch{'s' if training.epochs > 1 else ''}"
    of_steps = "" if steps is None else f" of {steps} step{'s' if steps != 1 else ''}"
    optimizer = swept.get("training.optimizer", training.optimizer)
    lr = swept.get("training.lr")
    rate = f"lr {lr}" if lr else format_number(training.lr)
    return f"{epochs}{of_steps}", f"batch {training.batch_size}", f"{optimizer} {rate}"


def seeds_words(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if list(seeds) != list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{len(seeds)} seeds"
    return f"seeds {seeds[0]} to {seeds[-1]}"


def _swept(experiment: Experiment) -> dict[str, str]:
    return {path: sanitize(text, _LONGEST) for path, text in swept_settings(experiment).items()}


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return format_number(value) if isinstance(value, float) else str(value)
