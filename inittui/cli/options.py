"""Experiment settings from a file and from the command line, which wins."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from inittui.errors import UsageError
from inittui.experiment.models import usual_schemes
from inittui.experiment.records import MOST_SEEDS, Experiment, ModelConfig, names_contestants
from inittui.experiment.toml import load_experiment
from inittui.text import sanitize

ModelArgument = str | int | float | bool
"""What an argument of somebody's own model can be."""

_PARTS = {
    "model": (
        "model", "hidden", "depth", "width", "activation", "dropout", "batch_norm", "arguments",
        "input",
    ),
    "data": ("data", "validation", "limit", "mean", "std", "split", "evaluate_on"),
    "training": (
        "epochs", "batch_size", "optimizer", "lr", "device", "dtype", "stack", "eval_every",
    ),
}  # fmt: skip
"""Options by the part of the experiment that they set."""

_FIELDS = {"model": "name", "data": "name"}
"""What options are called there, where it is something else."""


@dataclass(frozen=True)
class Contestants:
    """What a command line compares, as it was typed."""

    schemes: Sequence[str] = ()
    layers: Sequence[str] = ()
    """PATTERN=SCHEME each."""
    sweeps: Sequence[str] = ()


def build_experiment(
    config: Path | None,
    contestants: Contestants,
    sections: Mapping[str, Mapping[str, Any]],
    *,
    trust: bool = False,
    one: bool = False,
    **settings: Any,
) -> Experiment:
    """Return the file's experiment with everything replaced that was given (is not None).

    Layer rules and sweeps are added to those of the file. ``sections`` holds the settings of the
    experiment's parts, such as `model`. Own functions that were typed are imported; those that the
    file names only with ``trust``. With ``one``, one's own model is only looked at as it was built
    where no scheme is named.

    Raises:
        UsageError: the file or a setting is wrong, or code would have to be trusted.
    """
    from inittui.initializers import parse_scheme

    experiment = _read(config) if config else Experiment()
    layers = parse_layers(contestants.layers)
    changes: dict[str, Any] = _given(settings)
    if contestants.schemes:
        changes["schemes"] = tuple(contestants.schemes)
    elif config is None and names_contestants(layers, contestants.sweeps):
        changes["schemes"] = ()
    elif config is None and (model := sections.get("model", {}).get("name")):
        changes["schemes"] = usual_schemes(model, one=one)
    changes["layers"] = {k: v for k, v in experiment.layers.items() if k not in layers} | layers
    changes["sweeps"] = (*experiment.sweeps, *contestants.sweeps)
    for name, values in sections.items():
        part = getattr(experiment, name)
        changes[name] = msgspec.structs.replace(part, **_given(values))
    experiment = msgspec.structs.replace(experiment, **changes)
    experiment = msgspec.structs.replace(
        experiment, schemes=tuple(str(parse_scheme(text)) for text in experiment.schemes)
    )
    experiment.check()
    typed = Experiment(
        tuple(contestants.schemes) or ("rule",),
        layers,
        tuple(contestants.sweeps),
        model=ModelConfig(sections.get("model", {}).get("name") or "mlp"),
    )
    _load_code(experiment, typed, config, trust=trust)
    return experiment


def parse_layers(texts: Sequence[str]) -> dict[str, str]:
    """Read PATTERN=SCHEME texts; of one pattern the last counts, in its place.

    Raises:
        UsageError: a text is of another form, or its scheme can't be read.
    """
    from inittui.initializers import parse_scheme

    layers: dict[str, str] = {}
    for text in texts:
        pattern, equals, scheme = text.partition("=")
        if not (pattern and equals and scheme):
            shown = sanitize(text, 60)
            raise UsageError(f"--layer: '{shown}' is not of the form 'fc*=he_uniform/ones'")
        layers.pop(pattern, None)
        layers[pattern] = str(parse_scheme(scheme))
    return layers


def _load_code(
    experiment: Experiment, typed: Experiment, config: Path | None, *, trust: bool
) -> None:
    """Import the functions that the trials' schemes name; models are imported when built.

    What the person ``typed`` is allowed, what else there is comes from the file ``config``.
    """
    from inittui.initializers import own
    from inittui.trust import check_trust, own_initializers, own_models

    allowed = {*own_initializers(typed), *own_models(typed)}
    for reference in (*own_models(experiment), *own_initializers(experiment)):
        if reference not in allowed:
            check_trust(reference, config, trust=trust or config is None)
    for reference in own_initializers(experiment):
        own.load(reference)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def experiment_sections(
    *,
    hidden: str | None,
    input_shape: str | None,
    normalize: str | None,
    stack: str | None,
    model_args: Sequence[str] | None,
    **settings: Any,
) -> dict[str, dict[str, Any]]:
    """Sort options as the command line has them into the parts of an experiment.

    Raises:
        UsageError: a text can't be read.
    """
    mean, std = parse_normalize(normalize)
    given: dict[str, Any] = {
        **settings,
        "hidden": parse_sizes(hidden, "--hidden"),
        "input": parse_sizes(input_shape, "--input", "x"),
        "mean": mean,
        "std": std,
        "stack": parse_stack(stack),
        "arguments": parse_model_args(model_args),
    }
    return {
        part: {_FIELDS.get(option, option): given[option] for option in options}
        for part, options in _PARTS.items()
    }


def choose_seeds(count: int | None, first: int | None) -> tuple[int, ...] | None:
    """Return the seeds first…first+count-1 (0 and 1 where not given); None if neither is."""
    if count is None and first is None:
        return None
    if count is not None and not 1 <= count <= MOST_SEEDS:
        raise UsageError(f"--seeds must be from 1 to {MOST_SEEDS:,}, not {count}")
    begin = first or 0
    return tuple(range(begin, begin + (count or 1)))


def parse_sizes(text: str | None, option: str, separator: str = ",") -> tuple[int, ...] | None:
    """Read '256,128' (or '3x32x32') as whole numbers."""
    if text is None:
        return None
    parts = text.lower().split(separator)
    if not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        example = separator.join(("256", "128"))
        raise UsageError(f"{option}: '{sanitize(text, 60)}' is not of the form {example}")
    if any(len(part) > 9 for part in parts):
        raise UsageError(f"{option}: '{sanitize(text, 60)}' is too large")
    return tuple(int(part) for part in parts)


def parse_model_args(texts: Sequence[str] | None) -> dict[str, ModelArgument] | None:
    """Read KEY=VALUE texts: whole numbers, numbers, true and false; anything else is a word.

    Raises:
        UsageError: a text is of another form, or a key is given twice.
    """
    if not texts:
        return None
    arguments: dict[str, ModelArgument] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier() or keyword.iskeyword(key):
            raise UsageError(f"--model-arg: '{sanitize(text, 60)}' is not of the form depth=3")
        if key in arguments:
            raise UsageError(f"--model-arg: '{sanitize(key, 60)}' is given twice")
        arguments[key] = _model_argument(value)
    return arguments


def _model_argument(text: str) -> ModelArgument:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def parse_first(text: str) -> int | None:
    """Read the number of steps in the plot; 'all' is None."""
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= 10**9:
        raise UsageError(f"--first must be a number of steps or 'all', not '{sanitize(text, 40)}'")
    return int(text)


def parse_stack(text: str | None) -> str | int | None:
    """Read --stack: auto, off, or the most trials in one stack."""
    if text is None or text in ("auto", "off"):
        return text
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise UsageError(f"--stack must be auto, off or a number, not '{sanitize(text, 40)}'")
    return int(text)


def parse_normalize(text: str | None) -> tuple[float, float] | tuple[None, None]:
    """Read --normalize: the mean and the standard deviation of pixels."""
    if text is None:
        return None, None
    try:
        mean, std = map(float, text.split(","))
    except ValueError:
        raise UsageError(
            f"--normalize: '{sanitize(text, 60)}' is not of the form 0.2861,0.353"
        ) from None
    return mean, std


def _read(config: Path) -> Experiment:
    """Read an experiment's file; what can't be meant in it is told with its name.

    Raises:
        UsageError: it can't be read, or a setting or a scheme in it is wrong.
    """
    from inittui.initializers import parse_scheme

    experiment = load_experiment(config)
    try:
        for scheme in experiment.schemes:
            parse_scheme(scheme)
        experiment.check()
    except UsageError as error:
        raise UsageError(f"{config}: {error}") from None
    return experiment
