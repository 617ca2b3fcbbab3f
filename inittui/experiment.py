"""The experiment: everything that is needed to repeat a run, in one TOML file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomli_w

from inittui.errors import UsageError, nearest
from inittui.text import sanitize

Activation = Literal[
    "relu", "tanh", "sigmoid", "identity", "gelu", "silu", "elu", "selu", "leaky_relu", "softplus"
]
ACTIVATIONS: tuple[str, ...] = Activation.__args__  # type: ignore[attr-defined]
Optimizer = Literal["adam", "adamw", "sgd", "rmsprop"]
OPTIMIZERS: tuple[str, ...] = Optimizer.__args__  # type: ignore[attr-defined]

CLASSIC_SCHEMES = ("zeros", "ones", "uniform", "centered", "rule", "normal", "default")
"""The classic comparison: what `inittui compare` runs when nothing is named."""

MAXIMUM_FILE_BYTES = 1_000_000
"""An experiment file larger than this is a mistake or an attack."""

_LARGEST = 10_000_000
"""No count in an experiment (epochs, steps, units, seeds) is sensibly larger."""


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model, and its options; None means the model's own default."""

    name: str = "mlp"
    hidden: tuple[int, ...] | None = None
    """Units of each hidden layer."""
    activation: str | None = None
    """The nonlinearity after each hidden layer, one of `ACTIVATIONS`."""
    dropout: float | None = None
    """Probability of dropping a unit, 0 for none."""
    depth: int | None = None
    """Number of hidden layers, for models that take one."""
    width: int | None = None
    """Units of every hidden layer, for models that take one."""
    batch_norm: bool | None = None
    """Batch normalisation after each hidden layer, before its nonlinearity."""
    arguments: dict[str, str | int | float | bool] = {}
    """Keyword arguments for one's own model factory."""
    input: tuple[int, ...] | None = None
    """Shape of one input, for one's own models: (channels, height, width)."""


class DataConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which images, and how they are split by seed."""

    name: str = "fashion-mnist"
    validation: float = 0.2
    """Part kept for validation: a share below 1, or a number of images."""
    limit: int | None = None
    """Use this many training images, drawn by seed before the split; None: all."""


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How every trial is trained, and on what."""

    epochs: int = 2
    batch_size: int = 100
    optimizer: Optimizer = "adam"
    lr: float = 1e-3
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    dtype: Literal["float32", "float64"] = "float32"
    stack: Literal["auto", "off"] | int = "auto"
    """How many trials train as one computation: as many as fit, one by one, or at most N."""


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Model + data + training + schemes + seeds. `check` says whether the numbers make sense."""

    schemes: tuple[str, ...] = CLASSIC_SCHEMES
    """Schemes in the grammar of `inittui.scheme`."""
    seeds: tuple[int, ...] = (0,)
    name: str = ""
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()

    def check(self) -> None:
        """Raise `UsageError` for the first setting that can't be meant."""
        _check_counts(self)
        _check_shares(self)
        if not self.schemes:
            raise UsageError("an experiment needs at least one scheme")
        for what, values in (("scheme", self.schemes), ("seed", self.seeds)):
            for position, value in enumerate(values):
                if value in values[:position]:
                    raise UsageError(f"{what} '{value}' is given twice")


def _check_counts(experiment: Experiment) -> None:
    model, data, training = experiment.model, experiment.data, experiment.training
    counts: list[tuple[str, int | None]] = [
        ("epochs", training.epochs),
        ("batch size", training.batch_size),
        ("limit", data.limit),
        ("depth", model.depth),
        ("width", model.width),
        *(("hidden layer size", size) for size in model.hidden or ()),
        *(("input size", size) for size in model.input or ()),
    ]
    if not isinstance(training.stack, str):
        counts.append(("stack", training.stack))
    for name, count in counts:
        if count is not None and not 1 <= count <= _LARGEST:
            raise UsageError(f"{name} must be from 1 to {_LARGEST:,}, not {count}")
    if not experiment.seeds:
        raise UsageError("an experiment needs at least one seed")
    for seed in experiment.seeds:
        if not 0 <= seed < 2**63:
            raise UsageError(f"a seed must be from 0 to 2^63 - 1, not {seed}")


def _check_shares(experiment: Experiment) -> None:
    model, data, training = experiment.model, experiment.data, experiment.training
    if model.dropout is not None and not 0 <= model.dropout < 1:
        raise UsageError(f"dropout must be at least 0 and below 1, not {model.dropout:g}")
    if not 0 < training.lr < float("inf"):
        raise UsageError(f"the learning rate must be above 0, not {training.lr:g}")
    share = data.validation
    if not 0 < share < float("inf") or (share >= 1 and share != int(share)):
        raise UsageError(
            f"validation must be a share between 0 and 1 or a number of images, not {share:g}"
        )
    if model.activation is not None and model.activation not in ACTIVATIONS:
        hint = nearest(model.activation, ACTIVATIONS) or f"; choose from {', '.join(ACTIVATIONS)}"
        raise UsageError(f"there is no activation '{sanitize(model.activation, 40)}'{hint}")


def to_toml(experiment: Experiment) -> str:
    """Return the experiment as TOML; `from_toml` gives back an equal one."""
    return tomli_w.dumps(_without_none(msgspec.to_builtins(experiment)))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is unset: TOML has no null."""
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def from_toml(text: str, source: str = "experiment.toml") -> Experiment:
    """Read an experiment.

    Raises:
        UsageError: names ``source``, the line where it can be told, and the key.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source}: not valid TOML: {sanitize(str(error), 200)}") from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{source}: can't be read: {sanitize(str(error), 200)}") from None
    try:
        experiment = msgspec.convert(document, Experiment)
    except msgspec.ValidationError as error:
        raise UsageError(_explain(text, source, str(error))) from None
    except RecursionError:
        raise UsageError(f"{source}: nested too deeply") from None
    return experiment


def load_experiment(path: Path) -> Experiment:
    """Read an experiment from a TOML file of at most `MAXIMUM_FILE_BYTES`."""
    try:
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            raise UsageError(f"{path}: larger than {MAXIMUM_FILE_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text") from None
    return from_toml(text, str(path))


def _explain(text: str, source: str, message: str) -> str:
    """Turn msgspec's message into one with a line number and the nearest valid key."""
    path = re.search(r"at `\$\.?([^`]*)`", message)
    sections = [re.sub(r"\[.*", "", part) for part in path.group(1).split(".")] if path else []
    field = re.search(r"unknown field `(.*?)`", message, re.DOTALL)
    key = field.group(1) if field else (sections[-1] if sections else "")
    table = sections if field else sections[:-1]
    line = _line_of(text, [part for part in table if part], key)
    where = f"{source}, line {line}" if line else source
    if field:
        return f"{where}: unknown key '{sanitize(key, 60)}'{nearest(key, _keys(table))}"
    what = re.sub(r" - at `.*", "", message)
    return f"{where}: '{sanitize(key, 60)}': {sanitize(what, 200)}" if key else f"{where}: {what}"


def _keys(table: list[str]) -> tuple[str, ...]:
    parts: dict[str, type[Any]] = {
        "model": ModelConfig,
        "data": DataConfig,
        "training": TrainingConfig,
    }
    struct = parts.get(table[-1] if table else "", Experiment)
    return tuple(field.name for field in msgspec.structs.fields(struct))


def _line_of(text: str, table: list[str], key: str) -> int | None:
    """Find the 1-based line on which ``key`` of ``table`` is set."""
    current: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            current = [part.strip(" \"'") for part in header.group(1).split(".")]
            if [*current] == [*table, key]:
                return number
            continue
        name = re.match(r"\s*([\w\"'.-]+)\s*=", line)
        if name and [*current, *(p.strip("\"'") for p in name.group(1).split("."))] in (
            [*table, key],
            table,
        ):
            return number
    return None
